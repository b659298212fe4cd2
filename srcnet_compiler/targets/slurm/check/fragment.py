"""A fragment as text, held against the cluster: what the daemon takes, and would hurt others."""

from collections.abc import Iterator

from srcnet_compiler.artifact import Artifact
from srcnet_compiler.diagnostic import Code, Diagnostic, Label, error
from srcnet_compiler.targets.slurm.check.emitted import not_ours, refused
from srcnet_compiler.targets.slurm.check.places import NOWHERE
from srcnet_compiler.targets.slurm.model import SlurmModel
from srcnet_compiler.targets.slurm.model.fragment import FragmentLine, fragment_lines

_NOBODY_IN_PARTICULAR = {"", "all"}


def check_fragment(
    artifact: Artifact, desired: SlurmModel, seen: SlurmModel
) -> Iterator[Diagnostic]:
    """Objections to the file itself, each at the spec place of its line."""
    names: dict[str, int] = {}
    for line in fragment_lines(artifact.content):
        place = line_label(artifact, line.number)
        if not line.name:
            yield not_ours(
                f"`{line.words[0][0]}` is the site's to set: a fragment holds partitions alone",
                place,
                "take it out; a second setting of a key wins without a word",
                line.words[0][0],
            )
            continue
        if line.name.upper() == "DEFAULT":
            yield not_ours(
                "`PartitionName=DEFAULT` sets what every partition after it has, the site's too",
                place,
                "say it in each line",
                line.name,
            )
        elif line.name.lower() in names or line.name in seen.foreign.partitions:
            yield not_ours(
                f"there is a partition `{line.name}` already",
                place,
                "choose another name: slurmctld of 22.05 would exit",
                line.name,
            )
        names[line.name.lower()] = line.number
        yield from _words(line, place, desired, seen)


def line_label(artifact: Artifact, number: int | None) -> Label:
    """The spec place of a line, with the line itself."""
    spans = artifact.sources.get(number or 1, ())
    lines = artifact.content.splitlines()
    text = lines[number - 1] if number and number <= len(lines) else ""
    return Label(spans[0] if spans else NOWHERE, text[:120])


def _words(
    line: FragmentLine, place: Label, desired: SlurmModel, seen: SlurmModel
) -> Iterator[Diagnostic]:
    accounts = {*desired.accounts, *seen.accounts, *seen.foreign.accounts}
    for key, value in line.words:
        if key.lower() == "default" and value.upper() not in ("NO", "FALSE", "0"):
            yield not_ours(
                f"`{line.name}` would become the default partition of everybody's jobs",
                place,
                "the default is the site's"
                + (f": `{d}`" if (d := seen.foreign.default_partition) else ""),
                line.name,
            )
        elif key.lower() in ("allowaccounts", "denyaccounts"):
            for name in value.split(","):
                if name not in accounts and name.lower() not in _NOBODY_IN_PARTICULAR:
                    yield error(
                        Code.UNKNOWN_NAME,
                        f"`{line.name}` names account `{name}`, which the cluster does not have",
                        place,
                        help="Slurm says nothing and lets nobody of it in: mend the name",
                        subject=line.name,
                    )
        elif not key or not value:
            yield refused(
                f"`{key or value}` is no setting", place, "a key, `=` and a value", line.name
            )
