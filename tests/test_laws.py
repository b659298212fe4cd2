"""What must hold for every federation: random ones, the golden one and the real one.

The numbers are those of the laws in the design. Law 7 has a file of its own; what needs a real
system is in tests/live.
"""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from random_specs import Built, build, federations, spec_files
from rucio_mutations import MUTATIONS
from specs import GOLDEN, REAL, TODAY, compile_texts, compiled, texts

from srcnet_compiler import pipeline
from srcnet_compiler.change import Action, Address, SystemName
from srcnet_compiler.federation.data_policy import DataPolicy
from srcnet_compiler.federation.model import Federation, StorageArea
from srcnet_compiler.plan.build import build_plan
from srcnet_compiler.plan.file import to_json
from srcnet_compiler.plan.model import Binding
from srcnet_compiler.report.formats import FORMATS
from srcnet_compiler.report.model import Report
from srcnet_compiler.targets.kubernetes.model import KubernetesModel
from srcnet_compiler.targets.protocol import Gap, Reading
from srcnet_compiler.targets.registry import TARGETS
from srcnet_compiler.targets.rucio import check, diff, lower
from srcnet_compiler.targets.rucio.model import Rse, RucioModel, Subscription
from srcnet_compiler.targets.rucio.model.names import RseName
from srcnet_compiler.targets.scapi.model import ScapiModel
from srcnet_compiler.targets.slurm import TARGET as slurm  # noqa: N811
from srcnet_compiler.targets.slurm.model import SlurmModel

Model = RucioModel | SlurmModel | KubernetesModel | ScapiModel
every_target = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
known_roots = pytest.mark.parametrize("root", [GOLDEN, REAL], ids=["golden", "real"])


def rucio_of(built: Built) -> RucioModel:
    (model,) = lower.lower(built.federation, built.analysis)
    return model


# ── 1: the same input gives the same bytes ────────────────────────────────────────────────────


def contents(built: Built) -> dict[str, str]:
    return {
        str(artifact.path): artifact.content
        for target in TARGETS
        for model in target.lower(built.federation, built.analysis)
        for artifact in target.emit(model)
    }


def everything(built: Built) -> object:
    """Contents, the places of all lines, and all findings in their order."""
    artifacts = tuple(
        artifact
        for target in TARGETS
        for model in target.lower(built.federation, built.analysis)
        for artifact in target.emit(model)
    )
    return artifacts, built.findings


@given(files=spec_files(), data=st.data())
def test_the_order_of_files_changes_nothing(files, data):
    shuffled = dict(data.draw(st.permutations(list(files.items()))))
    assert everything(build(shuffled)) == everything(build(files))


@given(files=spec_files())
def test_how_documents_are_spread_over_files_changes_no_byte(files):
    together = {"policies/all.yaml": "---\n".join(reversed(files.values()))}
    assert contents(build(together)) == contents(build(files))


@known_roots
def test_the_order_of_real_files_changes_nothing(root):
    files = texts(root)
    backwards = dict(reversed(files.items()))
    assert everything(build(backwards)) == everything(build(files))


FINGERPRINT = """
import sys
from datetime import date
from pathlib import Path
from srcnet_compiler.pipeline import compile_specs, digest_of
from srcnet_compiler.change import SystemName
from srcnet_compiler.plan.build import build_plan
from srcnet_compiler.plan.file import digest
from srcnet_compiler.plan.model import Binding
from srcnet_compiler.targets.protocol import Reading
from srcnet_compiler.targets.rucio.model import RucioModel

result = compile_specs(Path(sys.argv[1]), date(2026, 11, 22))
target, model = result.models[0].target, result.models[0].model
changes = target.diff(model, Reading(RucioModel(model.instance, model.owner)))
plan = build_plan([SystemName("rucio", "x")], changes, (), frozenset(), Binding("", "", ""))
print(digest_of(result.artifacts), result.sources.digest, digest(plan))
print(ascii(result.diagnostics))
print(ascii([artifact.sources for artifact in result.artifacts]))
"""


