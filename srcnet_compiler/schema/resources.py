"""Cores, memory, GPUs: amounts of compute that sites give and policies limit."""

from typing import Annotated

from srcnet_compiler.schema.common import BytesText, Count, Spec, Whole, such_as


class Resources(Spec):
    """An amount of compute at one moment. What is left out is not limited."""

    cores: Annotated[Count, such_as(1024)] | None = None
    """Cores, as the system that hands them out counts them."""
    memory: Annotated[BytesText, such_as("512 GiB")] | None = None
    """Memory."""
    gpus: Annotated[Whole, such_as(4)] | None = None
    """GPUs of any type."""
