"""Random clusters as specs might ask for them: the federation `ska` on some nodes of a site."""

import dataclasses

from hypothesis import strategies as st

from srcnet_compiler.hostlist import compress
from srcnet_compiler.targets.slurm.model import UNLIMITED, Foreign, Job, SlurmModel
from srcnet_compiler.targets.slurm.model.things import (
    Account,
    Association,
    Partition,
    Qos,
    Reservation,
)
from srcnet_compiler.targets.slurm.model.tres import MEBI

HOSTS = [f"a{n}" for n in range(1, 9)]
PROJECTS = ["ska-eor", "ska-hi", "ska-cal", "ska-viz"]
QUEUES = ["ska-batch", "ska-inter", "ska-dev"]
USERS = ["alice", "bob", "carol"]
FRAGMENT = "/etc/slurm/federation.d/ska.conf"

counts = st.none() | st.just(UNLIMITED) | st.integers(1, 10**6)
walls = st.none() | st.just(UNLIMITED) | st.integers(1, 10_000).map(lambda n: n * 60)
tres = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "cpu": st.integers(1, 10**6),
        "mem": st.integers(1, 10**6).map(lambda n: n * MEBI),
        "gres/gpu": st.integers(1, 64),
    },
)
hosts = st.sets(st.sampled_from(HOSTS), min_size=1).map(compress)


def some(names: list[str], least: int = 0) -> st.SearchStrategy[tuple[str, ...]]:
    sets = st.sets(st.sampled_from(names), min_size=least) if names else st.just(set())
    return sets.map(lambda found: tuple(sorted(found)))


@st.composite
def models(draw: st.DrawFn) -> SlurmModel:
    """A wanted cluster whose references are all within it."""
    queues = draw(some(QUEUES))
    qos = {
        name: Qos(
            name,
            description=draw(st.none() | st.just("of the federation")),
            priority=draw(st.none() | st.integers(0, 1000)),
            preempt=tuple(q for q in queues if q < name) if draw(st.booleans()) else None,
            flags=draw(st.none() | some(["DenyOnLimit", "NoDecay"])),
            grp_tres=draw(tres),
            max_tres_per_user=draw(tres),
            max_wall=draw(walls),
            max_jobs_per_user=draw(counts),
        )
        for name in queues
    }
    accounts = {"ska": Account("ska", "root", "ska federation", draw(st.none() | st.just("skao")))}
    for name in draw(some(PROJECTS)):
        parent = draw(st.sampled_from(sorted(accounts)))
        accounts[name] = Account(name, parent)
    associations = {}
    for name in accounts:
        for user in ("", *draw(some(USERS))):
            asked = draw(st.none() | some(list(queues)))
            default = draw(st.sampled_from(asked)) if asked else None if asked is None else ""
            made = Association(
                name,
                user,
                fairshare=draw(st.none() | st.just("parent") | st.integers(0, 100)),
                grp_tres=draw(tres),
                grp_tres_mins=draw(tres),
                max_jobs=draw(counts),
                max_wall=draw(walls),
                qos=asked,
                default_qos=default,
            )
            associations[made.name] = made
    partitions = {
        name: Partition(
            name,
            nodes=draw(hosts),
            allow_accounts=draw(st.none() | some(sorted(accounts))),
            allow_qos=draw(st.none() | st.just(queues)),
            max_time=draw(walls),
            default_time=draw(walls),
            priority_tier=draw(st.none() | st.integers(1, 100)),
            hidden=draw(st.none() | st.booleans()),
            over_subscribe=draw(st.none() | st.sampled_from(["EXCLUSIVE", "NO"])),
        )
        for name in draw(some(["ska", "ska-gpu", "ska-dev"]))
    }
    reservations = {
        name: Reservation(
            name,
            start="07:30:00",
            duration=draw(st.integers(1, 86_400)),
            nodes=draw(hosts),
            accounts=draw(some(sorted(accounts), least=1)),
            flags=("DAILY", "FLEX"),
            max_start_delay=draw(st.none() | st.integers(0, 3600)),
        )
        for name in draw(some(["ska_viz", "ska_test"]))
    }
    return SlurmModel(
        instance="sitea",
        cluster="sitea",
        prefix="ska",
        root_account="ska",
        fragment=FRAGMENT,
        accounts=accounts,
        associations=associations,
        qos=qos,
        partitions=partitions,
        reservations=reservations,
        complete=frozenset(draw(some(sorted(accounts)))),
    )


@st.composite
def readings(draw: st.DrawFn) -> SlurmModel:
    """A cluster as seen: what is ours there, jobs of anybody, and what others have.

    Names of ours may be taken by others.
    """
    ours = draw(models())
    taken = draw(some([*PROJECTS, "physics"]))
    theirs = draw(some(["main", "ska-gpu", "ska-dev"]))
    jobs = tuple(
        Job(str(n), *draw(_jobs), partitions=(draw(st.sampled_from(["main", "ska", "ska-dev"])),))
        for n in range(draw(st.integers(0, 5)))
    )
    return dataclasses.replace(
        ours,
        version=draw(st.sampled_from([(22, 5), (24, 11)])),
        accounts={n: a for n, a in ours.accounts.items() if n not in taken},
        associations={n: a for n, a in ours.associations.items() if a.account not in taken},
        partitions={n: p for n, p in ours.partitions.items() if n not in theirs},
        jobs=jobs,
        foreign=Foreign(
            accounts=dict.fromkeys(taken, "root") | {"root": ""},
            qos=frozenset({"normal", "skaters"}),
            partitions=dict.fromkeys(theirs, "a[1-8]"),
            reservations={"upkeep": "a[1-8]"},
            default_partition="main",
        ),
    )


_jobs = st.tuples(
    st.booleans(),
    st.sampled_from(["physics", "ska", *PROJECTS]),
    st.sampled_from(USERS),
    st.sampled_from(["normal", *QUEUES]),
)