def fingerprint(root: Path, folder: Path, **environment: str) -> str:
    """Everything that a compiler of its own, run in `folder`, says of the specs in `root`."""
    done = subprocess.run(
        [sys.executable, "-c", FINGERPRINT, str(root)],
        env={"PYTHONPATH": str(REAL), "PATH": os.environ["PATH"], **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@known_roots
def test_no_environment_changes_a_byte(root, tmp_path):
    surroundings = [
        {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8"},
        {"PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati", "LC_ALL": "C"},
        {
            "PYTHONHASHSEED": "4242",
            "TZ": "America/Los_Angeles",
            "LC_ALL": "POSIX",
            "PYTHONUTF8": "0",
            "PYTHONCOERCECLOCALE": "0",
            "LANG": "tr_TR.ISO-8859-9",
        },
    ]
    seen = {fingerprint(root, tmp_path, **around) for around in surroundings}
    assert len(seen) == 1


@known_roots
def test_compiling_twice_gives_the_same_findings_and_bytes(root):
    first, second = compiled(root), compiled(root)
    assert first.artifacts == second.artifacts
    assert first.diagnostics == second.diagnostics
    assert first.sources.digest == second.sources.digest


# ── 2: what is already so needs no change ─────────────────────────────────────────────────────


@every_target
@given(built=federations())
def test_what_is_already_so_needs_no_change(target, built):
    for desired in target.lower(built.federation, built.analysis):
        assert target.diff(desired, Reading(desired)) == ()


@known_roots
def test_the_real_thing_needs_no_change_once_it_is_so(root):
    for lowered in compiled(root).models:
        assert lowered.target.diff(lowered.model, Reading(lowered.model)) == ()


@every_target
@given(built=federations())
def test_everything_that_is_wanted_is_made_where_nothing_is(target, built):
    """But for areas that end: they are not made in order to be closed."""
    for desired in target.lower(built.federation, built.analysis):
        nothing = empty(desired)
        changes = target.diff(desired, Reading(nothing))
        made = Counter(change.address.kind for change in changes)
        assert made == {kind: len(wanted) for kind, wanted in kinds(desired).items() if wanted}
        assert {change.action for change in changes} <= {Action.CREATE}


def empty(model: Model) -> Model:
    """The same system with nothing of ours in it."""
    if isinstance(model, RucioModel):
        return RucioModel(model.instance, model.owner)
    if isinstance(model, KubernetesModel):
        return replace(model, objects={})
    if isinstance(model, ScapiModel):
        return ScapiModel(model.instance)
    return replace(
        model, accounts={}, associations={}, qos={}, partitions={}, reservations={}, written=""
    )


def kinds(model: Model) -> dict[str, Mapping[str, object]]:
    if isinstance(model, KubernetesModel):
        return {
            kind: {name: each for (of, name), each in model.objects.items() if of == kind}
            for kind, _ in model.objects
        }
    if isinstance(model, ScapiModel):
        return {
            kind: {name: each for (of, name), each in model.entries.items() if of == kind}
            for kind, _ in model.entries
        }
    if isinstance(model, SlurmModel):
        return {
            "account": model.accounts,
            "association": model.associations,
            "qos": model.qos,
            "partition": model.partitions,
            "reservation": model.reservations,
        }
    return {
        "rse": {name: rse for name, rse in model.rses.items() if name not in model.closing},
        "distance": model.distances,
        "account": model.accounts,
        "scope": model.scopes,
        "account-limit": model.account_limits,
        "subscription": model.subscriptions,
        "config": model.config,
    }


# ── 3: every choice satisfies the policy ──────────────────────────────────────────────────────
# This reads the emitted files alone, with a reader and an evaluator of its own.


class Emitted:
    """What a person would read in the emitted files."""

    def __init__(self, contents_by_path: Mapping[str, str]) -> None:
        self.attributes: dict[str, dict[str, Any]] = {}
        self.subscriptions: dict[str, list[dict[str, Any]]] = {}
        for path, content in contents_by_path.items():
            if not path.startswith("rucio/"):
                continue
            data = yaml.safe_load(content) if path.endswith(".yaml") else {}
            for rse in data.get("rses", ()) if "/sites/" in path else ():
                self.attributes[rse["name"]] = rse["attributes"]
            if "/policies/" in path:
                self.subscriptions[Path(path).stem] = data["subscriptions"]

    def candidates(self, rule: Mapping[str, Any]) -> list[str]:
        """The RSEs that a rule may use: all its terms hold, and the weight is there."""
        terms = dict(term.split("=") for term in rule["rse_expression"].strip("()").split("&"))
        assert set("".join([*terms, *terms.values()])) <= set(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
        )
        return [
            name
            for name, found in sorted(self.attributes.items())
            if all(str(found.get(key)) == value for key, value in terms.items())
            and rule.get("weight", "srcnet_site") in found
        ]

    def outcomes(self, rules: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
        """Every way in which Rucio may place one dataset by these rules."""
        each = [combinations(self.candidates(rule), rule["copies"]) for rule in rules]
        for choice in product(*each):
            yield tuple(name for names in choice for name in names)


NAMES = [*(f"set-{number:02d}" for number in range(100)), "set", "run-7", "5", "x0x", "12x"]


def is_matched(subscription: Mapping[str, Any], name: str) -> bool:
    wanted = subscription["filter"]
    return re.match(wanted.get("pattern", ""), name) is not None and (
        "excluded_pattern" not in wanted or not re.match(wanted["excluded_pattern"], name)
    )


def in_system(federation: Federation) -> dict[str, StorageArea]:
    """The areas by their names in the system."""
    moved = {area: move.after for area, move in federation.moved.items()}
    return {
        moved.get(area.name, area.name_today): area
        for area in federation.areas.values()
        if area.enabled
    }


def why_not(policy: DataPolicy, federation: Federation, placed: tuple[str, ...]) -> str | None:
    """What is wrong with copies on these RSEs; written from the policy's words alone."""
    phase = policy.phases[0]
    areas = [in_system(federation)[name] for name in placed]
    wanted: Counter[str] = Counter()
    for copies in phase.copies:
        wanted[copies.tier] += copies.count
    if Counter(area.tier for area in areas) != wanted:
        return f"tiers {[area.tier for area in areas]}, not {dict(wanted)}"
    domains = [
        {"region": area.region, "site": area.site, "area": area.name}[phase.apart] for area in areas
    ]
    if None in domains or len(set(domains)) < len(domains):
        return f"not apart by {phase.apart}: {domains}"
    for area in areas:
        if area.role != "data" or area.environment != "production" or area.retired:
            return f"{area.name} does not count"
    return None


def counts(rule: Mapping[str, Any]) -> bool:
    """Not what holds arriving data, nor a copy for some time, which has an end."""
    phase = rule["comments"].split("/")[1]
    assert (phase == "extra") == ("lifetime" in rule), rule
    return phase not in ("arrival", "extra")


def assert_every_choice_satisfies(federation: Federation, found: Mapping[str, str]) -> int:
    """How many choices were tried."""
    emitted, tried = Emitted(found), 0
    for policy_name, subscriptions in emitted.subscriptions.items():
        policy = next(p for p in federation.policies.values() if p.name == policy_name)
        for name in NAMES:
            matched = [s for s in subscriptions if is_matched(s, name)]
            assert len(matched) == 1, (policy_name, name, [s["name"] for s in matched])
        for subscription in subscriptions:
            rules = [rule for rule in subscription["replication_rules"] if counts(rule)]
            outcomes = list(emitted.outcomes(rules))
            assert outcomes, subscription["name"]
            for placed in outcomes:
                assert why_not(policy, federation, placed) is None, (subscription["name"], placed)
            tried += len(outcomes)
    return tried


@given(built=federations())
def test_every_choice_satisfies_the_policy(built):
    assert_every_choice_satisfies(built.federation, contents(built))


@known_roots
def test_every_choice_in_the_real_federation_satisfies_the_policy(root):
    result = compiled(root)
    assert result.federation is not None
    found = {str(artifact.path): artifact.content for artifact in result.artifacts}
    assert assert_every_choice_satisfies(result.federation, found) > 10


@given(built=federations())
def test_a_policy_that_can_be_carried_out_is_emitted(built):
    waived = {waiver.of for waiver in built.federation.waivers}
    first = {p.policy: p for p in reversed(built.analysis.placements)}
    wanted = {
        name
        for name, policy in built.federation.policies.items()
        if first[name].draws and (not policy.drafts or name in waived)
    }
    assert set(Emitted(contents(built)).subscriptions) == wanted


@given(built=federations())
def test_the_checker_has_nothing_to_say_of_what_we_emit(built):
    said = [finding.message for finding in check.check(rucio_of(built), built.federation)]
    impossible = {
        p.name
        for p in built.federation.policies.values()
        if not next(x for x in built.analysis.placements if x.policy == p.name).draws
    }
    assert [words for words in said if not any(name in words for name in impossible)] == []


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda mutate: mutate.__name__)
def test_the_checker_finds_every_mutation_of_the_golden_federation(mutate, golden):
    mutated = list(mutate(golden.models[0].model))
    assert mutated
    for number, model in enumerate(mutated):
        assert list(check.check(model, golden.federation)), number


def test_the_checker_finds_that_a_policy_has_no_subscription(golden):
    nothing = replace(golden.models[0].model, subscriptions={})
    found = {finding.subject for finding in check.check(nothing, golden.federation)}
    agreed = {"observatory-products", "project-products", "library", "scratch-products"}
    assert found == agreed


@settings(max_examples=100)
@given(built=federations(), mutate=st.sampled_from(MUTATIONS), data=st.data())
def test_the_checker_finds_every_mutation(mutate, built, data):
    mutated = list(mutate(rucio_of(built)))
    if mutated:
        model = data.draw(st.sampled_from(mutated))
        assert list(check.check(model, built.federation))


# ── 6: what is in doubt is left alone ─────────────────────────────────────────────────────────


@st.composite
def gaps(draw: st.DrawFn, addresses: list[Address]) -> tuple[Gap, ...]:
    """Over single objects, over kinds, over the whole instance."""
    chosen = draw(st.lists(st.sampled_from(addresses), unique=True, max_size=4))
    found = []
    for address in chosen:
        kind, name = draw(st.sampled_from([(1, 1), (1, 1), (1, 0), (0, 0)]))
        under = replace(
            address, kind=address.kind if kind else "", name=address.name if name else ""
        )
        found.append(Gap(under, "not allowed to look"))
    return tuple(found)


@every_target
@given(built=federations(), data=st.data())
def test_nothing_under_a_gap_is_changed_and_nothing_else_is_forgotten(target, built, data):
    for desired in target.lower(built.federation, built.analysis):
        nothing = empty(desired)
        everything = target.diff(desired, Reading(nothing))
        if not everything:
            continue
        unseen = data.draw(gaps([change.address for change in everything]))
        seen = target.diff(desired, Reading(nothing, unseen))
        hidden = [c for c in everything if any(is_under(gap, c.address) for gap in unseen)]
        while more := [
            c
            for c in everything
            if c not in hidden and {h.address for h in hidden} & {c.address, *c.needs}
        ]:
            hidden += more
        assert not [c for c in seen if c in hidden]
        assert set(map(str, seen)) | set(map(str, hidden)) == set(map(str, everything))


def is_under(gap: Gap, address: Address) -> bool:
    """As the words of Gap have it: an empty kind is the instance, an empty name the kind."""
    parts = [gap.under.target, gap.under.instance]
    parts += [gap.under.kind] if gap.under.kind else []
    parts += [gap.under.name] if gap.under.kind and gap.under.name else []
    where = [address.target, address.instance, address.kind, address.name]
    return where[: len(parts)] == parts


def crowded(model: RucioModel) -> RucioModel:
    """The same Rucio with other people's things in it."""
    theirs = Rse(
        RseName("SOMEBODYS_RSE"),
        {"rse_type": "DISK", "city": "Elsewhere"},
        {"srcnet_tier": "online", "their_own": "1"},
        limits={"MaxSpaceAvailable": 1},
    )
    rses = {
        name: replace(
            rse,
            settings={**rse.settings, "availability_read": False, "qos_class": "theirs"},
            attributes={**rse.attributes, "greedyDeletion": True, "site": "theirs"},
            limits={**rse.limits, "MinFreeSpace": 5},
        )
        for name, rse in model.rses.items()
    }
    other = [
        Subscription("by-hand", "somebody", {"scope": ["^x$"]}, (), "made by hand"),
        Subscription("ours-by-hand", model.owner, {"scope": ["^x$"]}, (), "made by hand"),
        Subscription("unknown", model.owner, {}, (), "srcnet:unheard-of/kept"),
        *(
            Subscription(f"copied-{number}", "somebody", found.filter, found.rules, found.comments)
            for number, found in enumerate(model.subscriptions.values())
        ),
    ]
    return replace(
        model,
        rses={**rses, theirs.name: theirs},
        subscriptions={**model.subscriptions, **{found.name: found for found in other}},
        scopes={name: replace(scope, account="another") for name, scope in model.scopes.items()},
        accounts={
            **{
                name: replace(account, attributes={**account.attributes, "quota": "5"})
                for name, account in model.accounts.items()
            },
            "somebody": replace(model.accounts[model.owner], name="somebody", type="USER"),
        },
    )


@given(built=federations())
def test_what_others_made_is_never_in_a_diff(built):
    desired = rucio_of(built)
    assert diff.diff(desired, Reading(crowded(desired))) == ()


@given(built=federations())
def test_what_the_specs_no_longer_describe_is_left_alone(built):
    there = rucio_of(built)
    desired = replace(
        there,
        rses={},
        distances={},
        subscriptions={},
        account_limits={},
        scopes={},
        config={},
        requirements={},
    )
    assert diff.diff(desired, Reading(there)) == ()


@given(built=federations())
def test_what_the_specs_no_longer_describe_on_a_cluster_is_left_alone(built):
    """Only a document ends it, however many others have gone."""
    for there in slurm.lower(built.federation, built.analysis):
        assert slurm.diff(empty(there), Reading(there)) == ()


# ── 8: no secret is written anywhere ──────────────────────────────────────────────────────────

CANARY = "canary-c0ffee-5a1ad"


def pages(result: pipeline.Compiled) -> Iterator[str]:
    """Everything that is written about a compilation."""
    report = Report(result.diagnostics, result.sources.lines)
    yield from (write(report) for write in FORMATS.values())
    for artifact in result.artifacts:
        yield f"{artifact.path}\n{artifact.content}\n{artifact.sources}"
    yield repr(result)
    for lowered in result.models:
        nothing = empty(lowered.model)
        changes = lowered.target.diff(lowered.model, Reading(nothing))
        adopted = lowered.target.adoptions(lowered.model, Reading(lowered.model))
        plan = build_plan(
            [SystemName("rucio", "x")], changes, adopted, frozenset(), Binding("", "", "")
        )
        yield to_json(plan)
        yield repr(lowered.model)


@known_roots
def test_a_secret_in_the_environment_is_on_no_page(root, monkeypatch):
    names = [compiled(root).federation.data.secret.place]
    for name in names:
        monkeypatch.setenv(name, CANARY)
    assert os.environ[names[0]] == CANARY
    written = list(pages(compiled(root)))
    assert len(written) > 20
    assert not [page for page in written if CANARY in page]


def test_a_secret_in_a_file_is_on_no_page(tmp_path):
    secret = tmp_path / "token"
    secret.write_text(CANARY)
    files = texts(GOLDEN)
    place = "{env: GOLDEN_RUCIO_TOKEN}"
    assert place in files["policies/federation.yaml"]
    files["policies/federation.yaml"] = files["policies/federation.yaml"].replace(
        place, f"{{file: {secret}}}"
    )
    result = compile_texts(files, TODAY)
    assert result.artifacts
    assert not [page for page in pages(result) if CANARY in page]


def test_json_of_a_plan_is_plain_ascii_or_utf8(golden):
    for page in pages(golden):
        json.dumps(page).encode("ascii")
