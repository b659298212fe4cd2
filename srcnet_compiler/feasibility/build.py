"""From groups, areas and steps of time to the rows of one linear program.

Whatever anybody could really do satisfies all rows, so that a proof against them is a proof against
every schedule. What nobody has said (an uplink, a throughput) has no row.
"""

from srcnet_compiler.feasibility import space, transfers
from srcnet_compiler.feasibility.program import Program
from srcnet_compiler.feasibility.rows import Builder, Task


def program(task: Task) -> Program:
    """All rows of a task."""
    made = built(task)
    return Program(len(made.columns), tuple(made.rows))


def built(task: Task) -> Builder:
    """The same, with what each column is."""
    made = Builder()
    space.add(task, made)
    if task.transfers:
        transfers.add(task, made)
    return made
