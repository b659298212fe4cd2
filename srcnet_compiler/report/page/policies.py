"""Data policies in words, and where each of their phases is expected to be."""

from collections.abc import Iterator, Mapping
from fractions import Fraction

from srcnet_compiler.analysis.passes import Analysis
from srcnet_compiler.analysis.placement import PhasePlacement
from srcnet_compiler.federation import data_policy
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.quantity import format_bytes, format_duration, round_bytes
from srcnet_compiler.report.page.facts import anchor, counted, follows, listed, written
from srcnet_compiler.report.page.model import Fact, Phase, Policy, Share, Words
from srcnet_compiler.report.page.tiers import place_of
from srcnet_compiler.schema import data_policy as schema

SHARE = "copies of the phase, shared out among failure domains and in them in proportion to pledges"
APART = {
    "region": "each in another region",
    "site": "each at another site",
    "area": "each on another area",
}


def policies(
    federation: Federation,
    analysis: Analysis,
    specs: Mapping[str, schema.DataPolicy],
) -> Iterator[Policy]:
    """Every policy, in order of name; `specs` are the documents by name."""
    for name, policy in federation.policies.items():
        origin, spec = policy.origin, specs[name].spec
        said = specs[name].metadata.description
        placed = tuple(found for found in analysis.placements if found.policy == name)
        yield Policy(
            name,
            anchor("policy", name),
            written(said, origin.at()) if said else None,
            written(spec.source or "not agreed", origin.at("status")) if policy.drafts else None,
            policy.retired,
            tuple(_words(policy, spec)),
            tuple(_volumes(policy, spec)),
            tuple(_phases(federation, policy, placed)),
        )


def _words(policy: data_policy.DataPolicy, spec: schema.DataPolicySpec) -> Iterator[Words]:
    at = policy.origin
    yield ("It is about ", written(_selected(policy), at.at("selects")), ".")
    where = (
        ("Data arrive at ingest areas in ", written(listed(policy.ingest), at.at("arrives", "at")))
        if policy.ingest
        else ("Data arrive ", written("at any site", at.at("arrives")))
    )
    deadline = written(format_duration(policy.deadline), at.at("arrives", "deadline"))
    yield (*where, ", and the first phase is complete within ", deadline, ".")
    least = written(counted(policy.floor, "valid copy", "valid copies"), at.at("floor"))
    yield ("Once reached, there are never fewer than ", least, " of any file.")
    if spec.recall is not None:
        yield from _recall(policy, spec.recall)
    if spec.embargo is not None:
        yield (
            "For the first ",
            written(spec.embargo.for_, at.at("embargo", "for")),
            " only members of ",
            written(spec.embargo.readers.group, at.at("embargo", "readers", "group")),
            f" may read{_draft(spec.embargo.status)}.",
        )


def _selected(policy: data_policy.DataPolicy) -> str:
    selector = policy.selector
    parts = [f"data of namespace {listed(selector.namespaces, 'or')}"]
    parts += [f"product class {selector.product}"] if selector.product else []
    parts += [f"telescope {listed(selector.telescopes, 'or')}"] if selector.telescopes else []
    parts += [f"campaign {selector.campaign}"] if selector.campaign else []
    return ", ".join(parts)


def _recall(policy: data_policy.DataPolicy, recall: schema.Recall) -> Iterator[Words]:
    at = policy.origin.below("recall")
    near = "" if recall.to.near == "anywhere" else f", near the {recall.to.near}"
    yield (
        "What is archived can be recalled to ",
        written(f"{recall.to.tier}{near}", at.at("to")),
        " and stays there for ",
        written(recall.keep, at.at("keep")),
        *(
            ("; somebody must agree above ", written(recall.approvalAbove, at.at("approvalAbove")))
            if recall.approvalAbove
            else ()
        ),
        f"{_draft(recall.status)}.",
    )


def _draft(status: str | None) -> str:
    return " (draft)" if status == "draft" else ""


def _volumes(policy: data_policy.DataPolicy, spec: schema.DataPolicySpec) -> Iterator[Words]:
    sources = {volume.from_: volume for volume in spec.volume}
    for volume in policy.volumes:
        if volume.rate is not None:
            key, text = "rate", f"{round_bytes(volume.rate.bytes_per_year)} a year"
        else:
            key, text = "amount", f"{format_bytes(volume.amount)}, once" if volume.amount else ""
        source = sources[volume.year].source
        when = f"from {volume.year} on " if key == "rate" else f"in {volume.year} "
        draft = _draft("draft") if volume.drafts else ""
        yield (when, written(text, volume.origin.at(key)), draft, f": {source}" if source else "")


def _phases(
    federation: Federation,
    policy: data_policy.DataPolicy,
    placed: tuple[PhasePlacement, ...],
) -> Iterator[Phase]:
    since = ""
    for phase, placement in zip(policy.phases, placed or (None,) * len(policy.phases), strict=True):
        at = phase.origin
        until = (
            ("until the age of ", written(str(phase.until), at.at("until")))
            if phase.until is not None
            else ("for good",)
        )
        copies = [
            written(
                f"{counted(each.count, 'copy', 'copies')} on {each.tier}",
                each.origin.at(),
                each.count,
            )
            for each in phase.copies
        ]
        apart = () if phase.count < 2 else (", ", written(APART[phase.apart], at.at("apart")))
        yield Phase(
            policy.name,
            phase.name,
            bool(federation.holds_back(policy.drafts, policy.name)),
            (since, *until, ": ", *_joined(copies), *apart, *_end(phase)),
            written(counted(phase.count, "copy", "copies"), at.at("copies"), phase.count),
            tuple(_shares(federation, placement)) if placement is not None else (),
        )
        since = f"from {phase.until} on " if phase.until is not None else ""


def _end(phase: data_policy.Phase) -> Words:
    """Data end by nothing that goes without saying."""
    return (", then ", written("no copy is kept", phase.origin.at("then"))) if phase.ends else ()


def _joined(facts: list[Fact]) -> Words:
    words: list[str | Fact] = []
    for number, fact in enumerate(facts):
        words += [" and ", fact] if number else [fact]
    return tuple(words)


def _shares(federation: Federation, placement: PhasePlacement) -> Iterator[Share]:
    numbers = {name: number for number, name in enumerate(federation.regions)}
    for name, part in placement.shares.items():
        area = federation.areas[name]
        region = numbers.get(area.region) if area.region is not None else None
        places = (placement.phase.origin.at("copies"), place_of(area))
        yield Share(name, region, follows(share_text(part), SHARE, places, part))


def share_text(part: Fraction) -> str:
    """Copies that are expected, for people: `0.39 copies`."""
    if part and part < Fraction(1, 200):
        return "less than 0.01 copies"
    return f"{float(part):.2f} copies"
