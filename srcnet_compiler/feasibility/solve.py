"""What HiGHS says of a program: possible or not, and why. Whether it is right is checked elsewhere.

An infeasible set of rows is asked for as a dual ray with presolve off: HiGHS' own search for one
may answer with an empty set and call that fine.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import chain
from typing import TYPE_CHECKING

from srcnet_compiler.feasibility.program import Program

if TYPE_CHECKING:
    from highspy._core import _Highs

UNIT = 10**15
"""Amounts are told to the solver in petabytes: its tolerances are about numbers near 1."""
MOST = 1000.0
"""Who could grow by more than this is not limited by anything that is known."""


class Verdict(Enum):
    POSSIBLE = "possible"
    IMPOSSIBLE = "impossible"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Growth:
    """How many times as much could arrive; by row number, what one unit more of its amount adds."""

    factor: float
    adds: dict[int, float]


def is_possible(program: Program) -> Verdict:
    """Whether some schedule satisfies all rows, within the solver's tolerance."""
    import highspy

    solver = _solver(program)
    solver.run()
    status = solver.getModelStatus()
    if status == highspy.HighsModelStatus.kOptimal:
        return Verdict.POSSIBLE
    if status in (
        highspy.HighsModelStatus.kInfeasible,
        highspy.HighsModelStatus.kUnboundedOrInfeasible,
    ):
        return Verdict.IMPOSSIBLE
    return Verdict.UNKNOWN


def dual_ray(program: Program) -> dict[int, float]:
    """By row number how often it is taken in a proof that nothing satisfies all; may be empty."""
    solver = _solver(program)
    solver.setOptionValue("presolve", "off")
    solver.setOptionValue("solver", "simplex")
    solver.run()
    _, there, ray = solver.getDualRay()  # type: ignore[attr-defined]  # its stubs leave it out
    return {number: float(value) for number, value in enumerate(ray) if value} if there else {}


def growth(program: Program) -> Growth | None:
    """The most that could arrive where nothing else changes; None where the solver does not say."""
    import highspy

    solver = _solver(program.growing(), last_costs=True)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    solution = solver.getSolution()
    duals = enumerate(solution.row_dual)
    return Growth(
        float(solution.col_value[program.columns]),
        {number: -float(value) / UNIT for number, value in duals if abs(value) > 1e-9},
    )


def cheapest(program: Program, costs: Mapping[int, float]) -> list[float]:
    """What every column is, in petabytes, where all rows hold and the columns with `costs` come to
    the least; empty where the solver does not say."""
    import highspy

    solver = _solver(program, costs=costs)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return []
    return [float(value) for value in solver.getSolution().col_value]


def _solver(
    program: Program, *, last_costs: bool = False, costs: Mapping[int, float] | None = None
) -> "_Highs":
    import highspy
    import numpy
    from highspy._core import _Highs

    solver = _Highs()  # the class around it prints a banner on stdout before it can be told not to
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    model = highspy.HighsLp()
    rows = program.rows
    model.num_col_, model.num_row_ = program.columns, len(rows)
    prices = numpy.zeros(program.columns)
    for column, price in (costs or {}).items():
        prices[column] = price
    ends = numpy.full(program.columns, highspy.kHighsInf)
    if last_costs:
        prices[-1], ends[-1] = -1.0, MOST
    model.col_cost_, model.col_lower_, model.col_upper_ = prices, numpy.zeros_like(prices), ends
    amounts = numpy.array([float(row.amount) / UNIT for row in rows], dtype=float)
    exactly = numpy.array([row.exactly for row in rows], dtype=bool)
    model.row_upper_ = amounts
    model.row_lower_ = numpy.where(exactly, amounts, -highspy.kHighsInf)
    matrix = model.a_matrix_
    matrix.format_ = highspy.MatrixFormat.kRowwise
    starts = numpy.zeros(len(rows) + 1, dtype=numpy.int32)
    numpy.cumsum([len(row.terms) for row in rows], out=starts[1:])
    matrix.start_ = starts
    terms = list(chain.from_iterable(row.terms for row in rows))
    matrix.index_ = numpy.array([column for column, _ in terms], dtype=numpy.int32)
    last = program.columns - 1
    matrix.value_ = numpy.array(
        [
            float(factor) / UNIT if last_costs and column == last else float(factor)
            for column, factor in terms
        ],
        dtype=float,
    )
    solver.passModel(model)
    return solver
