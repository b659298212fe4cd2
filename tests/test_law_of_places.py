"""Law 7: every emitted line has its spec places, and changing one scalar changes only its lines.

Every scalar of the golden federation is changed, one at a time, to other values that still
compile. A line that goes must have the scalar among its places before, a line that comes, after.
There is one exception: a document that retires, or renames, one thing instead of another gives back
to the first what it has by itself, and takes it from the second. Such a line has places of the
thing alone.
"""

import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path

import pytest
from golden_scalars import FILES, SCALARS, TAKES_AWAY, Scalar, changed_files, others, scalars
from hypothesis import given
from random_specs import federations
from specs import TODAY, compile_texts

from srcnet_compiler.artifact import Artifact
from srcnet_compiler.pipeline import Compiled
from srcnet_compiler.span import Span
from srcnet_compiler.targets.registry import MERGED, TARGETS

GOLDEN_ARTIFACTS = Path(__file__).parent / "golden"


def lines_of(artifact: Artifact) -> list[str]:
    return artifact.content.split("\n")[:-1]


def assert_every_line_has_a_place(artifacts: tuple[Artifact, ...]) -> None:
    for artifact in artifacts:
        wanted = range(1, len(lines_of(artifact)) + 1)
        assert list(artifact.sources) == list(wanted)
        for number, spans in artifact.sources.items():
            assert spans, f"{artifact.path}:{number}"


@pytest.mark.parametrize("name", ["golden", "real"])
def test_every_line_has_a_place(name, request):
    assert_every_line_has_a_place(request.getfixturevalue(name).artifacts)


@given(built=federations())
def test_every_line_of_a_random_federation_has_a_place(built):
    for target in TARGETS:
        for model in target.lower(built.federation, built.analysis):
            assert_every_line_has_a_place(target.emit(model))


@pytest.mark.parametrize("name", ["golden", "real"])
def test_every_wanted_field_has_a_place(name, request):
    result = request.getfixturevalue(name)
    for lowered in (*result.models, *result.pipelines):
        for thing in lowered.model.things():
            # of an object's field the place may be that of what it lies in
            places = getattr(thing, "spans", None) or thing.origins.get
            bare = [key for key in thing.fields() if not places(key)]
            assert not bare, f"{thing.kind} {thing.name}"


def test_a_value_that_is_copied_has_its_scalar_as_its_first_place(golden):
    """Not some mapping around it: this is where `explain` puts the cursor."""
    wanted = {
        "MaxSpaceAvailable: 390500000000000": "390.5 TB",
        "account_limits: {srcnet-policy: 300000000000000}": "300 TB",
        "city: Lugano": "Lugano",
        "country_name: SE": "SE",
        'fts: "https://fts.example.org:8446"': '"https://fts.example.org:8446"',
        'srcnet_weight: "250000"': "250 TB",
        "srcnet_tier: nearline": "nearline",
        "- name: CASRC_XRD": "CASRC_XRD",
        'transmogrifier/maxdids: "500"': '"500"',
        "project: group_archive": "group_archive",
        "availability_write: false": "UKSRC-JBO-T1",
    }
    first: dict[str, set[str]] = defaultdict(set)
    for artifact in golden.artifacts:
        for number, line in enumerate(lines_of(artifact), start=1):
            first[line.strip()].add(quoted(artifact.sources[number][0]))
    for line, text in wanted.items():
        assert first[line] == {text}, line


def quoted(span: Span) -> str:
    """What stands at a place that lies on one line."""
    if span.line != span.end_line:
        return f"{span}"
    line = FILES[span.file].split("\n")[span.line - 1]
    return line[span.column - 1 : span.end_column - 1]


# ── every scalar, changed ─────────────────────────────────────────────────────────────────────


@cache
def before() -> Compiled:
    return compile_texts(FILES)


@dataclass(frozen=True)
class Line:
    path: str
    number: int
    text: str
    spans: tuple[Span, ...]

    @property
    def same(self) -> tuple[object, ...]:
        """A line that merely moved is the same: it says the same for the same reasons."""
        places = frozenset((span.file, span.line, span.end_line) for span in self.spans)
        return (self.text, places)


