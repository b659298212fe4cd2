-- Where each collection is whole and stays, as a set of areas: four words of bits.
SELECT
  k.collection,
  bit_or(CASE WHEN a.word = 0 THEN a.bit ELSE 0 END) AS w0,
  bit_or(CASE WHEN a.word = 1 THEN a.bit ELSE 0 END) AS w1,
  bit_or(CASE WHEN a.word = 2 THEN a.bit ELSE 0 END) AS w2,
  bit_or(CASE WHEN a.word = 3 THEN a.bit ELSE 0 END) AS w3
FROM copies k
JOIN areas a ON a.rse = k.rse
WHERE k.locked
GROUP BY k.collection
