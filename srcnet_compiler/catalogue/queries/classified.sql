-- Each collection with its policy and phase; null: no policy is about it.
SELECT c.id, c.scope, c.name, c.created, c.files, c.bytes, s.policy, p.phase
FROM collections c
LEFT JOIN selectors s
  ON s.namespace = c.scope
  AND (s.product IS NULL OR s.product = c.product)
  AND (s.telescope IS NULL OR s.telescope = c.telescope)
  AND (s.campaign IS NULL OR s.campaign = c.campaign)
LEFT JOIN phases p
  ON p.policy = s.policy AND c.created > p.after AND c.created <= p.until
