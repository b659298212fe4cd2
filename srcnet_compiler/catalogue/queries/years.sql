-- When collections were made, by policy and year.
SELECT
  c.policy,
  extract(YEAR FROM c.created) AS year,
  count(*) AS collections,
  sum(CAST(c.files AS DECIMAL(38, 0))) AS files,
  sum(CAST(c.bytes AS DECIMAL(38, 0))) AS bytes
FROM classified c
GROUP BY c.policy, extract(YEAR FROM c.created)
ORDER BY c.policy NULLS LAST, year
