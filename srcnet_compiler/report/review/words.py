"""Parts of a review in words, as every reader gets them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from typing import TypeVar

from srcnet_compiler.change import Action, Change, Impact, Json
from srcnet_compiler.quantity import BitsPerSecond, round_bytes
from srcnet_compiler.report.cells import visible
from srcnet_compiler.report.changes import in_one_line
from srcnet_compiler.report.conceal import concealed
from srcnet_compiler.review.model import (
    SLIGHT,
    Access,
    Amounts,
    Commit,
    Drift,
    Edit,
    Flow,
    Lines,
    Proven,
    Reach,
    Review,
    Why,
)
from srcnet_compiler.review.pages import AreaShare, Duty, PolicyPage, SitePage, site_years
from srcnet_compiler.span import Span

LONGEST = 100
"""Characters of a value; what is longer is cut, since its place says the rest."""
STAYS = {
    Why.ABSENT: "Described no more, so it stays as it is; a `Retired` document would end it",
    Why.FIXED: "Described otherwise, and left as it is: where it exists it cannot be changed",
}
"""What is said of objects that no change touches."""
EXPECTED_OF_A_SITE = "What its areas are expected to hold at the end of a year, drafts included"
MOVED = "What the main line says otherwise since then; it is not this change's"
DRIFT = "Drift that was there before; it is not this change's"
NO_DRIFT = "The systems are as the base says: there is no drift."
PIPELINES = "Pipelines that change; they take effect by being merged"
UNTOUCHED = "Its artifacts are the same to the byte, and its areas are expected to hold the same."
ACCESS = "What people may read by what they start"
_DOTS = "•••"
SITE_COLUMNS = (
    "by the end of",
    "expected",
    "of it agreed",
    "pledged",
    "headroom",
    "in",
    "of its uplink",
    "out",
)
AREA_COLUMNS = ("by the end of", "expected", "of it agreed", "of its tier", "pledged")
Said = TypeVar("Said", bound=str | tuple[str, ...])


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


def command(review: Review, page: str = "") -> str:
    """What shows the same at a terminal; `page` is the option that asks for one."""
    words = [review.base.commit or review.base.name, review.head.commit or "", page]
    return f"srcnet diff {' '.join(word for word in words if word)} --full"


def turns(page: PolicyPage) -> str:
    """How many requirements went which way, in one sentence."""
    said = ", ".join(f"{number} {turn.value}" for turn, number in page.turns)
    return f"requirements: {said or 'all as they were'}"


def site_verdict(page: SitePage) -> str:
    """What becomes of a site, in one sentence."""
    reach = page.reach
    if not reach.is_touched:
        return f"nothing of {reach.site} changes"
    return f"{reach.site}: {counted(reach)}; impact: {reach.impact.value}"


def _systems(review: Review) -> str:
    names = {str(effect.change.address.system) for effect in review.effects}
    return names.pop() if len(names) == 1 else f"{len(names)} systems"


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


PROOFS = "Whether any file may have too few copies on the way"


FLOORS = "every order of the changes is gone through, against the floors of the policies"


def proven(each: Proven) -> str:
    """What was proven, or that it could not be; what speaks against it stands beside."""
    kinds = "kind of data sets" if each.changed == 1 else "kinds of data sets"
    said = f"{each.changed:,} of {each.kinds:,} {kinds}"
    if each.objections:
        return f"not proven: {len(each.objections)} of them may lose a copy too many"
    if not each.orders:
        return f"proven for {said}: nothing that is done takes a copy away"
    return (
        f"proven for {said}: none of {each.orders:,} orders, with any step failing or late, takes "
        "a file below its floor"
    )


def counted(reach: Reach) -> str:
    """What happens to the systems and areas of a site, in a few words."""
    actions = Counter(effect.change.action for effect in reach.effects)
    words = [f"{actions[action]} to {action.value}" for action in Action if actions[action]]
    if reach.left:
        words.append(f"{len(reach.left)} left as they are")
    if reach.new_tasks:
        words.append(f"{len(reach.new_tasks)} for its administrators")
    return ", ".join(words) or "nothing on its systems"


def daemons(found: Sequence[tuple[Impact, int]], drained: int) -> str:
    """What running services notice."""
    if not found:
        return "nothing is restarted or reconfigured"
    words = [f"{number} to {impact.value}" for impact, number in found]
    nodes = f"; {drained} compute node{'' if drained == 1 else 's'} emptied" if drained else ""
    return ", ".join(words) + nodes


def jobs(found: Sequence[Change]) -> str:
    """What jobs notice."""
    said = [f"{change.address.name}: {visible(change.reason)}" for change in found]
    return "; ".join(said) or "none is touched"


def expected(before: Amounts, after: Amounts) -> str:
    """What is to be held, what of it is agreed where some is not, and of what."""
    return f"{held(before, after)}, pledged {pledged(before, after)}"


def held(before: Amounts, after: Amounts) -> str:
    """What is to be held, and what of it is agreed where some is not."""
    drafts = any(side.agreed != side.expected for side in (before, after))
    of_it = f" ({agreed(before, after)} agreed)" if drafts else ""
    return f"{changed(round_bytes(before.expected), round_bytes(after.expected))}{of_it}"


def agreed(before: Amounts, after: Amounts) -> str:
    """What rests on no draft."""
    return changed(
        *(round_bytes(side.agreed) if side.agreed else "none" for side in (before, after))
    )


def pledged(before: Amounts, after: Amounts) -> str:
    """What is pledged for it."""
    return changed(
        *(
            "nothing" if side.pledged is None else round_bytes(side.pledged)
            for side in (before, after)
        )
    )


def headroom(before: Amounts, after: Amounts) -> str:
    """What is left of the pledge, or how much more would be needed."""
    (one, old), (other, new) = _room(before.headroom), _room(after.headroom)
    if old == new:
        return f"{changed(one, other)} {new}".strip()
    return f"{one} {old}".strip() + f" → {other} {new}".rstrip()


def _room(left: Fraction | None) -> tuple[str, str]:
    if left is None:
        return "nothing pledged", ""
    return round_bytes(abs(left)), "free" if left >= 0 else "too much"


def changed(before: str, after: str) -> str:
    """Both, or one where they are the same to the reader."""
    return after if before == after else f"{before} → {after}"


def per_day(flow: Flow, uplink: BitsPerSecond | None) -> str:
    """What comes and goes, against what the network of the site carries."""
    said = [
        f"{_rate(pair)} {word}"
        for pair, word in ((flow.arrives, "in"), (flow.leaves, "out"))
        if any(pair)
    ]
    if any(flow.arrives) and (taken := of_uplink(flow, uplink)):
        said.append(f"{taken} of its uplink")
    return ", ".join(said) or "nothing more comes or goes"


def arriving(flow: Flow) -> str:
    """What comes in on a day."""
    return _rate(flow.arrives) if any(flow.arrives) else "nothing"


def leaving(flow: Flow) -> str:
    """What goes out on a day."""
    return _rate(flow.leaves) if any(flow.leaves) else "nothing"


def _rate(pair: tuple[Fraction, Fraction]) -> str:
    return f"{changed(round_bytes(pair[0]), round_bytes(pair[1]))}/d"


def of_uplink(flow: Flow, uplink: BitsPerSecond | None) -> str:
    """What part of the uplink that takes; empty where nobody says what it carries."""
    parts = flow.part_of(uplink)
    return "" if parts is None else percent(parts)


def percent(parts: tuple[Fraction, Fraction]) -> str:
    """Two parts of a whole for people, such as `2.4 % → 12 %`."""
    return changed(*(f"{float(part * 100):.2g} %" for part in parts))


def in_ranges(lines: Iterable[tuple[int, Said]]) -> Iterator[tuple[str, Said]]:
    """Lines by year, those of neighbouring years that say the same as one: `2027-2029`."""
    for said, group in groupby(lines, key=lambda line: line[1]):
        years = [year for year, _ in group]
        yield (str(years[0]) if len(years) == 1 else f"{years[0]}-{years[-1]}"), said


def by_year(reach: Reach) -> Iterator[tuple[int, str]]:
    """What is expected of a site, in the years in which it differs."""
    for each in site_years(reach):
        yield each.year, f"{expected(each.before, each.after)}; {per_day(each.flow, reach.uplink)}"


def first_years(reach: Reach) -> str:
    """The same of the first years alone; `the same` where nothing differs."""
    lines = (f"{years}: {text}" for years, text in in_ranges(by_year(reach)))
    return next(lines, "the same")


def site_rows(page: SitePage) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The same as a table: a row for each range of years, a cell for each of `SITE_COLUMNS`."""
    uplink = page.reach.uplink
    return in_ranges(
        (
            each.year,
            (
                changed(round_bytes(each.before.expected), round_bytes(each.after.expected)),
                agreed(each.before, each.after),
                pledged(each.before, each.after),
                headroom(each.before, each.after),
                arriving(each.flow),
                of_uplink(each.flow, uplink) or "not said",
                leaving(each.flow),
            ),
        )
        for each in page.years
    )


