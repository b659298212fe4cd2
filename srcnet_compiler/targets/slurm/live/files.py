"""The one file of a site that we write, wherever it is: read whole, replaced in one step."""

from hashlib import sha256
from pathlib import PurePosixPath

from srcnet_compiler.targets.slurm.live.runner import Runner

_KIND = (
    'if [ -L "$1" ]; then echo link; elif [ -f "$1" ]; then echo file;'
    ' elif [ -e "$1" ]; then echo other; else echo nothing; fi'
)
_REPLACE = r"""
path=$1; expected=$2; size=$3
folder=$(dirname -- "$path")
[ ! -L "$path" ] && [ -f "$path" ] || { echo "it is no plain file" >&2; exit 95; }
found=$(sha256sum <"$path") || exit 95
[ "${found%% *}" = "$expected" ] || { echo "somebody has written to it meanwhile" >&2; exit 96; }
new="$folder/.$(basename -- "$path").srcnet"
rm -f -- "$new" || exit 95
trap 'rm -f -- "$new"' EXIT
trap 'exit 91' HUP INT TERM PIPE
umask 077; set -C
cat >"$new" || exit 95
[ "$(wc -c <"$new")" -eq "$size" ] || { echo "not all of it came" >&2; exit 97; }
chown --reference="$path" -- "$new" && chmod --reference="$path" -- "$new" || exit 95
sync -- "$new" && mv -T -- "$new" "$path" && sync -- "$folder"
"""
"""The name begins with a point, so that no `Include *.conf` means the new file meanwhile."""
_CHANGED = 96


class ChangedError(Exception):
    """Somebody else has written to the file since it was read."""


def kind_of(runner: Runner, path: PurePosixPath) -> str:
    """What stands at a path: file, link, other or nothing."""
    return runner.run(["sh", "-c", _KIND, "srcnet", str(path)]).out.strip()


def read_text(runner: Runner, path: PurePosixPath) -> str:
    """Raises OSError where it cannot be read."""
    ran = runner.run(["cat", "--", str(path)])
    if ran.code:
        raise OSError(ran.err.strip()[-300:])
    return ran.out


def replace_text(runner: Runner, path: PurePosixPath, before: str, after: str) -> None:
    """Put `after` in the place of `before`; owner and rights stay. Cut off anywhere, the file is
    one of both.

    Raises ChangedError where it is not `before` any more, OSError where it cannot be done.
    """
    expected, size = sha256(before.encode()).hexdigest(), str(len(after.encode()))
    ran = runner.run(["sh", "-c", _REPLACE, "srcnet", str(path), expected, size], after)
    if ran.code == _CHANGED:
        raise ChangedError(f"somebody has written to {path} meanwhile")
    if ran.code:
        raise OSError(f"{path} cannot be replaced: {ran.err.strip()[-300:] or ran.code}")
