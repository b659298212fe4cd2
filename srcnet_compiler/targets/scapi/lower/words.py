"""Fields with their places, made one after another; the catalogue's own words come last and win."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from srcnet_compiler.change import Json
from srcnet_compiler.federation.catalogued import Own
from srcnet_compiler.span import Origin, Span, written
from srcnet_compiler.targets.scapi.model import ID, Fields, Origins
from srcnet_compiler.targets.scapi.model.documents import flat

Spans = tuple[Span, ...]
OF_OTHERS = frozenset({"storage", "site", "sites", "node"})
"""What stands among a thing's own words and is about what it lies in."""


@dataclass(slots=True)
class Words:
    """What an entry says. `exists` are the places that decide that it is there."""

    exists: Spans
    fields: dict[str, Json] = field(default_factory=dict)
    origins: dict[str, Spans] = field(default_factory=dict)

    def say(self, name: str, value: Json, spans: Spans) -> None:
        """A field, unless nothing is known of it."""
        if value is not None:
            self.fields[name] = value
            self.origins[name] = tuple(dict.fromkeys((*spans, *self.exists)))

    def identify(self, own: Own, otherwise: str) -> None:
        """Its identity: the one that is stated, else the one that follows from names."""
        self.say(ID, own.id or otherwise, written(own.origin, "catalogueId"))

    def quote(self, own: Own) -> None:
        """What a spec says in the catalogue's own words."""
        for key, value in own.said.items():
            if key not in OF_OTHERS:
                self.quote_at(own.origin, ("catalogue", key), key, value)

    def quote_within(self, own: Own, key: str) -> None:
        """What a spec says in those words of the thing `key` that this one lies in."""
        for inner, value in said_within(own, key):
            self.quote_at(own.origin, ("catalogue", key, inner), inner, value)

    def quote_at(self, origin: Origin, path: tuple[str | int, ...], key: str, value: Json) -> None:
        """One of them; of a mapping each value by itself, at its own place."""
        for name, each in flat(key, value):
            inner = name.partition(".")[2]
            at = origin.at(*path, *((inner,) if inner else ()))
            self.say(name, each, (at,))

    def made(self) -> tuple[Fields, Origins]:
        """The fields in order of name, the identity first, and the places of each."""
        ordered = sorted(self.fields, key=lambda name: (name != ID, name))
        return {name: self.fields[name] for name in ordered}, {"": self.exists, **self.origins}


def said_within(own: Own, key: str) -> Iterator[tuple[str, Json]]:
    """What the words of a thing say of what it lies in."""
    said = own.said.get(key)
    if isinstance(said, dict):
        yield from said.items()


def text_of(own: Own, key: str) -> str | None:
    """One text among the words of a thing."""
    found = own.said.get(key)
    return found if isinstance(found, str) else None


def text_within(own: Own, key: str, inner: str) -> str | None:
    """One text of them."""
    found = dict(said_within(own, key)).get(inner)
    return found if isinstance(found, str) else None


def places_within(own: Own, key: str) -> Iterable[Span]:
    """Where they stand."""
    if own.origin.has("catalogue", key):
        yield own.origin.at("catalogue", key)
