"""What a change of the specs would do: by meaning, with causes, and true of what is untouched."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from golden_scalars import FILES, SCALARS, changed_files, others
from hypothesis import given, settings
from hypothesis import strategies as st
from specs import REAL, TODAY, compile_texts, texts

from srcnet_compiler.change import Action, Impact
from srcnet_compiler.converge import name_of
from srcnet_compiler.pipeline import Compiled
from srcnet_compiler.report.review.json import render_json
from srcnet_compiler.report.review.markdown import MARKER, render_markdown
from srcnet_compiler.report.review.text import render_policy, render_review, render_site
from srcnet_compiler.report.review.words import both, values
from srcnet_compiler.review.compare import Side, compare
from srcnet_compiler.review.edits import edits
from srcnet_compiler.review.model import Edit, Review, Revision, Turn
from srcnet_compiler.review.systems import Asking, Pair, outcome
from srcnet_compiler.source import Document, parse
from srcnet_compiler.span import Span
from srcnet_compiler.targets.registry import TARGETS

SCHEMA = json.loads((REAL / "schemas/review.schema.json").read_text("utf-8"))
POLICIES = "policies/data/observatory.yaml"
SITE = "site-specs/chsrc-cscs.yaml"

_compiled: dict[str, Compiled] = {}


def compiled(files: Mapping[str, str]) -> Compiled:
    key = json.dumps(files, sort_keys=True)
    if key not in _compiled:
        _compiled[key] = compile_texts(files, TODAY)
    return _compiled[key]


def documents(files: Mapping[str, str]) -> tuple[Document, ...]:
    return tuple(
        document
        for name, text in files.items()
        for document in parse(name, text.encode()).value or ()
    )


def review(head: Mapping[str, str], base: Mapping[str, str] = FILES, today: date = TODAY) -> Review:
    names = [name for name in {**base, **head} if base.get(name) != head.get(name)]
    sides = [
        Side(
            Revision(name, commit),
            compiled(files),
            documents({name: files[name] for name in names if name in files}),
        )
        for name, commit, files in (("main", "a" * 40, base), ("branch", "b" * 40, head))
    ]
    return compare(sides[0], sides[1], today)


def changed(file: str, before: str, after: str, base: Mapping[str, str] = FILES) -> dict[str, str]:
    assert base[file].count(before) >= 1, before
    return {**base, file: base[file].replace(before, after, 1)}


# ── by meaning ────────────────────────────────────────────────────────────────────────────────


def test_nothing_changes_between_a_federation_and_itself():
    found = review(FILES)
    assert found.is_nothing
    assert found.impact is Impact.COSMETIC
    assert set(found.untouched) == {reach.site for reach in found.reaches}
    assert "nothing changes" in render_review(found)


@given(seed=st.randoms(use_true_random=False), file=st.sampled_from(sorted(FILES)))
@settings(max_examples=60)
def test_order_and_layout_are_no_change(seed, file):
    """Keys in any order, lists of named parts in any order, another style of writing."""
    text = "---\n".join(
        yaml.safe_dump(_shuffled(yaml.safe_load(json.dumps(document.data)), seed), width=40)
        for document in parse(file, FILES[file].encode()).value or ()
    )
    assert edits(documents({file: FILES[file]}), documents({file: text})) == ()


def _shuffled(value: Any, dice: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        keys = [*value]
        dice.shuffle(keys)
        return {name: _shuffled(value[name], dice, name) for name in keys}
    if isinstance(value, list):
        parts = [_shuffled(part, dice) for part in value]
        if key not in ("command", "arguments", "phases"):
            dice.shuffle(parts)
        return parts
    return value


@pytest.mark.parametrize(
    ("before", "after"),
    [("100 TB", "0.1 PB"), ("20 TB/yr", "0.02 PB/yr"), ("7 d", "168 h"), ("12 months", "12 month")],
)
def test_the_same_amount_in_another_unit_is_no_change(before, after):
    found = review(changed(POLICIES, before, after))
    assert not found.edits
    assert not found.effects
    assert set(found.untouched) == {reach.site for reach in found.reaches}


def test_phases_have_an_order():
    text = FILES[POLICIES]
    fresh = text[text.index("    - name: fresh") : text.index("    - name: archive")]
    archive = text[text.index("    - name: archive") : text.index("  recall:")]
    (edit,) = edits(
        documents({POLICIES: text}),
        documents({POLICIES: text.replace(fresh + archive, archive + fresh)}),
    )
    assert (edit.path, edit.before, edit.after) == (
        "spec.phases",
        ["fresh", "archive"],
        ["archive", "fresh"],
    )


def test_an_edit_says_where_it_stands_on_both_sides():
    (edit,) = review(changed(POLICIES, "amount: 100 TB", "amount: 200 TB")).edits
    assert (edit.kind, edit.name, edit.path) == (
        "DataPolicy",
        "observatory-products",
        "spec.volume[2026].amount",
    )
    assert (edit.before, edit.after) == ("100 TB", "200 TB")
    assert (str(edit.base), str(edit.head)) == (f"{POLICIES}:8:28", f"{POLICIES}:8:28")


def test_a_file_that_moves_is_no_change():
    head = {name: text for name, text in FILES.items() if name != POLICIES}
    head["policies/data/moved.yaml"] = FILES[POLICIES]
    found = review(head)
    assert not found.edits
    assert not found.effects


# ── what it does ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("file", FILES)
def test_what_is_untouched_has_the_same_bytes_and_every_effect_has_a_cause(file):
    """Each scalar of the golden federation, changed to something that compiles."""
    tried = reached = 0
    old = {str(a.path): a.content for a in compiled(FILES).artifacts}
    for scalar in SCALARS:
        if scalar.span.file != file:
            continue
        for other in others(scalar):
            files = changed_files(scalar, other)
            after = compile_texts(files, TODAY)
            if after.failed:
                continue
            _compiled[json.dumps(files, sort_keys=True)] = after
            found = review(files)
            _compiled.popitem()
            tried += 1
            reached += bool(found.effects)
            label = f"{scalar.label} -> {other}"
            new = {str(a.path): a.content for a in after.artifacts}
            for site in found.untouched:
                assert _of(site, old) == _of(site, new), (label, site)
            assert all(effect.causes for effect in found.effects), label
            everywhere = old == new
            assert everywhere or found.edits, label
            tasks = any(reach.new_tasks for reach in found.reaches)
            if not (found.effects or found.left or tasks):
                assert _systems(old) == _systems(new), label
            render_review(found, full=True)
            jsonschema.validate(json.loads(render_json(found)), SCHEMA)
    assert tried > 5
    assert reached > 0


def _of(site: str, artifacts: Mapping[str, str]) -> dict[str, str]:
    """The artifacts of a site: those that carry its name."""
    return {
        path: text
        for path, text in artifacts.items()
        if any(part.split(".")[0] == site for part in Path(path).with_suffix("").parts)
        or f"/{site}." in path
    }


def _systems(artifacts: Mapping[str, str]) -> dict[str, str]:
    """All that makes up the wanted objects; not what is written for people alone, and not what the
    forge runs: that is part of the proposal itself, as files of the repository."""
    return {
        path: text
        for path, text in artifacts.items()
        if not path.endswith(".md") and not path.startswith("cicd/")
    }


def test_a_value_that_others_rely_on_is_found_where_it_acts():
    """A distance of the federation, a limit of a queue: one line there, changes at every site."""
    found = review(changed("policies/federation.yaml", "otherwise: ", "otherwise: 1"))
    (edit,) = found.edits
    assert edit.path.endswith("distances.otherwise")
    distances = [e for e in found.effects if e.change.address.kind == "distance"]
    assert len(distances) > 3
    assert all(effect.causes == (0,) for effect in distances)
    file = "policies/compute/queues.yaml"
    found = review(changed(file, "walltime: 48 h", "walltime: 24 h"))
    reached = {site for effect in found.effects for site in effect.sites}
    assert "CHSRC-CSCS" in reached
    assert all(found.edits[n].place.file == file for e in found.effects for n in e.causes)


def test_a_rename_is_one_only_by_moved():
    file = "policies/lifecycle.yaml"
    assert "kind: Moved" in FILES[file]
    head = {**FILES, file: _without_kind(FILES[file], "Moved")}
    found = review(FILES, base=head)
    actions = {effect.change.action for effect in found.effects}
    assert Action.RENAME in actions
    assert not found.left


def _without_kind(text: str, kind: str) -> str:
    parts = text.split("\n---\n")
    return "\n---\n".join(part for part in parts if f"kind: {kind}" not in part)


def test_what_is_described_no_more_stays_as_it_is():
    text = FILES[POLICIES.replace("observatory", "others")]
    others_file = POLICIES.replace("observatory", "others")
    parts = text.split("\n---\n")
    kept = [part for part in parts if "name: library," not in part]
    assert len(kept) == len(parts) - 1
    found = review({**FILES, others_file: "\n---\n".join(kept)})
    assert not any("library" in effect.change.address.name for effect in found.effects)
    assert any(left.address.name.startswith("library") for left in found.left)
    shown = render_review(found)
    assert "Described no more, so it stays as it is" in shown
    assert "Retired" in shown


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_new_system_is_all_new(target):
    for lowered in compiled(FILES).models:
        if lowered.target is not target:
            continue
        found = outcome(Pair(name_of(lowered), None, lowered), Asking(()))
        created = {
            (each.change.address.kind, each.change.address.name)
            for each in found.effects
            if each.change.action is Action.CREATE
        }
        wanted = {(thing.kind, thing.name) for thing in target.whole(lowered.model).things()}
        closing = {("rse", name) for name in getattr(lowered.model, "closing", ())}
        assert created == wanted - closing  # what ends is not made for that
        assert created
        assert not found.left


# ── policies ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("before", "after", "what", "turn", "impact"),
    [
        ("floor: 2", "floor: 1", "the least copies", Turn.LOOSER, Impact.LOWERS_COPIES),
        (
            "{count: 2, tier: online}",
            "{count: 3, tier: online}",
            "copies on online of phase `fresh`",
            Turn.STRICTER,
            Impact.MOVES_DATA,
        ),
        (
            "{count: 1, tier: online}, {count: 1, tier: nearline}",
            "{count: 2, tier: nearline}",
            "copies on online of phase `archive`",
            Turn.LOOSER,
            Impact.LOWERS_COPIES,
        ),
        (
            "apart: region",
            "apart: site",
            "how far apart the copies of phase `fresh` are",
            Turn.LOOSER,
            Impact.MOVES_DATA,
        ),
        (
            "until: 12 months",
            "until: 2 years",
            "the end of phase `fresh`",
            Turn.OTHER,
            Impact.MOVES_DATA,
        ),
        (
            "name: archive",
            "name: archive\n      until: 10 years\n      then: no copy is kept",
            "the end of phase `archive`",
            Turn.LOOSER,
            Impact.DELETES_DATA,
        ),
        (
            "deadline: 7 d",
            "deadline: 1 d",
            "the deadline of arrival",
            Turn.STRICTER,
            Impact.RECONFIGURE,
        ),
        (
            "telescope: [LOW, MID]",
            "telescope: [LOW]",
            "the data that it is about",
            Turn.LOOSER,
            Impact.MOVES_DATA,
        ),
        ("amount: 100 TB", "amount: 90 TB", "what arrives in 2026", Turn.OTHER, Impact.MOVES_DATA),
        (
            "status: agreed",
            "status: draft\n  source: a trial",
            "whether it is agreed",
            Turn.LOOSER,
            Impact.MOVES_DATA,
        ),
    ],
)
def test_which_way_a_requirement_goes(before, after, what, turn, impact):
    found = review(changed(POLICIES, before, after))
    one = next(each for each in found.requirements if each.what == what)
    assert (one.turn, one.impact) == (turn, impact)
    assert one.head is not None
    assert one.head.file == POLICIES
    assert what in render_policy(found)
    back = review(FILES, base=changed(POLICIES, before, after))
    other = next(each for each in back.requirements if each.what == what)
    opposite = {Turn.STRICTER: Turn.LOOSER, Turn.LOOSER: Turn.STRICTER, Turn.OTHER: Turn.OTHER}
    assert other.turn is opposite[turn]
    assert (other.before, other.after) == (one.after, one.before)


def test_a_policy_lists_every_site_of_which_it_expects_other_data():
    found = review(changed(POLICIES, "amount: 100 TB", "amount: 90 TB"))
    touched = {reach.site for reach in found.touched}
    areas = {year.site for year in found.years if year.before.expected != year.after.expected}
    assert touched
    assert touched == areas
    assert found.untouched
    for site in touched:
        page = render_site(found, site)
        assert "spec.volume[2026].amount: 100 TB → 90 TB" in page
        assert POLICIES in page


# ── its readers ───────────────────────────────────────────────────────────────────────────────


def test_the_comment_is_never_longer_than_a_forge_takes():
    real = texts(REAL)
    head = {
        name: text.replace("capacity: ", "capacity: 1").replace("count: 2", "count: 3")
        for name, text in real.items()
    }
    found = review(head, base=real)
    whole = render_markdown(found, limit=10**9)
    for limit in (3_000, 8_000, 20_000, len(whole) - 1):
        comment = render_markdown(found, limit=limit)
        assert len(comment) <= limit
        assert comment.startswith(MARKER)
        assert "left out, too long for a comment" in comment
        assert comment.count("<details>") == comment.count("</details>")
        assert comment.count("```") % 2 == 0
        assert "srcnet diff" in comment
    assert "left out" not in whole


def test_the_comment_begins_with_the_verdict():
    comment = render_markdown(review(changed(POLICIES, "floor: 2", "floor: 1")))
    assert comment.splitlines()[2].startswith("### 🔴")
    assert "lowers-copies" in comment.splitlines()[2]


def test_no_secret_is_shown():
    secret = "hunter2hunter2"
    lines = {"x.yaml": (f"  password: {secret}", "  other: {token: abcdefghij}")}
    for line, value in ((1, secret), (2, {"token": "abcdefghij"})):
        span = Span("x.yaml", line, 3, line, 40)
        edit = Edit("Site", "X", "spec.y", "before", value, None, span)
        found = Review(Revision("a", None), Revision("b", None), (edit,), head_lines=lines)
        texts_of = [both(edit, found), str(values(edit, found)), render_json(found)]
        texts_of += [render_review(found), render_markdown(found)]
        for text in texts_of:
            assert secret not in text
            assert "abcdefghij" not in text
            assert "•••" in text or "\\u2022" in text