def area_rows(areas: Iterable[AreaShare]) -> Iterator[tuple[AreaShare, tuple[str, ...]]]:
    """A row for each area and range of years in which it differs, a cell for each of
    `AREA_COLUMNS`, with one of the years that it is about."""
    for _, group in groupby(areas, key=lambda each: each.held.area):
        shares = [*group]
        lines = ((each.held.year, _area_cells(each)) for each in shares)
        for years, cells in in_ranges(lines):
            yield shares[0], (years, *cells)


def _area_cells(each: AreaShare) -> tuple[str, ...]:
    before, after = each.held.before, each.held.after
    return (
        changed(round_bytes(before.expected), round_bytes(after.expected)),
        agreed(before, after),
        percent(each.share),
        pledged(before, after),
    )


def file_changed(change: Change) -> str:
    """What becomes of a file of the forge."""
    name, places = visible(change.address.name), len(change.fields)
    words = {Action.CREATE: "is new", Action.RETIRE: "goes"}
    where = f"says otherwise in {places} place{'' if places == 1 else 's'}"
    return f"{name} {words.get(change.action, where)}"


def unseen(drift: Drift) -> Iterator[str]:
    """What could not be read of a system."""
    return (f"  could not be read: {visible(reason)}" for reason in drift.unseen)


def slight(number: int, what: str, others: int) -> str:
    """That some things shift by less than is worth a line each."""
    noun = f"{what}{'' if number == 1 else 's'}"
    verb = "shifts" if number == 1 else "shift"
    other = "other " if others else ""
    return f"{number} {other}{noun} {verb} by less than {float(SLIGHT * 100):g} %"


def due(duty: Duty) -> str:
    """By when it must be done."""
    if duty.until is None:
        return "before it is applied; no document sets a day"
    return f"by {duty.until}: the document that ends something there holds no longer"
