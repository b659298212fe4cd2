"""What earlier runs have found, kept so that it need not be found again. Nothing depends on it.

It lies in `.srcnet/cache` below the specs, where a pull request can bring files as well. So what is
kept is sealed with a key that only the user has, outside of any checkout: what has another seal,
another version of the compiler, or is broken, is not there.
"""

import os
import stat
import sys
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from hmac import compare_digest
from pathlib import Path

from srcnet_compiler import __version__, resources

FOLDER = ".srcnet/cache"
_SEAL = 32
_LARGEST = 128_000_000
"""Bytes of one thing that is kept."""
_BEGINNING = "kept-"
_LONG = 3600
"""Seconds after which nobody is writing a file any more."""


class Cache:
    """What is kept of the specs below `root`; each thing has a name, and is replaced as a whole.

    Two runs may use it at once: each sees the whole of what one of them wrote.
    """

    def __init__(self, root: Path) -> None:
        self._root, self._folder = root, root / FOLDER

    @property
    def is_used(self) -> bool:
        """Whether an earlier run has kept anything: the first one is not to pay for a second."""
        return self._folder.is_dir()

    def read(self, name: str) -> bytes | None:
        """What is kept under this name; None where nothing is that can be trusted."""
        try:
            data = _private_bytes(self._folder / name, _LARGEST + _SEAL)
            key = _key(make=False)
        except (OSError, RuntimeError):
            return None
        if data is None or key is None:
            return None
        content = data[_SEAL:]
        return content if compare_digest(data[:_SEAL], _seal(key, name, content)) else None

    def write(self, name: str, content: bytes) -> None:
        """Keep this under the name, where that is possible; where not, nobody needs to know."""
        if len(content) > _LARGEST:
            return
        with suppress(OSError, RuntimeError):
            key = _key(make=True)
            is_led_away = self._folder.resolve() != self._root.resolve() / FOLDER
            if key is None or is_led_away:
                return
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            ignored = self._folder / ".gitignore"
            if not ignored.exists():
                ignored.write_text("*\n", "utf-8")
            _replace(self._folder / name, _seal(key, name, content) + content)


def _replace(path: Path, content: bytes) -> None:
    from tempfile import mkstemp

    descriptor, partial = mkstemp(prefix=_BEGINNING, dir=path.parent)  # nobody else may read it
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - it is open already
            file.write(content)
        Path(partial).replace(path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
    written = path.stat().st_mtime
    for left in path.parent.glob(f"{_BEGINNING}*"):  # by a run that was killed
        if left.stat().st_mtime < written - _LONG:
            left.unlink(missing_ok=True)


def _private_bytes(path: Path, most: int) -> bytes | None:
    """The content of a file of ours that nobody else may write or read."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - it is open already
        found = os.fstat(descriptor)
        is_ours = found.st_uid == os.geteuid() and not found.st_mode & 0o077
        if not (stat.S_ISREG(found.st_mode) and is_ours and found.st_size <= most):
            return None
        return file.read(most)


def _key(*, make: bool) -> bytes | None:
    """The user's key, made where there is none; None where there is none that can be trusted."""
    home = os.environ.get("XDG_CACHE_HOME")
    path = (Path(home) if home else Path.home() / ".cache") / "srcnet/key"
    try:
        return _trusted(path)
    except FileNotFoundError:
        if not make:
            return None
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _replace(path, os.urandom(_SEAL))
    return _trusted(path)


def _trusted(path: Path) -> bytes | None:
    key = _private_bytes(path, _SEAL)
    return key if key is not None and len(key) == _SEAL else None


def _seal(key: bytes, name: str, content: bytes) -> bytes:
    """What only this compiler of this user can have said under this name."""
    hasher = blake2b(key=key, digest_size=_SEAL)
    for part in (name.encode(), _compiler(), content):
        hasher.update(len(part).to_bytes(8, "big"))
        hasher.update(part)
    return hasher.digest()


@cache
def _compiler() -> bytes:
    """This very compiler: its version, its files as they stand, and what is installed beside it."""
    hasher = blake2b(f"{__version__} {sys.version}".encode())
    folders = [str(Path(__file__).parent.parent), str(resources.folder("templates"))]
    for folder in folders:
        for where, below, files in os.walk(folder):
            below[:] = sorted(each for each in below if each != "__pycache__")
            for name in sorted(files):
                found = os.stat(f"{where}/{name}")  # noqa: PTH116 - hundreds, at each start
                hasher.update(f"{where}/{name} {found.st_size} {found.st_mtime_ns}\n".encode())
    for folder in sys.path:
        if folder.endswith(("site-packages", "dist-packages")) and Path(folder).is_dir():
            hasher.update(f"{folder} {Path(folder).stat().st_mtime_ns}\n".encode())
    return hasher.digest()
