-- What a collection is called.
SELECT id, concat(scope, ':', name) AS collection FROM collections WHERE id IN ({ids})
