"""What every import of a cluster shows: what is left to its people, what no spec says, a proof."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from srcnet_compiler.diagnostic import Diagnostic
from srcnet_compiler.importing.written import Tree
from srcnet_compiler.report.cells import visible
from srcnet_compiler.report.paint import Paint
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


def imported_lines(
    system: str,
    found: Found,
    findings: Sequence[Diagnostic],
    proof: Proof,
    paint: Paint,
    *,
    full: bool,
) -> Iterator[str]:
    """What was found, what is left to others, and the proof."""
    yield paint(system, "bold")
    for kind, names in found.left.items():
        shown = names if full else names[:FEW]
        more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
        yield f"  {kind}, left to its people: {', '.join(map(visible, shown))}{more}"
    for note in found.notes:
        yield f"  not said by the spec: {visible(note)}"
    yield from differing_lines(findings, paint, full=full)
    yield ""
    yield from proof_lines(proof, paint, full=full)


def imported_to_json(
    system: str,
    described: Mapping[str, Tree],
    found: Found,
    findings: Sequence[Diagnostic],
    proof: Proof,
) -> str:
    """The same as data; `described` is what the spec says of the cluster."""
    data = {
        "version": FORMAT_VERSION,
        "system": system,
        **described,
        "left": {kind: [*names] for kind, names in found.left.items()},
        "notes": [*found.notes],
        "findings": differing_data(findings),
        **proof_data(proof),
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
