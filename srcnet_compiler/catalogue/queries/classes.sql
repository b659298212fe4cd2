-- Collections that are alike: of one policy, in one phase, at the same areas.
SELECT
  c.policy,
  c.phase,
  coalesce(v.w0, 0) AS w0,
  coalesce(v.w1, 0) AS w1,
  coalesce(v.w2, 0) AS w2,
  coalesce(v.w3, 0) AS w3,
  count(*) AS collections,
  sum(CAST(c.files AS DECIMAL(38, 0))) AS files,
  sum(CAST(c.bytes AS DECIMAL(38, 0))) AS bytes,
  min(c.id) AS example
FROM classified c
LEFT JOIN valid v ON v.collection = c.id
GROUP BY c.policy, c.phase, v.w0, v.w1, v.w2, v.w3
ORDER BY bytes DESC, collections DESC, example
