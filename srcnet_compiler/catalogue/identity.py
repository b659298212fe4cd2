"""Which snapshot something rests on: a digest of all that is in it."""

from hashlib import sha256

from srcnet_compiler.catalogue.model import FACTS, TABLES, Snapshot

_PART = 1 << 20


def digest_of(snapshot: Snapshot) -> str:
    """The same for the same files alone; it reads all of them."""
    found = sha256()
    for path in (snapshot.folder / FACTS, *map(snapshot.file, TABLES)):
        found.update(f"{path.name} {path.stat().st_size}\n".encode())
        with path.open("rb") as file:
            while part := file.read(_PART):
                found.update(part)
    return f"sha256:{found.hexdigest()}"
