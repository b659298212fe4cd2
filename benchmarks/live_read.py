"""Measured in a process of its own: what `srcnet plan` does to a live server, part by part.

`python -m benchmarks.live_read SPECS` prints the seconds of each part as JSON.
"""

import json
import sys
import time
from datetime import date
from itertools import pairwise
from pathlib import Path

from srcnet_compiler.converge import make_plan, reach
from srcnet_compiler.pipeline import compile_specs

TODAY = date(2026, 11, 1)


def main(specs: Path) -> None:
    marks = [time.perf_counter()]
    compiled = compile_specs(specs, TODAY)
    marks.append(time.perf_counter())
    with reach(compiled, {}) as (system,):
        marks.append(time.perf_counter())
        reading = system.read()
        marks.append(time.perf_counter())
        make_plan(compiled, system, frozenset())
        marks.append(time.perf_counter())
    model = system.lowered.model
    assert not reading.gaps, reading.gaps
    assert reading.model.rses.keys() == model.rses.keys()
    assert reading.model.distances.keys() == model.distances.keys()
    seconds = (end - begin for begin, end in pairwise(marks))
    parts = ("compile", "connect", "read", "read and plan")
    print(json.dumps(dict(zip(parts, seconds, strict=True))))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
