"""What one mapping of a document says, by the fields that its format has; the rest are findings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from srcnet_compiler.diagnostic import Code, Label
from srcnet_compiler.importing.drafting.papers import Paper
from srcnet_compiler.importing.finding import Finding, Where
from srcnet_compiler.importing.json_text import plain
from srcnet_compiler.near import did_you_mean
from srcnet_compiler.source.trouble import shown
from srcnet_compiler.span import Path

LEFT_OUT = "it is left out; mend it there, and import again"


class Field(NamedTuple):
    """What a field holds."""

    kind: type
    required: bool = False


TEXT, LIST, MAPPING = Field(str), Field(list), Field(dict)
_KINDS = {
    str: "a text",
    int: "a whole number",
    list: "a list",
    dict: "a mapping",
    bool: "yes or no",
}


@dataclass(frozen=True, slots=True)
class Said:
    """A mapping and where it stands; `called` is its name for people, `what` the kind of thing."""

    paper: Paper = field(compare=False, repr=False)
    what: str
    called: str
    path: Path
    data: Mapping[str, Any]
    fields: Mapping[str, Field]

    def value(self, key: str) -> Any:  # noqa: ANN401  documents of others
        """What it says; None where that is nothing, or of another kind than the field."""
        value = self.data.get(key)
        return value if _fits(value, self.fields[key].kind) else None

    def text(self, key: str) -> str:
        """A text on one line; empty where there is none."""
        return " ".join(str(plain(self.value(key)) or "").split())

    def at(self, key: str | None = None, text: str = "") -> Where:
        """Where it says something; where it is, without a key."""
        there = key is not None and key in self.data
        return Where((*self.path, key) if there and key is not None else self.path, text)

    def left_out(self, key: str | None, message: str, help: str = LEFT_OUT) -> Finding:  # noqa: A002
        """Something of it that is not imported."""
        return Finding(Code.NOT_IMPORTED, message, (self.at(key),), help, self.called)

    def wrong(self, key: str, message: str) -> Finding:
        """Something in it that cannot be meant."""
        return Finding(Code.WRONG_VALUE, message, (self.at(key),), LEFT_OUT, self.called)


def _fits(value: object, kind: type) -> bool:
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def defects(said: Said) -> Iterator[Finding]:
    """Fields that are missing, of another kind, or of a later version."""
    for key, (kind, required) in said.fields.items():
        value = said.data.get(key)
        if value in (None, ""):
            if required:
                yield Finding(
                    Code.MISSING_FIELD,
                    f"{shown(said.called)} has no `{key}`, which every {said.what} needs",
                    (said.at(),),
                    f"add `{key}` there, and import again",
                    said.called,
                )
        elif not _fits(value, kind):
            yield said.wrong(key, f"`{key}` of {shown(said.called)} is not {_KINDS[kind]}")
    for key in (each for each in said.data if each not in said.fields):
        yield Finding(
            Code.LATER_FIELD,
            f"{shown(str(key))} is no field of such {_a(said.what)} that this version knows",
            (said.at(key),),
            did_you_mean(str(key), said.fields, "it is left out"),
            said.called,
        )


def again(said: Said, first: Said, what: str) -> Finding:
    """What is told a second time, whether in the same way or not; `what` is told of it."""
    span = first.paper.spans([first.path])[first.path]
    return Finding(
        Code.NOT_IMPORTED,
        f"{what} twice{'' if said.data == first.data else ', and not in the same way'}",
        (said.at(),),
        "the first one counts; take the other one out there",
        said.called,
        labels=(Label(span, "the first one"),),
    )


def _a(what: str) -> str:
    return f"an {what}" if what[0] in "aeiou" else f"a {what}"


def mappings(
    data: object, path: Path, what: str
) -> Iterator[tuple[Path, dict[str, Any]] | Finding]:
    """The mappings in a list, and what in it is none."""
    for index, each in enumerate(data if isinstance(data, list) else ()):
        here = (*path, index)
        if isinstance(each, dict):
            yield here, each
        else:
            yield Finding(Code.NOT_IMPORTED, f"this is no {what}", (Where(here),), LEFT_OUT, what)
