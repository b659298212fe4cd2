"""A folder for a server account that may not be able to reach its caller's: ours while we live."""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from srcnet_compiler.demo.processes import ServerError


@dataclass(frozen=True, slots=True)
class Outside:
    """A folder that the owner can reach, and our lock on it, which ends with us."""

    folder: Path
    lock: int

    @classmethod
    def make(cls, prefix: str, *, owner: pwd.struct_passwd, mode: int = 0o700) -> Outside:
        """Make one, and remove those whose makers were killed before they could."""
        parent = _reachable_by_all()
        for left in parent.glob(f"{prefix}*/lock"):
            if left.parent.stat().st_uid == owner.pw_uid and (lock := _lock(left)) is not None:
                cls(left.parent, lock).remove()
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        folder.chmod(mode)
        lock = _lock(folder / "taking")
        if lock is None:
            raise ServerError(f"{folder} was taken by another process")
        (folder / "taking").rename(folder / "lock")  # others see it when we hold it
        return cls(folder, lock)

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self.lock)


def _lock(path: Path) -> int | None:
    """A descriptor that holds the lock on the file; None when another process holds it."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _reachable_by_all() -> Path:
    for folder in (Path("/var/tmp"), Path("/tmp")):
        if folder.is_dir() and folder.stat().st_mode & 0o1007 == 0o1007:
            return folder
    raise ServerError("neither /var/tmp nor /tmp is a folder that every account can write")
