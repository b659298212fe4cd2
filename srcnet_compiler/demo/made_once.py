"""What is made once and kept: by one process, while others that want it wait."""

import fcntl
from collections.abc import Callable
from pathlib import Path


def made_once(
    path: Path, is_complete: Callable[[Path], bool], make: Callable[[Path], None]
) -> Path:
    """The absolute `path`, at which something is complete; made where it is not."""
    path = path.absolute()
    if is_complete(path):
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(path.name + ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_complete(path):
            make(path)
    return path


def is_made_from(folder: Path, marker: str, text: str) -> bool:
    """Whether a folder was made to its end from what `text` says: it is written there last."""
    try:
        return (folder / marker).read_text(encoding="utf-8") == text
    except OSError:
        return False