def numbered(artifact: Artifact) -> list[Line]:
    return [
        Line(str(artifact.path), number, text, artifact.sources[number])
        for number, text in enumerate(lines_of(artifact), start=1)
    ]


def gone_and_come(old: Compiled, new: Compiled) -> tuple[list[Line], list[Line]]:
    """The lines that differ. A file that was renamed is compared with itself, but for its head."""
    olds = {str(artifact.path): artifact for artifact in old.artifacts}
    news = {str(artifact.path): artifact for artifact in new.artifacts}
    gone: list[Line] = []
    come: list[Line] = []
    lost, found = sorted(olds.keys() - news.keys()), sorted(news.keys() - olds.keys())
    if len(lost) == len(found):
        pairs = [(olds[a], news[b]) for a, b in zip(lost, found, strict=True)]
        gone += [numbered(a)[0] for a, _ in pairs]
        come += [numbered(b)[0] for _, b in pairs]
    else:
        pairs = []
        gone += [line for path in lost for line in numbered(olds[path])]
        come += [line for path in found for line in numbered(news[path])]
    pairs += [(olds[path], news[path]) for path in sorted(olds.keys() & news.keys())]
    for first, second in pairs:
        if first.content != second.content:
            one, other = apart(numbered(first), numbered(second))
            matcher = SequenceMatcher(
                None, [line.text for line in one], [line.text for line in other], autojunk=False
            )
            for tag, a, b, c, d in matcher.get_opcodes():
                if tag != "equal":
                    gone += one[a:b]
                    come += other[c:d]
    moved = Counter(line.same for line in gone) & Counter(line.same for line in come)
    return list(without(gone, moved.copy())), list(without(come, moved.copy()))


LONG = 200
"""Lines."""


def apart(one: list[Line], other: list[Line]) -> tuple[list[Line], list[Line]]:
    """Of long files without the lines that both begin with and both end with: comparing takes long,
    and of a short one it is seen better what was moved if all of it is there."""
    if max(len(one), len(other)) < LONG:
        return one, other
    head = alike(one, other)
    tail = alike(one[: head - 1 if head else None : -1], other[: head - 1 if head else None : -1])
    return one[head : len(one) - tail], other[head : len(other) - tail]


