"""What a forge would object to, and what stands where our files belong."""

import re
from collections.abc import Iterator, Mapping

from srcnet_compiler.change import Json
from srcnet_compiler.diagnostic import Code, Diagnostic, Label, error
from srcnet_compiler.targets.cicd.model import Forge, PipelineFile

_EXPRESSION = re.compile(r"\$\{\{|\$\[\[")
_SCRIPTS = ("run", "script", "before_script", "after_script")


def check(model: Forge) -> Iterator[Diagnostic]:
    """Nothing that the forge fills in stands inside a script: it would be read as commands."""
    for each in model.things():
        for path, value in each.fields().items():
            key = path.split(".")[-1].partition("[")[0]
            if key in _SCRIPTS and isinstance(value, str) and _EXPRESSION.search(value):
                yield _refused(each, f"`{path}` would run what the forge fills in")
        yield from _needs(each)


def check_seen(desired: Forge, seen: Forge) -> Iterator[Diagnostic]:
    """Files of others that stand where ours belong."""
    for wanted in desired.things():
        found = seen.files.get(wanted.name)
        if found is not None and not found.ours:
            yield error(
                Code.NOT_OURS,
                f"`{wanted.name}` exists, and srcnet did not write it",
                *map(Label, wanted.places[:1]),
                help="move what it does to `checks` or to a file of another name, then remove it",
                subject=wanted.name,
            )


def _needs(each: PipelineFile) -> Iterator[Diagnostic]:
    """Every job that another waits for is there."""
    said = each.said
    jobs: Json = said.get("jobs", said) if isinstance(said, Mapping) else {}
    if not isinstance(jobs, Mapping):
        return
    for name, job in jobs.items():
        wanted = job.get("needs", ()) if isinstance(job, Mapping) else ()
        for other in wanted if isinstance(wanted, (list, tuple)) else (wanted,):
            known = other.get("job") if isinstance(other, Mapping) else other
            if known not in jobs:
                yield _refused(each, f"`{name}` waits for `{known}`, which is not there")


def _refused(each: PipelineFile, why: str) -> Diagnostic:
    return error(
        Code.REFUSED_BY_SYSTEM,
        f"`{each.name}`: {why}",
        *map(Label, each.places[:1]),
        help="this is a fault of srcnet itself: please report it",
        subject=each.name,
    )
