"""What must be moved, and what uplinks, links and drives carry: rows for each step.

Columns, all of one step: `in` what an area receives over the network, `made` what is put on it at
the site where it came in, `beside` what is copied from another area of its site; `first` what a
site sends of what came in there, `out` what it sends of what it holds, `foreign` what comes from a
place that nobody has named; `over` what one site sends another where a link is declared. They are
not kept apart by policy, which would be a dozen times as many: a site that holds enough data is
taken to hold the right ones.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from fractions import Fraction

from srcnet_compiler.feasibility import recalls
from srcnet_compiler.feasibility.model import Group, Source
from srcnet_compiler.feasibility.program import Kind
from srcnet_compiler.feasibility.rows import (
    Builder,
    Task,
    Terms,
    holding,
    minus,
    plus,
    sites_of,
)
from srcnet_compiler.feasibility.volumes import arrived, may_have_arrived
from srcnet_compiler.federation.model import StorageArea
from srcnet_compiler.names import SiteName

Flows = dict[tuple[str, ...], list[int]]
"""Columns by what they use: `("out", site)`, `("in", site)`, `("link", from, to)` and so on."""


def add(task: Task, made: Builder) -> None:
    """All rows, step by step."""
    asked = range(len(task.groups))
    by_site = sites_of(holding(task, asked))
    often = max((_copies(group) for group in task.groups), default=1)
    for step in range(len(task.steps)):
        flows: Flows = defaultdict(list)
        _columns(task, made, step, by_site, flows)
        for site, areas in by_site.items():
            for area in areas:
                _growth(task, made, area, step)
            if site not in task.steps[step].down:
                _held(task, made, step, site, areas, often)
        _balance(task, made, step, by_site, flows)
        for number in range(len(task.sources)):
            _first_hand(task, made, number, step)
        recalls.add(task, made, step, flows)
        _moves(task, made, step, flows)
        _limits(task, made, step, flows)
    for move in task.moves:
        steps = range(len(task.steps))
        columns = [c for step in steps for c in made.there("move", move.name, step)]
        within = [step for step in steps if task.steps[step].end <= move.latest]
        made.add(Kind.MOVE, max(within, default=0), move.name, minus(columns), -move.amount)


def _copies(group: Group) -> int:
    """No holder sends a file more often in one step than all phases ask for copies."""
    return sum(phase.count for phase in group.phases)


def _columns(
    task: Task,
    made: Builder,
    step: int,
    by_site: Mapping[SiteName, list[StorageArea]],
    flows: Flows,
) -> None:
    """What may flow in a step: nothing to or from what is down."""
    down = task.steps[step].down
    for site, areas in by_site.items():
        if site in down:
            continue
        flows["out", site].append(made.column("out", site, step))
        for area in areas:
            if area.name not in down:
                flows["in", site].append(made.column("in", area.name, step))
                if len(areas) > 1:
                    made.column("beside", area.name, step)
    for number, source in enumerate(task.sources):
        for area in holding(task, source.groups):
            if _is_made_at(source, area.site) and not {area.site, area.name} & down:
                made.column("made", number, area.name, step)
        for site in source.ingest or ():
            if site not in down:
                flows["out", site].append(made.column("first", number, site, step))
        if source.unknown:
            made.column("foreign", number, step)
    for areas in by_site.values():
        for area in areas:
            flows["write", area.name] += _into(task, made, area, step)


def _is_made_at(source: Source, site: SiteName) -> bool:
    return site in source.ingest if source.ingest is not None else not source.unknown


def _made(task: Task, made: Builder, area: StorageArea, step: int) -> list[int]:
    numbers = range(len(task.sources))
    return [column for n in numbers for column in made.there("made", n, area.name, step)]


def _into(task: Task, made: Builder, area: StorageArea, step: int) -> list[int]:
    """All that an area is given in a step."""
    received = made.there("in", area.name, step) + made.there("beside", area.name, step)
    return received + _made(task, made, area, step)


def _at(task: Task, made: Builder, area: StorageArea, step: int) -> list[int]:
    """What an area holds at the end of a step, all together."""
    numbers = range(max(len(task.asks), 1))
    return [column for n in numbers for column in made.there("held", n, area.name, step)]


def _growth(task: Task, made: Builder, area: StorageArea, step: int) -> None:
    """An area holds what it held, and what it was given."""
    now = _at(task, made, area, step)
    if now:
        given = [*_at(task, made, area, step - 1), *_into(task, made, area, step)]
        made.add(Kind.GROWTH, step, area.name, plus(now) + minus(given))


def _held(
    task: Task, made: Builder, step: int, site: SiteName, areas: list[StorageArea], often: int
) -> None:
    """A site sends on what it holds or is given."""
    sent = made.there("out", site, step)
    source: list[int] = []
    for area in areas:
        sent += made.there("beside", area.name, step)
        source += _at(task, made, area, step - 1)
        source += made.there("in", area.name, step) + _made(task, made, area, step)
    made.add(Kind.HELD, step, site, plus(sent) + minus(source, often))


def _balance(
    task: Task,
    made: Builder,
    step: int,
    by_site: Mapping[SiteName, list[StorageArea]],
    flows: Flows,
) -> None:
    """What is received was sent, by another site; where links are declared, by which one."""
    received = {
        site: [c for area in areas for c in made.there("in", area.name, step)]
        for site, areas in by_site.items()
    }
    numbers = range(len(task.sources))
    ingest = {site for source in task.sources for site in source.ingest or ()}
    sent = {
        site: [
            *made.there("out", site, step),
            *(c for n in numbers for c in made.there("first", n, site, step)),
        ]
        for site in sorted({*by_site, *ingest})
    }
    foreign = [c for n in numbers for c in made.there("foreign", n, step)]
    all_received = [column for columns in received.values() for column in columns]
    all_sent = [*(column for columns in sent.values() for column in columns), *foreign]
    terms = plus(all_received) + minus(all_sent)
    made.add(Kind.BALANCE, step, "", terms, exactly=True)
    over = _over_links(task, made, step, sent, received, flows)
    pool = made.column("pool", step)
    linked = [column for columns in over.values() for column in columns]
    terms = [(pool, 1), *minus(all_received), *plus(linked)]
    made.add(Kind.BALANCE, step, "", terms, exactly=True)
    for target, columns in over.items():
        made.add(Kind.BALANCE, step, target, plus(columns) + minus(received[target]))
    declared = _declared(task)
    for site, columns in sent.items():
        if site not in declared and columns:
            others = minus(over.get(site, []))
            terms = [*plus([*columns, *received.get(site, [])]), (pool, -1), *others]
            made.add(Kind.BALANCE, step, site, terms)


def _declared(task: Task) -> set[SiteName]:
    """The sites that send over links of known rate."""
    return {link.source for link in task.federation.links if task.counted(link.drafts)}


def _over_links(
    task: Task,
    made: Builder,
    step: int,
    sent: Mapping[SiteName, list[int]],
    received: Mapping[SiteName, list[int]],
    flows: Flows,
) -> dict[SiteName, list[int]]:
    """By receiver what comes from sites with declared links, each pair for itself."""
    over: dict[SiteName, list[int]] = defaultdict(list)
    for source in sorted(_declared(task)):
        if not sent.get(source):
            continue
        to = [target for target, columns in received.items() if columns and target != source]
        columns = [made.column("over", source, target, step) for target in to]
        for target, column in zip(to, columns, strict=True):
            over[target].append(column)
            flows["link", source, target].append(column)
        made.add(Kind.BALANCE, step, source, plus(sent[source]) + minus(columns), exactly=True)
    return over


def _first_hand(task: Task, made: Builder, number: int, step: int) -> None:
    """Each file that has come in was put somewhere else, or kept at that site, at least once."""
    source = task.sources[number]
    keys: list[tuple[str, ...]] = [("made", a.name) for a in holding(task, source.groups)]
    keys += [("first", site) for site in source.ingest or ()]
    columns = [
        column
        for before in range(step + 1)
        for what, *where in (*keys, ("foreign",))
        for column in made.there(what, number, *where, before)
    ]
    end, groups = task.steps[step].end, [task.groups[n] for n in source.groups]
    needed = sum(
        (arrived(group, end - timedelta(seconds=group.deadline)) for group in groups), Fraction(0)
    )
    if needed:
        made.add(Kind.ARRIVAL, step, "", minus(columns), -needed, about=number, grows=True)
    is_made = source.ingest is None and not source.unknown
    most = sum(
        ((1 if is_made else _copies(g)) * may_have_arrived(g, end) for g in groups), Fraction(0)
    )
    made.add(Kind.AVAILABLE, step, "", plus(columns), most, about=number, grows=True)


def _moves(task: Task, made: Builder, step: int, flows: Flows) -> None:
    time = task.steps[step]
    for move in task.moves:
        within = move.earliest <= time.start and time.end <= move.latest
        if within and not {move.source, move.target} & time.down:
            column = made.column("move", move.name, step)
            flows["out", move.source].append(column)
            flows["in", move.target].append(column)
            flows["link", move.source, move.target].append(column)


def _limits(task: Task, made: Builder, step: int, flows: Flows) -> None:
    seconds = task.steps[step].seconds

    def limit(kind: Kind, place: str, columns: list[int], rate: int) -> None:
        terms: Terms = plus(columns)
        if columns:
            made.add(kind, step, place, terms, Fraction(rate * seconds, 8))

    for site in task.federation.sites.values():
        if site.uplink is not None and task.counted((*site.drafts, *site.uplink_drafts)):
            limit(Kind.OUT, site.name, flows["out", site.name], site.uplink)
            limit(Kind.IN, site.name, flows["in", site.name], site.uplink)
    for index, link in enumerate(task.federation.links):
        if task.counted(link.drafts):
            limit(Kind.LINK, str(index), flows["link", link.source, link.target], link.rate)
    for area in task.federation.areas.values():
        speed = area.throughput
        if speed is not None and task.counted(speed.drafts):
            if speed.write is not None:
                limit(Kind.WRITE, area.name, flows["write", area.name], speed.write)
            if speed.read is not None:
                limit(Kind.READ, area.name, flows["read", area.name], speed.read)


def is_limited(task: Task) -> bool:
    """Whether the specs say anything that transfers could be held against."""
    federation = task.federation
    speeds = [area.throughput for area in federation.areas.values() if area.throughput]
    return (
        any(
            site.uplink is not None and task.counted((*site.drafts, *site.uplink_drafts))
            for site in federation.sites.values()
        )
        or any(task.counted(link.drafts) for link in federation.links)
        or any(task.counted(speed.drafts) for speed in speeds)
    )
