-- Collections that are alike by two federations: of the same policies, in the same phases and draws,
-- whole at the same areas.
WITH paired AS (
  SELECT
    c.id, c.files, c.bytes, c.name, c.created,
    o.policy AS base_policy,
    n.policy AS policy
  FROM collections c
  LEFT JOIN selectors_base o
    ON o.namespace = c.scope
    AND (o.product IS NULL OR o.product = c.product)
    AND (o.telescope IS NULL OR o.telescope = c.telescope)
    AND (o.campaign IS NULL OR o.campaign = c.campaign)
  LEFT JOIN selectors n
    ON n.namespace = c.scope
    AND (n.product IS NULL OR n.product = c.product)
    AND (n.telescope IS NULL OR n.telescope = c.telescope)
    AND (n.campaign IS NULL OR n.campaign = c.campaign)
)
SELECT
  c.base_policy,
  f.phase AS base_phase,
  d.draw AS base_draw,
  c.policy,
  p.phase,
  e.draw,
  coalesce(v.w0, 0) AS w0,
  coalesce(v.w1, 0) AS w1,
  coalesce(v.w2, 0) AS w2,
  coalesce(v.w3, 0) AS w3,
  count(*) AS collections,
  sum(CAST(c.files AS DECIMAL(38, 0))) AS files,
  sum(CAST(c.bytes AS DECIMAL(38, 0))) AS bytes
FROM paired c
LEFT JOIN phases_base f
  ON f.policy = c.base_policy AND c.created > f.after AND c.created <= f.until
LEFT JOIN phases p
  ON p.policy = c.policy AND c.created > p.after AND c.created <= p.until
LEFT JOIN draws_base d
  ON d.policy = c.base_policy AND d.phase = f.phase AND d.digits = right(c.name, 2)
LEFT JOIN draws e
  ON e.policy = c.policy AND e.phase = p.phase AND e.digits = right(c.name, 2)
LEFT JOIN valid v ON v.collection = c.id
GROUP BY
  c.base_policy, f.phase, d.draw, c.policy, p.phase, e.draw, v.w0, v.w1, v.w2, v.w3
ORDER BY bytes DESC, collections DESC, c.policy, p.phase, e.draw, w0, w1, w2, w3
