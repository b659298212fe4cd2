"""Parts of a review in words, as every reader gets them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import groupby

from srcnet_compiler.change import Action, Impact, Json
from srcnet_compiler.quantity import round_bytes
from srcnet_compiler.report.cells import visible
from srcnet_compiler.report.changes import in_one_line
from srcnet_compiler.report.conceal import concealed
from srcnet_compiler.review.model import (
    Access,
    Amounts,
    AreaYear,
    Commit,
    Edit,
    Flow,
    Lines,
    Reach,
    Review,
    Why,
)
from srcnet_compiler.span import Span

LONGEST = 100
"""Characters of a value; what is longer is cut, since its place says the rest."""
STAYS = {
    Why.ABSENT: "Described no more, so it stays as it is; a `Retired` document would end it",
    Why.FIXED: "Described otherwise, and left as it is: where it exists it cannot be changed",
}
"""What is said of objects that no change touches."""
_DOTS = "•••"
_BITS_PER_BYTE = 8
_SECONDS_PER_DAY = 86_400


def verdict(review: Review) -> str:
    """The whole in one sentence."""
    if review.is_nothing:
        return "nothing changes"
    changes = len(review.effects)
    what = f"{changes} change{'' if changes == 1 else 's'} on {_systems(review)}"
    if not changes:
        what = "no system changes"
    sites = f"{len(review.touched)} of {len(review.reaches)} sites reached"
    return f"{what}; impact: {review.impact.value}; {sites}"


def _systems(review: Review) -> str:
    names = {str(effect.change.address.system) for effect in review.effects}
    return names.pop() if len(names) == 1 else f"{len(names)} systems"


ACCESS = "What people may read by what they start"
"""Above all that is gained and lost."""


def reading(each: Access) -> str:
    """What is read where: `session notebook reads AREA at /data on SITE/CLUSTER`."""
    size = f", {round_bytes(each.capacity)}" if each.capacity is not None else ""
    what = f"{each.runs} {each.template} reads {each.area} ({each.tier}{size}) at {each.path}"
    return visible(f"{what} on {each.cluster}")


def terms(each: Access) -> str:
    """Who can read it, and what to know before that."""
    said = ["never writes", f"for {', '.join(each.groups) or f'who may use queue {each.queue}'}"]
    if not each.gained:
        said.append("its volume stays there until administrators remove it")
    elif each.embargoed:
        said.append(f"data come there that have an embargo: {', '.join(each.embargoed)}")
    if each.gained and each.draft:
        said.append("nobody can before all of it is agreed")
    return visible("; ".join(said))


def asking(review: Review, access: Iterable[Access]) -> tuple[Commit, ...]:
    """The commits by which somebody asks for it."""
    files = {each.place.file for each in access}
    return tuple(commit for commit in review.commits if commit.file in files)


def way(edit: Edit) -> str:
    """What an edit is about: the document, and where in it."""
    what = f"{edit.kind} {visible(edit.name)}"
    return f"{what}: {visible(edit.path)}" if edit.path else what


def both(edit: Edit, review: Review) -> str:
    """What is said before and after, without what may be a secret."""
    if not edit.path:
        return "is new" if edit.before is None else "is described no more"
    before = _value(edit.before, edit.base, review.base_lines)
    after = _value(edit.after, edit.head, review.head_lines)
    if edit.before is None:
        return f"new: {after}"
    return f"no longer {before}" if edit.after is None else f"{before} → {after}"


def values(edit: Edit, review: Review) -> tuple[Json, Json]:
    """Both values as plain data; dots stand for what may hold a secret."""
    return (
        _DOTS if _may_be_secret(edit.base, review.base_lines) else edit.before,
        _DOTS if _may_be_secret(edit.head, review.head_lines) else edit.after,
    )


def _value(value: Json, span: Span | None, lines: Lines) -> str:
    if _may_be_secret(span, lines):
        return _DOTS
    text = visible(in_one_line(value))
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _may_be_secret(span: Span | None, lines: Lines) -> bool:
    if span is None:
        return False
    written = lines.get(span.file, ())
    last = min(span.end_line, len(written))
    return any(concealed(written, n) != written[n] for n in range(span.line - 1, last))


def counted(reach: Reach) -> str:
    """What happens to the systems and areas of a site, in a few words."""
    actions = Counter(effect.change.action for effect in reach.effects)
    words = [f"{actions[action]} to {action.value}" for action in Action if actions[action]]
    if reach.left:
        words.append(f"{len(reach.left)} left as they are")
    if reach.new_tasks:
        words.append(f"{len(reach.new_tasks)} for its administrators")
    return ", ".join(words) or "nothing on its systems"


def daemons(reach: Reach) -> str:
    """What its running services notice."""
    graver = [e.change for e in reach.effects if e.change.impact.rank >= Impact.RECONFIGURE.rank]
    if not graver:
        return "nothing is restarted or reconfigured"
    by_impact = Counter(change.impact for change in graver)
    words = [f"{by_impact[impact]} to {impact.value}" for impact in Impact if by_impact[impact]]
    drained = sum(change.drains for change in graver)
    nodes = f"; {drained} compute node{'' if drained == 1 else 's'} emptied" if drained else ""
    return ", ".join(words) + nodes


def amounts(years: Sequence[AreaYear]) -> tuple[Amounts, Amounts]:
    """All areas of one year together."""
    return _sum([y.before for y in years]), _sum([y.after for y in years])


def _sum(parts: Sequence[Amounts]) -> Amounts:
    pledged = [part.pledged for part in parts if part.pledged is not None]
    return Amounts(
        sum((part.expected for part in parts), Fraction(0)),
        sum((part.agreed for part in parts), Fraction(0)),
        sum(pledged) if pledged else None,
    )


def expected(before: Amounts, after: Amounts) -> str:
    """What is to be held, and of what."""
    holds = _change(round_bytes(before.expected), round_bytes(after.expected))
    pledge = _change(_pledge(before), _pledge(after))
    return f"{holds}, pledged {pledge}"


def _pledge(amounts: Amounts) -> str:
    return "nothing" if amounts.pledged is None else round_bytes(amounts.pledged)


def _change(before: str, after: str) -> str:
    return after if before == after else f"{before} → {after}"


def per_day(flow: Flow, uplink: int | None) -> str:
    """What comes and goes, against what the network of the site carries."""
    said = [
        f"{_change(round_bytes(pair[0]), round_bytes(pair[1]))}/d {word}"
        for pair, word in ((flow.arrives, "in"), (flow.leaves, "out"))
        if any(pair)
    ]
    if uplink and flow.arrives[1]:
        carried = Fraction(uplink, _BITS_PER_BYTE) * _SECONDS_PER_DAY
        said.append(f"{float(flow.arrives[1] / carried * 100):.2g} % of its uplink")
    return ", ".join(said) or "nothing more comes or goes"


def in_ranges(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[str, str]]:
    """Lines by year, those of neighbouring years that say the same as one: `2027-2029`."""
    for text, group in groupby(lines, key=lambda line: line[1]):
        years = [year for year, _ in group]
        yield (str(years[0]) if len(years) == 1 else f"{years[0]}-{years[-1]}"), text


def by_year(reach: Reach) -> Iterator[tuple[int, str]]:
    """What is expected of a site, in the years in which it differs."""
    flows = {flow.year: flow for flow in reach.flows}
    for year in sorted({each.year for each in reach.years if each.differs}):
        together = amounts([each for each in reach.years if each.year == year])
        yield year, f"{expected(*together)}; {per_day(flows[year], reach.uplink)}"
