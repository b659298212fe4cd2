"""What is wanted of a Slurm cluster to measure with: the same bytes on every machine."""

from dataclasses import replace

from srcnet_compiler.targets.slurm.model import SlurmModel
from srcnet_compiler.targets.slurm.model.things import Account, Association, Partition

ROOT = "ska"


def ours(cluster: str, fragment: str) -> SlurmModel:
    """A cluster in which we may have all that is below one account, and nothing is wanted."""
    return SlurmModel(cluster, cluster, prefix=ROOT, root_account=ROOT, fragment=fragment)


def big(bounds: SlurmModel) -> SlurmModel:
    """5,000 associations in 100 accounts, and 200 partitions."""
    model = with_members(bounds, "p", accounts=100, users=50)
    partitions = [
        Partition(
            f"ska-{number:03}",
            f"{bounds.cluster[-1]}[1-2]",
            allow_accounts=(f"ska-p{number % 100:03}",),
            max_time=3600 * (1 + number % 24),
            priority_tier=2,
        )
        for number in range(200)
    ]
    return replace(model, partitions={each.name: each for each in partitions})


def with_members(bounds: SlurmModel, name: str, *, accounts: int, users: int) -> SlurmModel:
    """So many accounts whose names begin so, with so many users in each, all alike."""
    names = [f"ska-{name}{number:03}" for number in range(accounts)]
    below = [Account(each, ROOT, "a project", "skao") for each in names]
    members = [
        Association(account, f"u{account[4:]}x{number:03}", fairshare=3)
        for account in names
        for number in range(users)
    ]
    return replace(
        bounds,
        accounts={each.name: each for each in (Account(ROOT, "root", ROOT, ROOT), *below)},
        associations={each.name: each for each in members},
    )
