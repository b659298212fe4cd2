"""The part of a site in GitHub's workflows, run as it stands against a real cluster of that site.

Others work on the cluster too: what is theirs is the same before and after. There is no Rucio here,
so the federation's part fails in each run, and stops no site.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest
from forge_github import Job, World, pull_request, push, run, schedule
from forge_page import never_happened, shows
from forge_server import Forge, serving
from forge_world import FEDERATION, HOME, results, said, transcript, went_well, world_of
from slurm_policy_cases import CYCLE
from stand import Ground, Stand, nobody
from stand_kubernetes import STAND as KUBERNETES
from stand_slurm import STAND as SLURM
from test_every_target import params

CLUSTERS = {"slurm": "common", "kubernetes": "services"}
"""Which one of the site's clusters is real, by target; the others are out of use."""
EVERY = ("services", "edge", "common", "own")
SKIPPED = {"plan-federation": "failure", "apply-federation": "skipped"}


@dataclass(frozen=True)
class Scene:
    """A cluster, and the forge from which it is made as the specs say."""

    target: str
    ground: Ground
    forge: Forge
    world: World


@pytest.fixture(scope="module", params=params(KUBERNETES, SLURM))
def scene(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    stand: Stand = request.param
    folder = tmp_path_factory.mktemp(f"forge-{stand.target}")
    with stand.running(folder) as ground, serving("github") as forge:
        someone = ground.someone
        rest = [name for name in EVERY if name != CLUSTERS[stand.target]]
        for name in rest:
            someone.edit(HOME, f"    - name: {name} ", f"    - enabled: false\n      name: {name} ")
        if stand is SLURM:
            someone.edit(CYCLE, "clusters: [common, own]", "clusters: [common]")
        else:
            (someone.specs / CYCLE).unlink()
        for key in ("server", "auth"):
            there = f"{key}: https://{'rucio' if key == 'server' else 'auth'}.example.org"
            someone.edit(FEDERATION, there, f"{key}: http://{nobody()}")
        forge.teams["@golden/chsrc"] = {"carlo"}
        secrets = {
            "cscs-credentials": someone.environment,
            "golden-federation": {"GOLDEN_RUCIO_TOKEN": "nobody-asks-for-it"},
        }
        yield Scene(stand.target, ground, forge, world_of(someone, folder, forge, secrets))


def test_a_change_of_a_site_is_shown_applied_proven_and_put_back_where_somebody_spoils_it(
    scene: Scene,
):
    ground, forge, world = scene.ground, scene.forge, scene.world
    owned, theirs = ground.owned, ground.theirs()
    assert theirs

    def shown(what: str, text: str) -> None:
        shows(f"{scene.target}: {what}", text)

    change = world.repository.propose("asked", *owned.spec)
    went_well(world, "pull-request", pull_request(world.repository, change.number))
    (comment,) = forge.comments
    shown("the comment", comment["body"])

    for name in ("carlo", "olga", "anna", "bert"):
        forge.approve(change.number, name, change.head)
    forge.teams["@golden/architecture-group"] = {"anna", "bert"}
    jobs = run(world, "merge", push(world.repository.merge(change)))
    assert results(jobs) == {**SKIPPED, **at_site("plan", "apply")}, said(jobs)
    applied = jobs["apply-chsrc-cscs"]
    shown("applied and proven", transcript(applied))
    assert applied.step("Prove it").output.endswith(" objects, 0 differences\nexit code 0\n")
    assert applied.concurrency == "srcnet-apply-chsrc-cscs"
    wanted = owned.seen()
    assert ground.theirs() == theirs

    owned.spoil()
    assert owned.seen() != wanted
    healed = drift(world)
    assert healed.result == "success", healed
    shown("drift that is healed", healed.step("Look, and heal or tell").output)
    assert owned.seen() == wanted
    assert ground.theirs() == theirs
    assert forge.open_issues() == []
    assert never_happened(scene.target) == set()


def at_site(*parts: str) -> Mapping[str, str]:
    return {f"{part}-chsrc-cscs": "success" for part in parts}


def drift(world: World) -> Job:
    """What the schedule does at the site; the federation's part has no Rucio to look at."""
    jobs = run(world, "drift", schedule(world.repository))
    assert jobs["federation"].result == "failure"
    return jobs["chsrc-cscs"]
