"""Where a finding about an object points."""

from srcnet_compiler.diagnostic import Label
from srcnet_compiler.span import Span
from srcnet_compiler.targets.slurm.model import SlurmModel
from srcnet_compiler.targets.slurm.model.things import Origins, Thing

NOWHERE = Span("<no spec>", 1, 1, 1, 1)
"""For models that no spec made."""


def label(thing: Thing, *keys: str, text: str = "") -> Label:
    """The place of the first of these fields that has one, else of any."""
    return Label(_first(thing.origins, keys), text)


def instance_label(desired: SlurmModel, text: str = "") -> Label:
    """The place that names the cluster."""
    return Label(_first(desired.origins, ("instance",)), text)


def _first(origins: Origins, keys: tuple[str, ...]) -> Span:
    found = (origins.get(key, ()) for key in (*keys, *origins))
    return next((spans[0] for spans in found if spans), NOWHERE)
