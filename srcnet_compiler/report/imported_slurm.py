"""What an import of a Slurm cluster found and writes: in words and as data."""

from collections.abc import Sequence
from dataclasses import dataclass

from srcnet_compiler.diagnostic import Diagnostic
from srcnet_compiler.importing.slurm import Section
from srcnet_compiler.importing.written import bare
from srcnet_compiler.report.imported import imported_lines, imported_to_json
from srcnet_compiler.report.paint import painter
from srcnet_compiler.report.proof import Proof


@dataclass(frozen=True, slots=True)
class ImportedCluster:
    """One import; `system` is what plans call the cluster, `findings` what its spec says else."""

    system: str
    section: Section
    findings: Sequence[Diagnostic]
    proof: Proof


def render_cluster(found: ImportedCluster, *, full: bool, colour: bool) -> str:
    """What was found, what is left to others, and the proof."""
    lines = imported_lines(
        found.system, found.section, found.findings, found.proof, painter(colour), full=full
    )
    return "".join(f"{line}\n" for line in lines)


def cluster_to_json(found: ImportedCluster) -> str:
    """The same as data, of `schemas/import.schema.json`."""
    described = {"compute": bare(found.section.tree)}
    return imported_to_json(found.system, described, found.section, found.findings, found.proof)
