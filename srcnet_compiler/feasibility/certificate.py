"""Proof that a program has no solution, checked in exact arithmetic by what knows no solver.

By Farkas' lemma: take each row so many times that no column is left with a negative factor. Since
no column is negative, the left side is then at least 0; where the right side is below 0 nothing
can satisfy all rows.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from srcnet_compiler.feasibility.program import Program

_SMALL = 1e-9
"""Of the largest multiplier: what a solver leaves where it means nothing."""
_DENOMINATORS = (1, 2, 6, 12, 60, 1000, 100_000, 10_000_000)


@dataclass(frozen=True, slots=True)
class Certificate:
    """How many times each row is taken, by its number, and how many bytes the sum falls short."""

    multipliers: Mapping[int, Fraction]
    short: Fraction


def check(program: Program, multipliers: Mapping[int, Fraction]) -> Certificate | None:
    """The certificate, where these multipliers prove that `program` has no solution."""
    left: dict[int, Fraction] = defaultdict(Fraction)
    right = Fraction(0)
    for number, times in multipliers.items():
        if not 0 <= number < len(program.rows):
            return None
        row = program.rows[number]
        if times < 0 and not row.exactly:
            return None
        right += times * row.amount
        for column, factor in row.terms:
            left[column] += times * factor
    if right >= 0 or any(factor < 0 for factor in left.values()):
        return None
    return Certificate({n: times for n, times in multipliers.items() if times}, -right)


def rationalised(program: Program, ray: Mapping[int, float]) -> Certificate | None:
    """The certificate that a solver's multipliers, which are rounded, come near to; None where no
    simple fractions near them prove anything."""
    return next(
        (found for tried in _near(ray) if (found := check(program, tried)) is not None), None
    )


def _near(ray: Mapping[int, float]) -> Iterator[dict[int, Fraction]]:
    largest = max(map(abs, ray.values()), default=0.0)
    kept = {number: value for number, value in ray.items() if abs(value) > _SMALL * largest}
    units = sorted({round(abs(value), 9) for value in kept.values()} - {0.0})
    for denominator in _DENOMINATORS:
        for unit in dict.fromkeys((*units[-1:], *units[:1], *units[len(units) // 2 :][:1])):
            for sign in (1, -1):
                yield {
                    number: Fraction(sign * value / unit).limit_denominator(denominator)
                    for number, value in kept.items()
                }
