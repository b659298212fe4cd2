"""What an import of a Slurm cluster found and writes: in words and as data."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from srcnet_compiler.diagnostic import Diagnostic
from srcnet_compiler.importing.slurm import Section
from srcnet_compiler.importing.written import bare
from srcnet_compiler.report.cells import visible
from srcnet_compiler.report.paint import Paint, painter
from srcnet_compiler.report.proof import (
    FEW,
    Proof,
    differing_data,
    differing_lines,
    proof_data,
    proof_lines,
)

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class ImportedCluster:
    """One import; `system` is what plans call the cluster, `findings` what its spec says else."""

    system: str
    section: Section
    findings: Sequence[Diagnostic]
    proof: Proof


def render_cluster(found: ImportedCluster, *, full: bool, colour: bool) -> str:
    """What was found, what is left to others, and the proof."""
    return "".join(f"{line}\n" for line in _lines(found, full, painter(colour)))


def _lines(found: ImportedCluster, full: bool, paint: Paint) -> Iterator[str]:
    yield paint(found.system, "bold")
    for kind, names in found.section.left.items():
        shown = names if full else names[:FEW]
        more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
        yield f"  {kind}, left to its people: {', '.join(map(visible, shown))}{more}"
    for note in found.section.notes:
        yield f"  not said by the spec: {visible(note)}"
    yield from differing_lines(found.findings, paint, full=full)
    yield ""
    yield from proof_lines(found.proof, paint, full=full)


def cluster_to_json(found: ImportedCluster) -> str:
    """The same as data, of `schemas/import.schema.json`."""
    data = {
        "version": FORMAT_VERSION,
        "system": found.system,
        "compute": bare(found.section.tree),
        "left": {kind: [*names] for kind, names in found.section.left.items()},
        "notes": [*found.section.notes],
        "findings": differing_data(found.findings),
        **proof_data(found.proof),
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
