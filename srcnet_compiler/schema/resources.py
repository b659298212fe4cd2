"""Cores, memory, GPUs: amounts of compute that sites give and policies limit."""

from typing import Annotated

from srcnet_compiler.schema.common import Agreed, BytesText, Count, Spec, Whole, such_as


class Resources(Spec):
    """An amount of compute at one moment. What is left out is not limited."""

    cores: Annotated[Count, such_as(1024)] | None = None
    """Cores, as the system that hands them out counts them."""
    memory: Annotated[BytesText, such_as("512 GiB")] | None = None
    """Memory."""
    gpus: Annotated[Whole, such_as(4)] | None = None
    """GPUs of any type."""


class ClusterShare(Agreed):
    """What the federation may have of a cluster at a time."""

    guaranteed: Resources | None = None
    """What it has whenever it wants it."""
    ceiling: Resources | None = None
    """What it may have at most, while nobody else wants it."""
    preemptible: bool = False
    """Whether what it has beyond the guaranteed part may be taken back while jobs run."""
