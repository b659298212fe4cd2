"""Bytes of a file to documents: the steps in their order."""

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager

from yaml.error import YAMLError

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, Outcome, error
from srcnet_compiler.source.compose import Composer, Document
from srcnet_compiler.source.places import Places
from srcnet_compiler.source.problem import Problem
from srcnet_compiler.source.syntax import explain
from srcnet_compiler.source.text import decode, place, split_lines
from srcnet_compiler.source.trouble import MAX_VALUES, LimitError, too_deep
from srcnet_compiler.span import Span

_MAX_SYNTAX_ERRORS = 20
_MAX_TAG_DIRECTIVES = 100
"""libyaml compares each one with all before it."""

_NEXT_DOCUMENT = re.compile(r"(?<=[\r\n])---(?=[ \t\r\n]|\Z)")


def parse(file: str, content: bytes) -> Outcome[tuple[Document, ...]]:
    """The documents of a file that are not empty, read as YAML 1.2, and everything wrong with it.

    The value is None when anything is wrong. Never raises, whatever the bytes are. `file` is only
    what the places call it.
    """
    decoded = decode(file, content)
    if decoded.value is None:
        return Outcome(None, decoded.diagnostics)
    documents: list[Document] = []
    found: list[Diagnostic] = []
    if decoded.value.count("%TAG") > _MAX_TAG_DIRECTIVES:
        return Outcome(None, (_tag_directives(file, decoded.value),))
    _parse(file, decoded.value, documents, found)
    if not documents and not found:
        found.append(_nothing(file))
    return Outcome(None, tuple(found)) if found else Outcome(tuple(documents))


def _parse(file: str, text: str, documents: list[Document], found: list[Diagnostic]) -> None:
    """Read all documents; after a syntax error, go on with the next line `---`."""
    lines = split_lines(text)
    begin, room = 0, MAX_VALUES
    for _ in range(_MAX_SYNTAX_ERRORS):
        part, first_line = text[begin:], len(split_lines(text[:begin])) - 1
        composer = Composer(part, Places(file, part, lines, first_line))
        try:
            for document in composer.documents(room):
                documents.append(document)
                room -= len(document.source_map.values)
            found += composer.found
            return
        except LimitError as limit:
            found += [*composer.found, limit.finding]
            return
        except YAMLError as trouble:
            problem = Problem.of(trouble, lines, first_line)
            found += composer.found
            if problem.is_too_deep:
                found.append(too_deep(problem.span(file)).finding)
                return
            found.append(explain(file, problem))
            following = _NEXT_DOCUMENT.search(text, begin + max(problem.index, 1))
        if following is None:
            return
        begin = following.start()


@contextmanager
def no_collection() -> Iterator[None]:
    """Keep the garbage collector from walking over everything that was loaded, again and again.

    Documents hold no cycles, so there is nothing for it to find.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _nothing(file: str) -> Diagnostic:
    return error(
        Code.EMPTY,
        "the file holds no document",
        Label(Span(file, 1, 1, 1, 1)),
        help="begin with `apiVersion:` and `kind:`, or remove the file",
    )


def _tag_directives(file: str, text: str) -> Diagnostic:
    return error(
        Code.TOO_LARGE,
        f"the file holds more than {_MAX_TAG_DIRECTIVES} times `%TAG`",
        Label(place(file, text, text.index("%TAG"), len("%TAG"))),
        help="remove these lines: specs use no tags of their own",
    )
