"""What Slurm's own programs said to a candidate, as findings at the place in a spec."""

from collections.abc import Iterable, Iterator

from srcnet_compiler.artifact import Artifact
from srcnet_compiler.diagnostic import Code, Diagnostic, Severity, warning
from srcnet_compiler.targets.slurm.check.fragment import line_label
from srcnet_compiler.targets.slurm.check.places import instance_label
from srcnet_compiler.targets.slurm.model import SlurmModel
from srcnet_compiler.targets.slurm.model.objection import Objection

_WHO = {1: "Slurm's parser", 2: "slurmctld"}
_LEADS_TO = {
    1: "as soon as it is written every command of every user would fail",
    2: "slurmctld would exit, or take less than is written",
}


def explain(artifact: Artifact, objections: Iterable[Objection]) -> Iterator[Diagnostic]:
    """One error for each objection to a line of ours; warnings for what is the site's own.

    What stops the daemon is an error wherever it stands.
    """
    for found in objections:
        ours = found.line is not None or found.fatal
        yield Diagnostic(
            Code.REFUSED_BY_SYSTEM,
            Severity.ERROR if ours else Severity.WARNING,
            f"{_WHO[found.level]} says: {found.text}",
            (line_label(artifact, found.line),),
            help=_LEADS_TO[found.level] if ours else "it is about the site's own configuration",
        )


def untried(desired: SlurmModel, reason: str) -> Diagnostic:
    """A warning, since an apply refuses what could not be tried."""
    return warning(
        Code.REFUSED_BY_SYSTEM,
        f"partitions for `{desired.cluster}` could not be tried on a copy of its configuration:"
        f" {reason}",
        instance_label(desired),
        help="they are not written untried: `srcnet doctor` says what the login may do",
        subject=desired.instance,
    )
