"""Things that may be described once."""

from collections.abc import Iterable, Iterator

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, error
from srcnet_compiler.span import Span


def repeated(
    described: Iterable[tuple[str, Span]],
    remedy: str = "give one of them another name, or remove it",
) -> Iterator[Diagnostic]:
    """A finding at each place after the first that describes the same thing."""
    first: dict[str, Span] = {}
    for what, here in described:
        if what in first:
            yield error(
                Code.DUPLICATE_NAME,
                f"{what} is described twice",
                Label(here, "again here"),
                Label(first[what], "first here"),
                help=remedy,
            )
        first.setdefault(what, here)
