"""What every import of a cluster shows: what is left to its people, what no spec says, a proof."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from srcnet_compiler.diagnostic import Diagnostic
from srcnet_compiler.importing.written import Tree, bare
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


class Found(Protocol):
    """What an import says of a cluster besides the spec: `left` are others' things by kind."""

    @property
    def notes(self) -> tuple[str, ...]: ...
    @property
    def left(self) -> Mapping[str, tuple[str, ...]]: ...


@dataclass(frozen=True, slots=True)
class ImportedCluster:
    """One import; `system` is what plans call the cluster, `described` what the spec says of it,
    `findings` what the spec says else."""

    system: str
    described: Mapping[str, Tree]
    found: Found
    findings: Sequence[Diagnostic]
    proof: Proof


def render_cluster(cluster: ImportedCluster, *, full: bool, colour: bool) -> str:
    """What was found, what is left to others, and the proof."""
    return "".join(f"{line}\n" for line in _lines(cluster, painter(colour), full=full))


def _lines(cluster: ImportedCluster, paint: Paint, *, full: bool) -> Iterator[str]:
    yield paint(cluster.system, "bold")
    for kind, names in cluster.found.left.items():
        shown = names if full else names[:FEW]
        more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
        yield f"  {kind}, left to its people: {', '.join(map(visible, shown))}{more}"
    for note in cluster.found.notes:
        yield f"  not said by the spec: {visible(note)}"
    yield from differing_lines(cluster.findings, paint, full=full)
    yield ""
    yield from proof_lines(cluster.proof, paint, full=full)


def cluster_to_json(cluster: ImportedCluster) -> str:
    """The same as data, of `schemas/import.schema.json`."""
    data = {
        "version": FORMAT_VERSION,
        "system": cluster.system,
        **{key: bare(value) for key, value in cluster.described.items()},
        "left": {kind: [*names] for kind, names in cluster.found.left.items()},
        "notes": [*cluster.found.notes],
        "findings": differing_data(cluster.findings),
        **proof_data(cluster.proof),
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
