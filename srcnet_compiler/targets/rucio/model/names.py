"""Names of things in a Rucio, told apart by type."""

from typing import NewType

RseName = NewType("RseName", str)
