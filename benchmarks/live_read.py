"""Measured in a process of its own: what a plan does to a live server, part by part.

`python -m benchmarks.live_read SPECS [ROOT]` prints the seconds of each part as JSON. With ROOT, a
file with the credentials of Rucio's root, it reads as root: only root may export all at once. Else
it reads as the compiler's own account, which asks for each link by itself.
"""

import json
import sys
import time
from datetime import date
from itertools import pairwise
from pathlib import Path

from srcnet_compiler.federation.model import Secret
from srcnet_compiler.pipeline import compile_specs
from srcnet_compiler.targets.rucio import TARGET
from srcnet_compiler.targets.rucio.live import connect

TODAY = date(2026, 11, 1)


def main(specs: Path, root: Path | None) -> None:
    marks = [time.perf_counter()]
    compiled = compile_specs(specs, TODAY)
    marks.append(time.perf_counter())
    assert compiled.federation is not None
    data, model = compiled.federation.data, compiled.models[0].model
    secret = Secret("file", str(root)) if root else None
    with connect(data, {}, account="root" if root else None, secret=secret) as client:
        marks.append(time.perf_counter())
        reading = TARGET.read(client, model)
        marks.append(time.perf_counter())
    changes = TARGET.diff(model, reading)
    marks.append(time.perf_counter())
    assert not reading.gaps, reading.gaps
    assert reading.model.rses.keys() == model.rses.keys()
    assert reading.model.distances.keys() == model.distances.keys()
    assert not [change for change in changes if change.address.kind in ("rse", "distance")]
    seconds = (end - begin for begin, end in pairwise(marks))
    print(json.dumps(dict(zip(("compile", "connect", "read", "diff"), seconds, strict=True))))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if sys.argv[2:] else None)