def alike(one: list[Line], other: list[Line]) -> int:
    """With how many lines of the same text both begin."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a.text != b.text), min(len(one), len(other)))


def without(lines: list[Line], moved: Counter[tuple[object, ...]]) -> Iterator[Line]:
    for line in lines:
        if moved[line.same]:
            moved[line.same] -= 1
        else:
            yield line


def overlap(one: Span, other: Span) -> bool:
    return (
        one.file == other.file
        and (one.line, one.column) < (other.end_line, other.end_column)
        and (other.line, other.column) < (one.end_line, one.end_column)
    )


def meant(result: Compiled, name: object) -> Iterator[Span]:
    """The areas, sites, policies and namespaces of this name."""
    federation = result.federation
    assert federation is not None
    for area in federation.areas.values():
        if name in (area.name, area.name_today, area.site):
            yield area.origin.at()
    for policy in federation.policies.values():
        if policy.name == name:
            yield policy.origin.at()


def unexplained(scalar: Scalar, other: str, new: Compiled, old: Compiled) -> list[str]:
    """The lines that changed without having the scalar among their places."""
    gone, come = gone_and_come(old, new)
    here = scalar.span
    there = Span(here.file, here.line, here.column, here.line, here.column + len(other))
    taken: list[Span] = []
    given: list[Span] = []
    if scalar.key in TAKES_AWAY:
        taken = list(meant(old, json.loads(other)))
        given = list(meant(new, scalar.value))
    return [
        f"{sign} {line.path}:{line.number}: {line.text}"
        for sign, lines, place, wide in (("-", gone, here, taken), ("+", come, there, given))
        for line in lines
        if not any(overlap(span, place) for span in line.spans)
        and not any(overlap(span, thing) and span != thing for thing in wide for span in line.spans)
    ]


@pytest.mark.parametrize("file", FILES)
def test_a_scalar_changes_only_lines_that_map_to_it(file):
    wrong: dict[str, list[str]] = {}
    tried = effective = 0
    for scalar in SCALARS:
        if scalar.span.file != file:
            continue
        for other in others(scalar):
            new = compile_texts(changed_files(scalar, other), TODAY)
            if new.failed:
                continue
            tried += 1
            effective += new.artifacts != before().artifacts
            bad = unexplained(scalar, other, new, before())
            if bad:
                wrong[f"{scalar.label} -> {other}"] = bad[:6]
    assert not wrong, json.dumps(wrong, indent=1)
    assert tried > 5
    assert effective > (5 if tried > 10 else 2)


def test_values_that_decide_placement_were_changed_to_good_effect():
    """Else the law above would hold because nothing was tried."""
    keys = ("capacity", "country", "environment", "enabled", "status", "tier", "of", "area",
            "policy", "owner", "to", "name", "apart", "media")  # fmt: skip
    for key in keys:
        ours = [scalar for scalar in SCALARS if scalar.key == key]
        assert any(
            not (new := compile_texts(changed_files(scalar, other))).failed
            and [a.content for a in new.artifacts] != [a.content for a in before().artifacts]
            for scalar in ours
            for other in others(scalar)
        ), key


@pytest.mark.parametrize("counts", ["true", "false"])
def test_whether_copies_on_a_tier_count_changes_only_lines_that_map_to_it(counts):
    """On a tier of its own: policies rest on those that count, and the one that does not drops
    files, so that any other value is refused there."""
    tier = f"    spare: {{media: [hdd], reachable: immediately, counts: {counts}}}"
    files = dict(FILES)
    for file, text, instead in (
        ("policies/federation.yaml", "\n\n  storageClasses:", f"\n{tier}\n  storageClasses:"),
        ("policies/federation.yaml", "CACHE: {tier: cache", "CACHE: {tier: spare"),
        ("site-specs/europe.yaml", "tier: cache", "tier: spare"),
    ):
        files[file] = files[file].replace(text, instead, 1)
    old = compile_texts(files)
    (scalar,) = (each for each in scalars(files) if each.key == "counts" and "spare" in each.path)
    (other,) = others(scalar)
    new = compile_texts(changed_files(scalar, other, files))
    assert not new.failed
    assert new.artifacts != old.artifacts
    assert unexplained(scalar, other, new, old) == []


# ── golden files ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("target", [target.name for target in (*TARGETS, *MERGED)])
def test_the_golden_federation_compiles_to_the_golden_files(target, golden):
    """`SRCNET_REGENERATE=1 pytest` writes them anew; the difference is read in review."""
    artifacts = tuple(each for each in golden.artifacts if each.path.parts[0] == target)
    wanted = {str(artifact.path): artifact.content for artifact in artifacts}
    wanted[f"{target}/places.txt"] = places_page(artifacts)
    if os.environ.get("SRCNET_REGENERATE") == "1":
        for old in files_below(GOLDEN_ARTIFACTS / target):
            old.unlink()
        for name, content in wanted.items():
            path = GOLDEN_ARTIFACTS / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, "utf-8")
    assert {
        path.relative_to(GOLDEN_ARTIFACTS).as_posix(): path.read_text("utf-8")
        for path in files_below(GOLDEN_ARTIFACTS / target)
    } == wanted


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def places_page(artifacts: tuple[Artifact, ...]) -> str:
    """For each line of each file, the place to look at first and how many there are."""
    rows = []
    for artifact in artifacts:
        rows.append(f"{artifact.path}")
        for number, text in enumerate(lines_of(artifact), start=1):
            spans = artifact.sources[number]
            rows.append(f"  {text:<60.60} {spans[0]} and {len(spans) - 1} more".rstrip())
    return "\n".join(rows) + "\n"
