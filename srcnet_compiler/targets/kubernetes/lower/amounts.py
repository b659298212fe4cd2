"""Sizes as a cluster writes them."""

from srcnet_compiler.analysis.sizes import Sizes
from srcnet_compiler.change import Json
from srcnet_compiler.targets.kubernetes.model.words import (
    format_amount,
    format_count,
    format_millicores,
)

GPU = "nvidia.com/gpu"
SCRATCH = "ephemeral-storage"


def written(sizes: Sizes) -> dict[str, Json]:
    """By the cluster's names, without what has no limit."""
    texts = {
        "cpu": None if sizes.cores is None else format_millicores(sizes.cores),
        SCRATCH: None if sizes.scratch is None else format_amount(sizes.scratch),
        "memory": None if sizes.memory is None else format_amount(sizes.memory),
        GPU: None if sizes.gpus is None else format_count(sizes.gpus),
    }
    return {key: text for key, text in texts.items() if text is not None}


def said(sizes: Sizes) -> dict[str, Json]:
    """The same for a container, which does not ask for what it needs nothing of."""
    return {key: text for key, text in written(sizes).items() if text != "0"}
