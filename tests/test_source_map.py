"""The source map of a build: what is read back is what was emitted, in however many sets."""

import json
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from srcnet_compiler.artifact import Artifact, Runs
from srcnet_compiler.cli.build_folder import Build
from srcnet_compiler.cli.source_map import SOURCE_MAP, read_source_map
from srcnet_compiler.span import Span

PLACES = [Span(f"site-specs/{n % 3}.yaml", n, 1, n, 5) for n in range(40)]
places = st.lists(st.sampled_from(PLACES), max_size=14).map(tuple)


@st.composite
def builds(draw: st.DrawFn) -> list[Artifact]:
    """Artifacts of which many lines have the places of others behind their own."""
    shared = draw(st.lists(places, min_size=1, max_size=4))
    found = []
    for number in range(draw(st.integers(0, 4))):
        sources = [
            (*draw(places), *draw(st.sampled_from(shared))) for _ in range(draw(st.integers(0, 12)))
        ]
        form = draw(st.sampled_from(["mapping", "runs"]))
        of_lines = dict(enumerate(sources, start=1))
        runs = Runs(tuple((spans, 1) for spans in sources))
        path = PurePosixPath(f"x/{number}.yaml")
        found.append(Artifact(path, "line\n" * len(sources), runs if form == "runs" else of_lines))
    return found


def written(folder: Path, artifacts: list[Artifact]) -> int:
    """How many files changed."""
    with Build(folder) as build:
        for artifact in artifacts:
            build.add(artifact)
        return build.commit("")


@given(builds())
def test_every_line_is_read_back_with_its_places(artifacts: list[Artifact]):
    with TemporaryDirectory() as name:
        folder = Path(name) / "build"
        written(folder, artifacts)
        expected = {str(a.path): [*a.sources.values()] for a in artifacts}
        assert read_source_map(folder) == expected
        assert written(folder, artifacts) == 0


@given(st.lists(st.tuples(places, st.integers(1, 5)), max_size=6))
def test_runs_are_a_mapping_of_lines(runs: list[tuple[tuple[Span, ...], int]]):
    found = Runs(tuple(runs))
    expected = dict(enumerate((s for s, count in runs for _ in range(count)), start=1))
    assert found == expected
    assert [*found] == [*expected]
    assert [*found.values()] == [*expected.values()]
    assert [found.get(n) for n in (0, -1, len(expected) + 1)] == [None] * 3


def test_a_source_map_that_asks_for_all_memory_is_none(tmp_path: Path):
    """It may come with somebody's pull request."""
    data = {"files": {"a": [0, 10**15]}, "sets": [[]], "places": []}
    (tmp_path / SOURCE_MAP).write_text(json.dumps(data))
    assert read_source_map(tmp_path) is None
