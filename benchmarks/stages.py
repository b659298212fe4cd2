"""Measured in a process of its own: every stage of a compilation, for itself.

`python -m benchmarks.stages SPECS OUT` prints the seconds of each as JSON. Stages that need the one
before are called as `pipeline` calls them, of all targets, the garbage collector held back as it
does.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

TODAY = date(2026, 11, 1)


def main(specs: Path, out: Path) -> None:
    seconds: dict[str, float] = {}

    @contextmanager
    def part(name: str) -> Iterator[None]:
        begin = time.perf_counter()
        yield
        seconds[name] = time.perf_counter() - begin

    with part("import"):
        from srcnet_compiler import pipeline
        from srcnet_compiler.analysis.passes import analyse
        from srcnet_compiler.cli.build_folder import Build
        from srcnet_compiler.federation.link import link
        from srcnet_compiler.source import no_collection
        from srcnet_compiler.targets.registry import TARGETS
    with no_collection():
        with part("load"):
            sources, found = pipeline.load(specs, pipeline.spec_files(specs))
        with part("link"):
            federation = link(sources.specs).value
        assert federation is not None, found
        with part("analyse"):
            analysis = analyse(federation, TODAY).value
        assert analysis is not None
        with part("lower"):
            models = [(t, model) for t in TARGETS for model in t.lower(federation, analysis, None)]
        with part("check"):
            objections = [found for t, model in models for found in t.check(model, federation)]
        assert not objections, objections[0]
        with part("emit"):
            artifacts = [file for t, model in models for file in t.emit(model)]
    with part("write"), no_collection(), Build(out) as build:
        for artifact in artifacts:
            build.add(artifact)
        build.commit("")
    print(json.dumps(seconds))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
