"""What must be moved, and what uplinks, links and drives carry: rows for each step.

Columns, all of one group and step: `in` what an area receives over the network, `made` what is put
on it at the site where it came in, `beside` what is copied from another area of its site; `first`
what a site sends of what came in there, `out` what it sends of what it holds, `foreign` what comes
from a place that nobody has named; `over` what one site sends another where a link is declared.
"""

from collections import defaultdict
from datetime import timedelta
from fractions import Fraction

from srcnet_compiler.feasibility import recalls
from srcnet_compiler.feasibility.model import Group
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
    for step in range(len(task.steps)):
        flows: Flows = defaultdict(list)
        for number, group in enumerate(task.groups):
            _flows(task, made, number, step, flows)
            _first_hand(task, made, number, group, step)
        recalls.add(task, made, step, flows)
        _moves(task, made, step, flows)
        _limits(task, made, step, flows)
    for move in task.moves:
        used = [s for s in range(len(task.steps)) if made.there("move", move.name, s)]
        within = [s for s, time in enumerate(task.steps) if time.end <= move.latest]
        columns = [made.column("move", move.name, step) for step in used]
        last = max(within, default=0)
        made.add(Kind.MOVE, last, move.name, minus(columns), -move.amount)


def _flows(task: Task, made: Builder, number: int, step: int, flows: Flows) -> None:
    group, down = task.groups[number], task.steps[step].down
    by_site = sites_of(holding(task, group))
    up = {site: [a for a in areas if a.name not in down] for site, areas in by_site.items()}
    for site, areas in by_site.items():
        if site in down:
            up[site] = []
        local = _is_made_at(group, site)
        for area in up[site]:
            flows["in", site].append(made.column("in", number, area.name, step))
            if local:
                made.column("made", number, area.name, step)
            if len(areas) > 1:
                made.column("beside", number, area.name, step)
            flows["write", area.name] += _into(made, number, area, step)
        for area in areas:
            _growth(made, group, number, area, step)
        if site not in down:
            _held(task, made, number, step, site, areas)
            flows["out", site].append(made.column("out", number, site, step))
    for site in group.ingest or ():
        if site not in down:
            flows["out", site].append(made.column("first", number, site, step))
    if group.unknown:
        made.column("foreign", number, step)
    _balance(task, made, number, step, up, flows)


def _is_made_at(group: Group, site: SiteName) -> bool:
    return site in group.ingest if group.ingest is not None else not group.unknown


def _into(made: Builder, number: int, area: StorageArea, step: int) -> list[int]:
    return [
        column
        for what in ("in", "made", "beside")
        for column in made.there(what, number, area.name, step)
    ]


def _at(made: Builder, group: Group, number: int, area: StorageArea, step: int) -> list[int]:
    """What an area holds at the end of a step, in all phases."""
    return [
        column
        for phase in range(len(group.phases))
        for column in made.there("held", number, phase, area.name, step)
    ]


def _growth(made: Builder, group: Group, number: int, area: StorageArea, step: int) -> None:
    """An area holds what it held, and what it was given."""
    now = _at(made, group, number, area, step)
    if now:
        before = _at(made, group, number, area, step - 1)
        given = _into(made, number, area, step)
        made.add(Kind.GROWTH, step, area.name, plus(now) + minus([*before, *given]), group=number)


def _copies(group: Group) -> int:
    """No file is sent more often by one holder in one step than all phases ask for copies."""
    return sum(phase.count for phase in group.phases)


def _held(
    task: Task, made: Builder, number: int, step: int, site: SiteName, areas: list[StorageArea]
) -> None:
    """A site sends on what it holds or is given."""
    group = task.groups[number]
    sent = [made.column("out", number, site, step)]
    source: list[int] = []
    for area in areas:
        sent += made.there("beside", number, area.name, step)
        source += _at(made, group, number, area, step - 1)
        source += made.there("in", number, area.name, step)
        source += made.there("made", number, area.name, step)
    terms = plus(sent) + minus(source, _copies(group))
    made.add(Kind.HELD, step, site, terms, group=number)


def _balance(
    task: Task,
    made: Builder,
    number: int,
    step: int,
    up: dict[SiteName, list[StorageArea]],
    flows: Flows,
) -> None:
    """What is received was sent, by another site; where links are declared, by which one."""
    received = {
        site: [c for area in areas for c in made.there("in", number, area.name, step)]
        for site, areas in up.items()
    }
    sent = {
        site: made.there("out", number, site, step) + made.there("first", number, site, step)
        for site in sorted({*up, *(task.groups[number].ingest or ())})
    }
    over: dict[SiteName, list[int]] = defaultdict(list)
    declared = {link.source for link in task.federation.links if task.counted(link.drafts)}
    for source in sorted(declared & {s for s, columns in sent.items() if columns}):
        to = [t for t, columns in received.items() if columns and t != source]
        columns = [made.column("over", number, source, target, step) for target in to]
        for target, column in zip(to, columns, strict=True):
            over[target].append(column)
            flows["link", source, target].append(column)
        terms = plus(sent[source]) + minus(columns)
        made.add(Kind.BALANCE, step, source, terms, exactly=True, group=number)
    all_sent = [column for columns in sent.values() for column in columns]
    all_sent += made.there("foreign", number, step)
    all_received = [column for columns in received.values() for column in columns]
    if not all_received and not all_sent:
        return
    terms = plus(all_received) + minus(all_sent)
    made.add(Kind.BALANCE, step, "", terms, exactly=True, group=number)
    pool = made.column("pool", number, step)
    linked = [column for columns in over.values() for column in columns]
    terms = [(pool, 1), *minus(all_received), *plus(linked)]
    made.add(Kind.BALANCE, step, "", terms, exactly=True, group=number)
    for target, columns in over.items():
        terms = plus(columns) + minus(received[target])
        made.add(Kind.BALANCE, step, target, terms, group=number)
    for site, columns in sent.items():
        if site not in declared:
            terms = plus([*columns, *received.get(site, [])])
            terms += [(pool, -1), *minus(over.get(site, []))]
            made.add(Kind.BALANCE, step, site, terms, group=number)


def _first_hand(task: Task, made: Builder, number: int, group: Group, step: int) -> None:
    """Each file that has come in was put somewhere else, or kept at that site, at least once."""
    columns = [
        column
        for before in range(step + 1)
        for key in _first_keys(task, group)
        for column in made.there(key[0], number, *key[1:], before)
    ]
    end = task.steps[step].end
    needed = arrived(group, end - timedelta(seconds=group.deadline))
    if needed:
        made.add(Kind.ARRIVAL, step, "", minus(columns), -needed, group=number, grows=True)
    often = 1 if group.ingest is None and not group.unknown else _copies(group)
    most = often * may_have_arrived(group, end)
    made.add(Kind.AVAILABLE, step, "", plus(columns), most, group=number, grows=True)


def _first_keys(task: Task, group: Group) -> list[tuple[str, ...]]:
    keys: list[tuple[str, ...]] = [("made", area.name) for area in holding(task, group)]
    keys += [("first", site) for site in group.ingest or ()]
    return [*keys, ("foreign",)]


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
