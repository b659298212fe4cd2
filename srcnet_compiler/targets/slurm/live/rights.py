"""What a login may do on a cluster, found out without changing anything."""

from collections.abc import Iterator

from srcnet_compiler.targets.protocol import Right
from srcnet_compiler.targets.slurm.live.asking import must
from srcnet_compiler.targets.slurm.live.controller import Controller
from srcnet_compiler.targets.slurm.live.files import kind_of

_LEVELS = ("none", "operator", "administrator")
_NAMESPACES = (
    'test "$(id -u)" = 0 || user="--user --map-root-user";'
    " unshare $user --net --uts --mount --pid --fork true"
)


def rights(controller: Controller, manages: tuple[str, ...]) -> Iterator[Right]:
    """Whether the login may do what the site lets us manage: of accounting, reservations and
    partitions. Raises UnreachableError, RefusedError."""
    runner, bounds = controller.runner, controller.bounds
    user = must(runner, bounds, ["id", "-un"]).out.strip()
    level = _level(controller, user)
    if "accounting" in manages:
        may = level >= _NEEDED["accounting"]
        yield _slurm_right("change QOS, accounts and their limits", may, user, "accounting")
    if "reservations" in manages:
        may = level >= _NEEDED["reservations"]
        yield _slurm_right("keep nodes for windows", may, user, "reservations")
    if "partitions" in manages:
        may = level >= _NEEDED["partitions"]
        yield _slurm_right("have slurmctld read its files again", may, user, "partitions")
        yield from _fragment(controller, user)


_NEEDED = {"accounting": 2, "reservations": 1, "partitions": 2}


def _slurm_right(what: str, may: bool, user: str, kind: str) -> Right:
    word = ("", "operator", "admin")[_NEEDED[kind]]
    why = f"`sacctmgr modify user where name={user} set adminlevel={word}`"
    return Right(what, may, "" if may else why)


def _level(controller: Controller, user: str) -> int:
    """0: nothing, 1: an operator, 2: an administrator, as root and SlurmUser are."""
    runner, bounds = controller.runner, controller.bounds
    if must(runner, bounds, ["id", "-u"]).out.strip() == "0":
        return 2
    show = ["sacctmgr", "-nP", "show", "user", user, "format=AdminLevel"]
    said = must(runner, bounds, show).out.strip().lower()
    return _LEVELS.index(said) if said in _LEVELS else 0


def _fragment(controller: Controller, user: str) -> Iterator[Right]:
    runner, path = controller.runner, controller.files.fragment
    kind = kind_of(runner, path)
    what = f"write {path}"
    if kind != "file":
        yield Right(what, False, f"it is no plain file: {kind}")
    else:
        folder = str(path.parent)
        script = ["sh", "-c", 'test -w "$1" && test -w "$2"', "srcnet", folder, str(path)]
        may = runner.run(script).code == 0
        yield Right(what, may, "" if may else f"`chown {user} {folder} {path}`")
    ran = runner.run(["sh", "-c", f"{_NAMESPACES} && command -v slurmctld"])
    why = "" if ran.code == 0 else ran.err.strip()[-200:] or "there is no slurmctld on this host"
    yield Right("try a candidate on a copy of the configuration", ran.code == 0, why)
