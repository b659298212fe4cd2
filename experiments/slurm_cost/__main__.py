"""Make the experiment, or the table from what is recorded. Start here."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from tempfile import TemporaryDirectory

from experiments.slurm_cost import table, transcript
from experiments.slurm_cost.case import Case
from experiments.slurm_cost.cases import CASES
from experiments.slurm_cost.stand import Raw
from experiments.slurm_cost.trial import record, version
from srcnet_compiler.demo.processes import ServerError

HOW = "made by `python -m experiments.slurm_cost run`, each case on a cluster of its own"
OF_TRANSCRIPT = (
    "taken by `python -m experiments.slurm_cost table` from what earlier sessions on Debian 13"
    " printed (cost-transcript.txt by cost-script.sh, reservation.json by record.sh) and, where it"
    " says so, from their notes; not made again by this experiment"
)
TRIES = 3  # to bring a cluster up


def main() -> int:
    wanted = _arguments()
    if wanted.what == "run":
        chosen = [case for case in CASES if not wanted.only or case.name in wanted.only]
        failed = _run(chosen)
        if failed:
            print(f"not recorded: {', '.join(failed)}", file=sys.stderr)
            return 1
    old = table.RECORDINGS / transcript.FOLDER
    table.write_recording(old, transcript.VERSION, OF_TRANSCRIPT, transcript.raw(old))
    table.TABLE.write_text(table.text(), "utf-8")
    print(f"written: {table.TABLE.relative_to(table.PROJECT)}")
    return 0


def _arguments() -> Namespace:
    parser = ArgumentParser(prog="python -m experiments.slurm_cost", description=__doc__)
    parser.add_argument("what", choices=["run", "table"])
    parser.add_argument(
        "--only",
        action="append",
        metavar="CASE",
        choices=[case.name for case in CASES],
        help="this case; may be given again: " + ", ".join(case.name for case in CASES),
    )
    return parser.parse_args()


def _run(chosen: list[Case]) -> list[str]:
    """Record each and keep it at once; the names of those that could not be."""
    found = version()
    folder = table.RECORDINGS / ".".join(found.split(".")[:2])
    folder.mkdir(exist_ok=True)
    failed = []
    for case in chosen:
        raw = _recorded(case)
        if raw is None:
            failed.append(case.name)
            continue
        before = table.recording(folder)["cases"] if (folder / table.RECORDING).exists() else []
        kept = [each for each in before if each["case"] != case.name]
        table.write_recording(folder, found, HOW, [*kept, raw])
        print(f"{case.name}: recorded", flush=True)
    return failed


def _recorded(case: Case) -> Raw | None:
    """None where it could not be brought so far, also not at another try."""
    for _ in range(TRIES):
        with TemporaryDirectory(prefix="srcnet-slurm-cost-") as folder:
            try:
                return record(case, Path(folder) / "cluster")
            except ServerError as trouble:
                print(f"{case.name}: {trouble}", file=sys.stderr, flush=True)
    return None


if __name__ == "__main__":
    sys.exit(main())
