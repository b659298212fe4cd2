"""Rucio: storage areas as RSEs, policies as subscriptions and rules."""

from srcnet_compiler.targets.protocol import Target
from srcnet_compiler.targets.rucio import check, diff, emit, lower

TARGET = Target("rucio", lower.lower, emit.emit, check.check, diff.diff, diff.adoptions)
