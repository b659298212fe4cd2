-- What is on each RSE; area, site and tier are null where no spec describes it.
SELECT
  k.rse,
  a.area,
  a.site,
  a.tier,
  count(*) AS collections,
  sum(CAST(k.files AS DECIMAL(38, 0))) AS files,
  sum(CAST(k.bytes AS DECIMAL(38, 0))) AS bytes,
  sum(CASE WHEN k.locked THEN 1 ELSE 0 END) AS locked
FROM copies k
LEFT JOIN areas a ON a.rse = k.rse
GROUP BY k.rse, a.area, a.site, a.tier
ORDER BY k.rse
