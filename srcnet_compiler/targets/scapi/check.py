"""What the catalogue would object to, and what is there besides that would spoil what is wanted.

The catalogue itself checks nothing. Its forms do: a word that they do not have cannot be chosen
there any more once somebody opens the entry.
"""

from collections.abc import Iterator

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, warning
from srcnet_compiler.scapi_nodes import FIELDS, Kind
from srcnet_compiler.targets.scapi.model import Entry, ScapiModel


def check(desired: ScapiModel) -> Iterator[Diagnostic]:
    """Words that its forms do not have; they can only be the spec's own, under `catalogue`."""
    for entry in desired.things():
        yield from _unknown_words(entry)


def check_seen(desired: ScapiModel, seen: ScapiModel) -> Iterator[Diagnostic]:
    """Nothing: what is unclear there is not read, and so not changed."""
    yield from ()


def _unknown_words(entry: Entry) -> Iterator[Diagnostic]:
    rules = FIELDS[_KINDS[entry.kind]]
    for name, value in entry.fields().items():
        rule = rules.get(name)
        if rule is not None and rule.one_of and value not in rule.one_of:
            words = ", ".join(f"`{word}`" for word in sorted(rule.one_of) if word)
            yield warning(
                Code.SHAPE,
                f"the site catalogue has no `{name}` that is `{value}`",
                *(Label(span) for span in entry.spans(name)[:1]),
                help=f"write one of {words}",
                subject=entry.name,
            )


_KINDS: dict[str, Kind] = {
    **{"node": "node", "site": "site", "storage": "storage", "area": "area"},
    **{"compute": "compute", "queue": "queue", "downtime": "downtime"},
    **{"local-service": "local service", "global-service": "global service"},
}
