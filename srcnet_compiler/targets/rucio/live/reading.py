"""Reading a Rucio in bulk: everything is asked for at once, then the answers are taken."""

from srcnet_compiler.targets.protocol import Reading
from srcnet_compiler.targets.rucio.live.client import RucioClient
from srcnet_compiler.targets.rucio.live.look import Look
from srcnet_compiler.targets.rucio.live.people import account_limits, accounts, config, scopes
from srcnet_compiler.targets.rucio.live.policies import datasets, subscriptions
from srcnet_compiler.targets.rucio.live.rules import RuleListing
from srcnet_compiler.targets.rucio.live.storage import storage
from srcnet_compiler.targets.rucio.model import RucioModel


def read(
    client: RucioClient, desired: RucioModel, *, rules: RuleListing | None = None
) -> Reading[RucioModel]:
    """What is there of all that `desired` names, of its owner's subscriptions, and of its data.

    Objects come with every field that the model knows, limits of an RSE only where some are
    wanted. `rules` is a listing at hand; None: they are listed in full. What cannot be read is a
    gap, and an RSE with a gap is there as far as it was seen. Raises UnreachableError when the
    server goes away, RefusedError when it no longer lets us in.
    """
    with Look(client, desired.instance) as look:
        # In the order of their slowness.
        seen_storage = storage(look, desired)
        seen_datasets = datasets(look, desired, rules)
        seen_scopes = scopes(look)
        seen_subscriptions = subscriptions(look, desired)
        seen_accounts = accounts(look, desired)
        seen_limits = account_limits(look, desired)
        seen_config = config(look, desired)

        every_scope = seen_scopes()
        data = seen_datasets(every_scope)
        rses, distances = seen_storage()
        model = RucioModel(
            instance=desired.instance,
            owner=desired.owner,
            rses=rses,
            distances=distances,
            accounts=seen_accounts(),
            scopes={n: s for n, s in (every_scope or {}).items() if n in desired.scopes},
            account_limits=seen_limits(),
            subscriptions=seen_subscriptions(),
            config=seen_config(),
            datasets=data,
        )
        return Reading(model, tuple(dict.fromkeys(look.gaps)))
