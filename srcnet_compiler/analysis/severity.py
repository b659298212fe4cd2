"""How grave a finding is: what rests on a draft can still be mended before it is carried out."""

from collections.abc import Callable, Sequence

from srcnet_compiler.diagnostic import Diagnostic, error, warning
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.span import Span

Report = Callable[..., Diagnostic]


def report(federation: Federation, drafts: Sequence[Span], *names: str) -> Report:
    """`warning` for what rests on a draft that no waiver accepts, else `error`."""
    return warning if federation.holds_back(drafts, *names) else error
