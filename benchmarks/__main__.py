"""Measure all cases, print a table, add a line to history.jsonl. Start here.

Each case is a whole process, run several times after one that does not count. What is printed are
medians; on a busy machine the processor seconds say more than the elapsed ones.
"""

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import history
from benchmarks.cases import CASES, Case
from benchmarks.measure import Measured, measure

COLUMNS = "{:<42}{:>9}{:>9}{:>9}{:>9}{:>9}{:>6}"


def main() -> int:
    wanted = _arguments()
    load = os.getloadavg()[0]
    chosen = [case for case in CASES if not wanted.only or case.name in wanted.only]
    if wanted.quick and not wanted.only:
        chosen = [case for case in chosen if not case.is_live]
    print(f"{os.cpu_count()} cores, {load:.1f} busy before\n")
    print(COLUMNS.format("what", "goal s", "wall s", "cpu s", "goal MB", "peak MB", "runs"))
    results: dict[str, Measured] = {}
    failed = 0
    for case in chosen:
        try:
            found = results[case.name] = _measured(
                case, min(case.runs, 3) if wanted.quick else case.runs
            )
        except (RuntimeError, AssertionError) as trouble:
            failed += 1
            print(f"{case.what}: could not be measured\n{trouble}", file=sys.stderr)
            continue
        print("\n".join(_rows(case, found)), flush=True)
    if results and not wanted.dry:
        history.add(results, load)
    return 1 if failed else 0


def _arguments() -> Namespace:
    parser = ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="3 runs of each, and no live server")
    parser.add_argument(
        "--only",
        action="append",
        metavar="NAME",
        choices=[case.name for case in CASES],
        help="this case; may be given again: " + ", ".join(case.name for case in CASES),
    )
    parser.add_argument("--dry", action="store_true", help="leave history.jsonl alone")
    return parser.parse_args()


def _measured(case: Case, runs: int) -> Measured:
    with TemporaryDirectory(prefix="srcnet-bench-") as scratch:
        folder = Path(scratch)
        (folder / "case").mkdir()
        with case.task(folder / "case") as task:
            return measure(task, runs, folder / "said.log")


def _rows(case: Case, found: Measured) -> Iterator[str]:
    """One row for the whole, one for each part; the goal stands where it belongs."""
    goal = "-" if case.goal is None else f"{case.goal:.3g}"
    memory = "-" if case.goal_memory is None else f"{case.goal_memory:.0f}"
    yield COLUMNS.format(
        case.what,
        "" if case.part else goal,
        f"{found.wall:.3f}",
        f"{found.cpu:.3f}",
        memory,
        f"{found.memory:.0f}",
        found.runs,
    )
    for name, seconds in found.parts.items():
        here = goal if name == case.part else ""
        yield COLUMNS.format(f"  {name}", here, f"{seconds:.3f}", "", "", "", "").rstrip()


if __name__ == "__main__":
    sys.exit(main())
