"""Measured in a process of its own: whether 2,000 policies are possible on 200 sites for ten years.

`python -m benchmarks.feasibility_work SPECS` takes the sites of a corpus, gives each an uplink, and
asks for 2,000 agreed policies of twelve kinds. It prints the seconds of each part as JSON; `all` is
everything after the specs were linked, `ask` what comes after the grouping.
"""

import json
import sys
import time
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from random import Random

TODAY = date(2026, 11, 1)
POLICIES = 2000
FIRST, LAST = 2026, 2035


def main(specs: Path) -> None:
    from srcnet_compiler import pipeline
    from srcnet_compiler.analysis.passes import Analysis
    from srcnet_compiler.analysis.placement import eligible, place
    from srcnet_compiler.feasibility import solve
    from srcnet_compiler.feasibility.build import program
    from srcnet_compiler.feasibility.groups import asks, groups, sources
    from srcnet_compiler.feasibility.rows import Task
    from srcnet_compiler.feasibility.steps import steps
    from srcnet_compiler.federation.data_policy import Copies, Volume
    from srcnet_compiler.federation.link import link
    from srcnet_compiler.names import PolicyName, TierName
    from srcnet_compiler.quantity import BitsPerSecond, DataRate, Period, Seconds

    read, _ = pipeline.load(specs, pipeline.spec_files(specs))
    federation = link(read.specs).value
    assert federation is not None
    dice = Random(POLICIES)
    model = federation.policies[PolicyName("project")]
    kinds = []
    for number in range(12):
        fresh, later = model.phases[0], model.phases[-1]
        copies = (Copies(1 + number % 3, TierName("online"), fresh.origin),)
        apart = ("region", "site")[number // 3 % 2]
        first = replace(fresh, until=Period(12, "months"), apart=apart, copies=copies)
        last = replace(later, until=None, apart=apart, copies=(replace(copies[0], count=1),))
        kinds.append(((first, last), Seconds((7, 30)[number // 6] * 86400)))
    policies = {}
    for number in range(POLICIES):
        name = PolicyName(f"policy-{number:04}")
        phases, deadline = kinds[number % len(kinds)]
        volumes = tuple(
            Volume(year, DataRate(Fraction(dice.randint(1, 40) * 10**12)), None, (), model.origin)
            for year in range(FIRST, LAST + 1)
        )
        policies[name] = replace(
            model, name=name, phases=phases, deadline=deadline, volumes=volumes, drafts=()
        )
    sites = {
        name: replace(site, uplink=BitsPerSecond(10**10 * dice.choice((1, 4, 10))))
        for name, site in federation.sites.items()
    }
    federation = replace(federation, policies=policies, sites=sites)
    seconds: dict[str, float] = {}
    begin = time.perf_counter()

    def lap(name: str) -> None:
        seconds[name] = time.perf_counter() - begin - sum(seconds.values())

    # twelve kinds, placed once each: how fast that is, is measured elsewhere
    some = replace(federation, policies=dict(list(policies.items())[: len(kinds)]))
    placements = tuple(place(some))
    shares = {
        name: [replace(p, policy=name) for p in placements[2 * (n % 12) : 2 * (n % 12) + 2]]
        for n, name in enumerate(policies)
    }
    analysis = Analysis(tuple(p for found in shares.values() for p in found), (), ())
    lap("place")
    found = groups(federation, analysis, range(FIRST, LAST + 1), drafts=False)
    lap("group")
    cut = steps(federation, range(FIRST, LAST + 1), found, ())
    task = Task(
        federation,
        eligible(federation),
        found,
        asks(found),
        sources(found),
        cut,
        (),
        False,
        True,
        True,
        placed=False,
    )
    asked = program(task)
    lap("build")
    verdict = solve.is_possible(asked)
    lap("solve")
    assert verdict is solve.Verdict.POSSIBLE, verdict
    seconds["all"] = seconds["group"] + seconds["build"] + seconds["solve"]
    seconds["ask"] = seconds["build"] + seconds["solve"]
    print(json.dumps(seconds))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
