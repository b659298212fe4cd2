"""That an import changes nothing: the plan of what it writes, in words and as data."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from srcnet_compiler.change import Action, Change, Json
from srcnet_compiler.diagnostic import Diagnostic, Severity
from srcnet_compiler.plan.model import Plan
from srcnet_compiler.report.cells import visible
from srcnet_compiler.report.changes import change_lines
from srcnet_compiler.report.paint import Paint
from srcnet_compiler.report.plan import left_out_lines

FEW = 12
"""Lines of one list that are shown, unless all are asked for."""


@dataclass(frozen=True, slots=True)
class Proof:
    """`files` are the names of what changes or is new, `written` whether they are."""

    plan: Plan
    files: Sequence[str]
    accepted: bool = False
    written: bool = False

    @property
    def changes(self) -> tuple[Change, ...]:
        """What the specs would do besides taking over."""
        return tuple(c for c in self.plan.changes if c.action is not Action.ADOPT)

    @property
    def adoptions(self) -> int:
        """How many objects would be taken over as they are."""
        return len(self.plan.changes) - len(self.changes)

    @property
    def objections(self) -> tuple[Diagnostic, ...]:
        """What speaks against the plan, whatever it changes."""
        return tuple(each for each in self.plan.findings if each.severity is Severity.ERROR)

    @property
    def holds(self) -> bool:
        """Whether nothing would change, all could be seen, and nothing speaks against it."""
        return not (self.changes or self.plan.unseen or self.objections)


def proof_lines(proof: Proof, paint: Paint, *, full: bool) -> Iterator[str]:
    """The proof or what is in its way, then the files."""
    changes, adoptions = proof.changes, many(proof.adoptions, "adoption")
    if proof.holds:
        yield paint(f"Proof: the plan of these specs is 0 changes, {adoptions}.", "bold")
    elif not changes:
        yield paint(f"No proof, though the plan of these specs is 0 changes, {adoptions}:", "bold")
    else:
        yield paint(f"The plan of these specs is {many(len(changes), 'change')}:", "bold")
        yield from change_lines(changes, paint, full=full)
        yield f"  and {adoptions}"
    for unseen in proof.plan.unseen:
        yield f"  not seen: {unseen.under}: {visible(unseen.reason)}"
    for each in proof.objections:
        yield f"  {each.labels[0].span}: {visible(each.message)}"
    if proof.plan.held:
        yield from left_out_lines(proof.plan.held, full)
    yield ""
    if not proof.files:
        yield "Nothing is to be written: the specs say all of it."
        return
    yield "Written:" if proof.written else "Not written:"
    yield from (f"  {name}" for name in proof.files)


def proof_data(proof: Proof) -> Mapping[str, Json]:
    """The same as data."""
    return {
        "plan": {
            "adoptions": proof.adoptions,
            "changes": [
                {
                    "action": change.action.value,
                    "kind": change.address.kind,
                    "name": change.address.name,
                    "fields": [field.name for field in change.fields],
                    "places": [str(f.origin) for f in change.fields if f.origin is not None],
                }
                for change in proof.changes
            ],
            "unseen": [
                {"under": str(unseen.under), "why": unseen.reason} for unseen in proof.plan.unseen
            ],
        },
        "objections": [
            {"code": each.code.value, "message": each.message, "place": str(each.labels[0].span)}
            for each in proof.objections
        ],
        "files": [*proof.files],
        "accepted": proof.accepted,
        "written": proof.written,
    }


def differing_lines(findings: Sequence[Diagnostic], paint: Paint, *, full: bool) -> Iterator[str]:
    """What specs say otherwise than what is imported, where there is such a thing."""
    if findings:
        yield ""
        yield paint("Where the specs and what is there differ:", "bold")
    lines = [f"  {each.labels[0].span}: {visible(each.message)}" for each in findings]
    yield from shortened(lines, FEW, full)


def differing_data(findings: Sequence[Diagnostic]) -> list[Json]:
    """The same as data."""
    return [
        {
            "code": each.code.value,
            "message": each.message,
            "place": str(each.labels[0].span),
            "help": each.help,
        }
        for each in findings
    ]


def shortened(lines: Sequence[str], few: int, full: bool) -> Iterator[str]:
    """The first of them, and how many more there are."""
    if full or len(lines) <= few:
        yield from lines
        return
    yield from lines[:few]
    yield f"  … {len(lines) - few} more lines (all with --full)"


def many(count: int, noun: str) -> str:
    """A count with its noun."""
    several = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{count} {noun if count == 1 else several}"
