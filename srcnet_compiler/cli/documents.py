"""What spec files say, as an earlier run has read them: who reads two revisions reads most once.

`load_contents(contents, documents.shape)` asks it instead of reading text; `save` keeps what was
read for the next run.
"""

import marshal
import pickle
from hashlib import blake2b

from srcnet_compiler.cli.cache import Cache
from srcnet_compiler.pipeline import Shaped, shaped

_NAME = "documents"
_MOST = 64_000_000
"""Bytes of all that is kept; beyond it only what this run has asked for is."""


class Documents:
    """What files say, by their names and contents."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._kept: dict[bytes, bytes] = _unpacked(cache.read(_NAME))
        self._used: dict[bytes, bytes] = {}

    def shape(self, name: str, content: bytes) -> Shaped:
        """What `pipeline.shaped` says of them."""
        key = blake2b(b"\0".join((name.encode(errors="surrogateescape"), content))).digest()
        packed = self._used.get(key) or self._kept.get(key)
        if packed is not None:
            self._used[key] = packed
            found: Shaped = pickle.loads(packed)
            return found
        found = shaped(name, content)
        self._used[key] = pickle.dumps(found, pickle.HIGHEST_PROTOCOL)
        return found

    def save(self) -> None:
        """Keep what was asked for, and what was kept before as far as there is room."""
        if self._used.keys() <= self._kept.keys():
            return
        room = _MOST - sum(map(len, self._used.values()))
        kept = dict(self._used)
        for key, packed in self._kept.items():
            if key not in kept and (room := room - len(packed)) > 0:
                kept[key] = packed
        self._cache.write(_NAME, marshal.dumps(kept))


def _unpacked(content: bytes | None) -> dict[bytes, bytes]:
    if content is None:
        return {}
    found: dict[bytes, bytes] = marshal.loads(content)
    return found
