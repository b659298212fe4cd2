"""Free text from Jinja templates: undefined names are errors, lines keep their places."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from srcnet_compiler.artifact import Artifact, Spans
from srcnet_compiler.resources import folder

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.runtime import Context

_MARK = re.compile("\x00([0-9]+)\x00")
_KNOWN = "\x00known"
"""Under what a template finds the places that its lines were given: no name that it could write."""


def fill_template(path: str, template: str, values: Mapping[str, object], spans: Spans) -> Artifact:
    """The artifact at `path` from `templates/<template>`.

    In the template ``{{ text | at(spans) }}`` gives the line it stands on these places; lines
    without one have `spans`.
    """
    known: list[Spans] = []
    text = _environment().get_template(template).render({**values, _KNOWN: known})
    lines = text.split("\n")
    sources = {
        number: _places(_MARK.findall(line), known) or spans
        for number, line in enumerate(lines[:-1], start=1)
    }
    return Artifact(PurePosixPath(path), _MARK.sub("", "\n".join(lines)), sources)


def _places(marks: list[str], known: list[Spans]) -> Spans:
    """Those that a line was given."""
    found = [known[int(mark)] for mark in marks]
    return found[0] if len(found) == 1 else tuple(span for spans in found for span in spans)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context

    @pass_context
    def at(context: "Context", text: str, places: Spans) -> str:
        known: list[Spans] = context[_KNOWN]
        known.append(places)
        return f"{text}\x00{len(known) - 1}\x00"

    environment = Environment(
        loader=FileSystemLoader(folder("templates")),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["at"] = at
    return environment
