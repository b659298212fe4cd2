"""What is recalled from archives: read there, and sent to where it is wanted."""

from datetime import datetime
from fractions import Fraction

from srcnet_compiler.feasibility.program import Kind
from srcnet_compiler.feasibility.rows import Builder, Task, holding, minus, plus, sites_of
from srcnet_compiler.feasibility.space import is_recalling, recall_areas
from srcnet_compiler.quantity import SECONDS_PER_YEAR


def add(task: Task, made: Builder, step: int, flows: dict[tuple[str, ...], list[int]]) -> None:
    """For each group that says how much is recalled, from the step on in which there is any."""
    down, seconds = task.steps[step].down, task.steps[step].seconds
    for number, group in enumerate(task.groups):
        if not is_recalling(task, group, step):
            continue
        archives = sites_of(
            [a for a in holding(task, [number]) if task.federation.tiers[a.tier].archive]
        )
        targets = sites_of(list(recall_areas(task, group)))
        sent, received, beside = [], [], []
        for site, areas in archives.items():
            if site in down:
                continue
            out = [made.column("recall-out", number, site, step)]
            sent += out
            flows["out", site] += out
            if site in targets:
                out.append(made.column("recall-beside", number, site, step))
                beside += out[1:]
            up = [area for area in areas if area.name not in down]
            read = [made.column("recall-read", number, area.name, step) for area in up]
            for area, column in zip(up, read, strict=True):
                flows["read", area.name].append(column)
            made.add(Kind.HELD, step, site, plus(out) + minus(read), about=number)
        for site in targets:
            if site not in down:
                column = made.column("recall-in", number, site, step)
                received.append(column)
                flows["in", site].append(column)
        made.add(Kind.BALANCE, step, "", plus(received) + minus(sent), exactly=True, about=number)
        made.recalled.setdefault((number, task.steps[step].start.year), []).append(
            (seconds, [*received, *beside])
        )
        if step + 1 == len(task.steps) or is_year_end(task.steps[step].end):
            _needed(made, number, step, task)


def is_year_end(moment: datetime) -> bool:
    """Whether a year has just ended."""
    return (moment.month, moment.day, moment.hour, moment.minute, moment.second) == (1, 1, 0, 0, 0)


def _needed(made: Builder, number: int, step: int, task: Task) -> None:
    """What is recalled in a year comes within it; nobody says on which day."""
    parts = made.recalled[number, task.steps[step].start.year]
    seconds = sum(long for long, _ in parts)
    terms = minus([column for _, columns in parts for column in columns])
    amount = task.groups[number].recall * Fraction(seconds, SECONDS_PER_YEAR)
    made.add(Kind.RECALL, step, "", terms, -amount, about=number, grows=True)
