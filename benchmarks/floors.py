"""Measured in a process of its own: the proof of floors for many classes of data sets.

`python -m benchmarks.floors SITES CLASSES EACH` makes a plan in which every class goes from two or
three copies online to one of them and one on tape, in regions of its own, while some areas change
their region, and prints the seconds of the proof as JSON.
"""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, permutations

from srcnet_compiler.change import Action, Address, Change, FieldChange, Impact, Json, Wait
from srcnet_compiler.targets.rucio.check.floors import prove_floors
from srcnet_compiler.targets.rucio.model import Dataset, Rse, RucioModel, Rule, Subscription
from srcnet_compiler.targets.rucio.model.lifecycle import Lifecycle, LifePhase
from srcnet_compiler.targets.rucio.model.names import RseName
from srcnet_compiler.targets.rucio.model.requirement import Requirement

REGIONS = [f"region-{number}" for number in range(14)]
OWNER = "policy"
FACT = {
    "account": OWNER,
    "tag": "srcnet:p/archive/",
    "apart": "srcnet_region",
    "tier": "srcnet_tier",
    "copies": {"online": 1, "nearline": 1},
}


def main(sites: int, classes: int, each: int) -> None:
    desired = _federation(sites)
    ways = islice(permutations(REGIONS, 4), 0, None, 24024 // classes)
    datasets: dict[str, Dataset] = {}
    changes: list[Change] = [*_moves(desired)]
    for number, regions in zip(range(classes), ways, strict=False):
        for copy in range(each):
            dataset = _dataset(f"d{number}-{copy}", regions[: 2 + number % 2])
            datasets[dataset.did] = dataset
            changes += _changes(dataset, regions[3])
    seen = replace(desired, datasets=datasets)
    begin = time.perf_counter()
    found = prove_floors(desired, seen, changes)
    seconds = time.perf_counter() - begin
    assert found.datasets == classes * each, found.datasets
    assert not found.objections, found.objections
    print(json.dumps({"prove": seconds}))


def _federation(sites: int) -> RucioModel:
    rses = {}
    for number in range(sites):
        for tier in ("online", "nearline"):
            name = RseName(f"SITE{number}-{tier.upper()}")
            attributes = {
                "srcnet_site": f"SITE{number}",
                "srcnet_region": REGIONS[number % len(REGIONS)],
                "srcnet_tier": tier,
            }
            rses[name] = Rse(name, {}, attributes)
    filters = {"scope": ["^s$"], "did_type": ["DATASET"]}
    wanted = Requirement("p", "archive", "srcnet_region", {"online": 1, "nearline": 1}, 2)
    return RucioModel(
        "bench",
        OWNER,
        rses=rses,
        subscriptions={"p": Subscription("p", OWNER, filters, (), "srcnet:p/fresh", policy="p")},
        requirements={"p": wanted},
        lifecycles={"p": Lifecycle("p", filters, (LifePhase(wanted, None, ()),))},
    )


def _moves(desired: RucioModel) -> Iterator[Change]:
    """Every tenth area goes to another region once no rule holds data there by the former one."""
    for name, rse in list(desired.rses.items())[::10]:
        then = {**rse.attributes, "srcnet_region": "elsewhere"}
        yield Change(
            Address("rucio", "bench", "rse", name),
            Action.UPDATE,
            (FieldChange("attribute.srcnet_region", rse.attributes["srcnet_region"], "elsewhere"),),
            Impact.MOVES_DATA,
            waits=(Wait("rules-moved", json.dumps({"rse": name, "attributes": then}), ""),),
        )


def _expression(region: str, tier: str) -> str:
    return f"(srcnet_region={region}&srcnet_tier={tier})"


def _dataset(name: str, regions: tuple[str, ...]) -> Dataset:
    rules = tuple(
        Rule(f"{name}-{n}", 1, _expression(region, "online"), f"srcnet:p/fresh/{n}", "OK")
        for n, region in enumerate(regions)
    )
    return Dataset("s", name, {}, True, rules)


def _changes(dataset: Dataset, tape: str) -> Iterator[Change]:
    kept, *others = dataset.rules
    template: Json = {
        "copies": 1,
        "rse_expression": _expression(tape, "nearline"),
        "comments": "srcnet:p/archive/1",
    }
    named = FieldChange("comments", kept.comments, "srcnet:p/archive/0")
    yield _change(dataset, "srcnet:p/archive/0", Action.UPDATE, _id(kept), named)
    made = FieldChange("rule", None, template)
    yield _change(dataset, "srcnet:p/archive/1", Action.CREATE, made)
    fact = json.dumps({**FACT, "scope": dataset.scope, "name": dataset.name})
    for rule in others:
        ended = FieldChange("released", False, True)
        change = _change(dataset, rule.comments, Action.RETIRE, _id(rule), ended)
        yield replace(change, waits=(Wait("copies-valid", fact, ""),))


def _id(rule: Rule) -> FieldChange:
    return FieldChange("id", rule.id, rule.id)


def _change(dataset: Dataset, comment: str, action: Action, *fields: FieldChange) -> Change:
    address = Address("rucio", "bench", "rule", f"{dataset.did} {comment}")
    return Change(address, action, fields, Impact.MOVES_DATA)


if __name__ == "__main__":
    main(*(int(given) for given in sys.argv[1:4]))
