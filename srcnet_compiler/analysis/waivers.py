"""Findings that somebody set aside, for one object and for a time."""

from collections.abc import Iterable, Iterator
from datetime import date
from difflib import get_close_matches

from srcnet_compiler.diagnostic import Code, Diagnostic, Fix, Label, error, warning
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.federation.notices import Waiver
from srcnet_compiler.near import certainly_meant

NEVER_SET_ASIDE = frozenset(
    code.value
    for code in (
        Code.RESERVED_NAME,
        Code.SELECTOR_NOT_EXPRESSIBLE,
        Code.ONE_NAME_SEVERAL_HOSTS,
        Code.SHARED_PLACE,
        Code.NESTED_AREAS,
        Code.RESTS_ON_DRAFT,
        Code.WRONG_NODES,
        Code.NODES_OVERLAP,
        Code.NO_FRAGMENT,
        Code.NO_TIME_ZONE,
        Code.WINDOW_FOR_OTHERS,
        Code.SLURM_CANNOT_EXPRESS,
        Code.ALLOCATION_REVERSED,
        Code.ALLOCATIONS_OVERLAP,
        Code.REGISTRY_NOT_ALLOWED,
        Code.LIMIT_UNDER_RESOURCES,
        Code.WRONG_PORT,
        Code.WRONG_MOUNT,
        Code.WRONG_SCHEDULE,
        Code.SCALING_REVERSED,
        Code.UNKNOWN_WORD,
        Code.NAME_FOR_KUBERNETES,
        Code.WRONG_IDENTIFIER,
        Code.IDENTIFIERS_COLLIDE,
    )
)
"""Findings without which nothing right can be emitted."""


def apply_waivers(
    federation: Federation, found: Iterable[Diagnostic], today: date
) -> Iterator[Diagnostic]:
    """What is left of `found`, and what is to be said of the waivers themselves."""
    findings = tuple(found)
    waivers = [waiver for waiver in federation.waivers if waiver.kind == "finding"]
    in_force = {
        (w.what, w.of) for w in waivers if w.until >= today and w.what not in NEVER_SET_ASIDE
    }
    for finding in findings:
        if (finding.code.value, finding.subject) not in in_force:
            yield finding
    there = {(finding.code.value, finding.subject) for finding in findings}
    for waiver in federation.waivers:
        yield from _of_waiver(waiver, there, today)


def _of_waiver(
    waiver: Waiver, there: set[tuple[str, str | None]], today: date
) -> Iterator[Diagnostic]:
    if waiver.until < today:
        yield warning(
            Code.WAIVER_EXPIRED,
            f"`{waiver.name}` held until {waiver.until} and sets nothing aside any more",
            Label(waiver.origin.at("until")),
            help="mend what it was for, or have it renewed",
            subject=waiver.name,
        )
    if waiver.kind != "finding":
        return
    if waiver.what not in {code.value for code in Code}:
        yield error(
            Code.UNKNOWN_NAME,
            f"`{waiver.what}` is not the code of a finding",
            Label(waiver.origin.at("setsAside", "finding")),
            help=_nearest_code(waiver.what),
            subject=waiver.name,
            fix=_certain_code(waiver),
        )
    elif waiver.what in NEVER_SET_ASIDE:
        yield error(
            Code.WAIVER_REFUSED,
            f"`{waiver.what}` cannot be set aside: "
            "nothing right can be emitted before it is mended",
            Label(waiver.origin.at("setsAside", "finding")),
            help="mend what it finds, and remove the waiver",
            subject=waiver.name,
        )
    elif (waiver.what, waiver.of) not in there:
        others = [of for what, of in there if what == waiver.what and of is not None]
        near = get_close_matches(waiver.of, sorted(others), n=1, cutoff=0.6)
        yield warning(
            Code.WAIVER_UNUSED,
            f"`{waiver.of}` has no finding `{waiver.what}` to set aside",
            Label(waiver.origin.at("of")),
            help=f"did you mean `{near[0]}`?"
            if near
            else "remove the waiver: what it was for is mended",
            subject=waiver.name,
        )


def _nearest_code(text: str) -> str:
    near = get_close_matches(text, [code.value for code in Code], n=1, cutoff=0.6)
    return f"did you mean `{near[0]}`?" if near else "write the code in the brackets of the finding"


def _certain_code(waiver: Waiver) -> Fix | None:
    meant = certainly_meant(waiver.what, [code.value for code in Code])
    return Fix(waiver.origin.at("setsAside", "finding"), meant) if meant else None
