"""What stopped libyaml, in the words of somebody who writes a spec."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, error
from srcnet_compiler.source.problem import Problem
from srcnet_compiler.source.quotes import Place, quote_over_lines
from srcnet_compiler.source.trouble import quoted, shown

_QUOTE = "put the value in quotes"
_OPENING = {"]": "[", "}": "{"}
_BLANKS = re.compile("[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]")
"""Blanks that are no blanks to YAML; they come with text from web pages and word processors."""


@dataclass(frozen=True, slots=True)
class _Words:
    """A finding before it has its span. `width` is in characters, from `place`."""

    message: str
    help: str
    place: Place
    width: int = 1
    text: str = ""
    because: tuple[Place, str] | None = None


def explain(file: str, problem: Problem) -> Diagnostic:
    """The finding for an error of libyaml."""
    rules = (make for sign, make in _RULES if sign in problem.what or sign == problem.reading)
    words = _late_quote(problem) or next(rules, _as_it_is)(problem)
    labels = [Label(problem.span(file, words.place, words.width), words.text)]
    if words.because is not None:
        place, text = words.because
        labels.append(Label(problem.span(file, place), text))
    return error(
        Code.SYNTAX, words.message, *labels, help=words.help + _blanks(problem.lines, words.place)
    )


def _blanks(lines: tuple[str, ...], place: Place) -> str:
    line, _ = place
    match = _BLANKS.search(lines[line]) if line < len(lines) else None
    if match is None:
        return ""
    return f"; column {match.start() + 1} holds U+{ord(match[0]):04X}, which is no blank for YAML"


def _as_it_is(problem: Problem) -> _Words:
    return _Words(
        f"this is not YAML: {problem.what.strip().lower()}",
        "check indentation, quotes and brackets around this place",
        problem.here,
    )


def _no_colon(problem: Problem) -> _Words:
    word = problem.rest(problem.since).rstrip()
    width = max(len(word), 1)
    joined = re.match(r"([^\s:]+):(\S.*)", word)
    if joined:
        message = f"there is no space after the `:` of {shown(word)}"
        return _Words(message, f"write {shown(f'{joined[1]}: {joined[2]}')}", problem.since, width)
    if re.match(r"-[^\s-]", word):
        message = f"there is no space after the `-` of {shown(word)}"
        return _Words(message, f"write {shown(f'- {word[1:]}')}", problem.since, width)
    pair = re.match(r"([A-Za-z][A-Za-z0-9]*) +(\S.*)", word)
    meant = f"{pair[1]}: {pair[2]}" if pair else f"{word}: VALUE"
    return _Words(
        f"a key with `:` is expected here, and {shown(word)} has none",
        f"write {shown(meant)}, or indent it deeper if it continues the line above",
        problem.since,
        width,
    )


def _colon_not_allowed(problem: Problem) -> _Words:
    before = problem.before(problem.here)
    if len(before.strip()) > 1000 and ": " not in before:
        return _Words("a key has at most 1024 characters", "shorten it", problem.here)
    if before.startswith("---"):
        return _Words(
            "a mapping cannot begin on the line of `---`", "begin it on the next line", problem.here
        )
    first = re.match(r"(?:\s|-\s)*([^\s:]+):\s+(.*)", before)
    if first:
        value = (first[2] + problem.rest(problem.here)).strip()
        return _Words(
            "a second `:` stands in this line",
            f"{_QUOTE}: {shown(f'{first[1]}: {quoted(value)}')}, or begin a new line",
            problem.here,
        )
    return _Words(
        "this key is indented deeper than the one above, which has a value already",
        "indent both the same, or remove the value above",
        problem.here,
    )


def _cannot_begin(problem: Problem) -> _Words:
    rest = problem.rest(problem.here)
    if rest.startswith("\t"):
        return _tab(problem)
    opened = "{" if problem.before(problem.here).endswith("{") else ""  # a template's `{% … %}`
    word = opened + rest.split(" #")[0].strip()
    sign = "a backtick" if rest.startswith("`") else f"`{opened}{rest[:1]}`"
    return _Words(
        f"a value without quotes cannot begin with {sign}",
        f"{_QUOTE}: {shown(quoted(word))}",
        problem.here,
    )


def _tab(problem: Problem) -> _Words:
    rest = problem.rest(problem.here)
    width = len(rest) - len(rest.lstrip("\t"))
    return _Words(
        "a tab is used for indentation", "indent with spaces", problem.here, max(width, 1)
    )


def _no_name(problem: Problem) -> _Words:
    sign = problem.rest(problem.since)[:1]
    what = "an alias" if sign == "*" else "an anchor"
    item = "; a list item begins with `- `" if sign == "*" else ""
    return _Words(
        f"`{sign}` begins {what}, and no name follows it",
        f"{_QUOTE} if `{sign}` is part of it{item}",
        problem.since,
    )


def _late_quote(problem: Problem) -> _Words | None:
    """A quote that was forgotten: the next one of its kind, lines below, is taken for it."""
    found = quote_over_lines(problem.lines[: problem.here[0] + 1])
    if found is None:
        return None
    opened, closed = found
    sign = problem.rest(opened)[:1]
    return _Words(
        f"the quote that is opened here is closed only in line {closed + 1}",
        f"close it with `{sign}` where its text ends",
        opened,
        text="opened here",
    )


def _open_quote(problem: Problem) -> _Words:
    sign = problem.rest(problem.since)[:1]
    return _Words(
        "the quote that is opened here is not closed",
        f"close it with `{sign}`; inside, write `{sign * 2 if sign == chr(39) else chr(92) + sign}`"
        " for the sign itself",
        problem.since,
        text="opened here",
    )


def _escape(problem: Problem) -> _Words:
    line, column = problem.here
    if "unknown escape" not in problem.what:  # libyaml stops behind `\\x`, `\\u` or `\\U`
        column -= 2
    rest = problem.rest((line, column))
    if re.match(r"\\u[dD][89a-fA-F]", rest):
        message = f"`{rest[:6]}` is half a character"
        return _Words(message, "write the character itself", (line, column), 6)
    hexadecimal = re.match(r"\\[xuU][0-9a-fA-F]*", rest)
    if hexadecimal:
        message = f"`{hexadecimal[0]}` is no character"
        digits = {"x": 2, "u": 4, "U": 8}[rest[1]]
        remedy = f"write {digits} hexadecimal digits after `\\{rest[1]}`"
        return _Words(message, remedy, (line, column), len(hexadecimal[0]))
    return _Words(
        f"{shown(rest[:2])} means nothing inside double quotes",
        "write `\\\\` for a backslash, or use single quotes",
        (line, column),
        2,
    )


def _open_bracket(problem: Problem) -> _Words:
    opened = problem.rest(problem.since)[:1]
    closing = {"[": "]", "{": "}"}.get(opened, "]")
    seen = None if problem.at_end else (problem.here, f"`,` or `{closing}` is expected before this")
    return _Words(
        f"`{opened}` is not closed, or a `,` is missing",
        f"write `,` between the parts and `{closing}` at the end",
        problem.since,
        text="opened here",
        because=seen,
    )


def _not_a_key(problem: Problem) -> _Words:
    before, (_, column) = problem.before(problem.here), problem.since
    begun = (problem.since, "the mapping begins here")
    if problem.rest(problem.here).startswith(":"):
        return _Words("no key stands before this `:`", "write `KEY: value`", problem.here)
    if before.strip():
        return _Words(
            "the value ends before this",
            "put the whole value in quotes, or begin a new line; a comment begins with ` #`",
            problem.here,
            because=begun,
        )
    if problem.rest(problem.here).startswith("- "):
        return _Words(
            "a list item stands among the keys of a mapping",
            "write `KEY:` above it, or indent it like the other items",
            problem.here,
            because=begun,
        )
    return _Words(
        f"this is indented by {len(before)}, which fits nothing above it",
        f"indent it by {column} to go on with the mapping, or like the lines above it",
        problem.here,
        because=begun,
    )


def _not_an_item(problem: Problem) -> _Words:
    _, column = problem.since
    return _Words(
        "this is no item of the list, and is indented as if it were"
        if len(problem.before(problem.here)) >= column
        else "this line belongs neither to the list nor to what is around it",
        "begin it with `- `, or indent it like the key that the list belongs to",
        problem.here,
        because=(problem.since, "the list begins here"),
    )


def _no_value(problem: Problem) -> _Words:
    sign = problem.rest(problem.here)[:1]
    if sign == ",":
        return _Words(
            "no value stands before this `,`", "write it, or remove the `,`", problem.here
        )
    if sign in _OPENING:
        return _closes_nothing(problem)
    if sign == ":":
        return _Words("no key stands before this `:`", _QUOTE, problem.here)
    return _Words("a value is expected here", "write one, or put text in quotes", problem.here)


def _closes_nothing(problem: Problem) -> _Words:
    sign = problem.rest(problem.here)[:1]
    return _Words(
        f"`{sign}` closes nothing: there is no `{_OPENING[sign]}` for it",
        f"remove it, or {_QUOTE} if it is part of the text",
        problem.here,
    )


def _item_not_allowed(problem: Problem) -> _Words:
    return _Words(
        "a list cannot begin on the line of its key",
        "begin it on the next line, or write `[one, two]`; quote text that begins with `- `",
        problem.here,
    )


def _complex_key(problem: Problem) -> _Words:
    return _Words("`?` cannot begin a value here", _QUOTE, problem.here)


def _block_header(problem: Problem) -> _Words:
    sign = problem.rest(problem.since)[:1]
    return _Words(
        f"text stands on the line of `{sign}`",
        f"begin the text on the next line, or put it in quotes if `{sign}` is part of it",
        problem.here,
    )


def _block_indent(problem: Problem) -> _Words:
    return _Words("a text block cannot be indented by 0", "remove the `0`", problem.here)


def _second_value(problem: Problem) -> _Words:
    if problem.rest(problem.here)[:1] in _OPENING:
        return _closes_nothing(problem)
    return _Words(
        "the document ends before this",
        "begin another document with a line `---`, or check brackets, quotes and indentation",
        problem.here,
    )


def _tag(problem: Problem) -> _Words:
    word = problem.rest(problem.since).split(" ")[0]
    return _Words(
        f"{shown(word)} is no tag that is known",
        f"remove it, or {_QUOTE} if `!` is part of it",
        problem.since,
        max(len(word), 1),
    )


def _directive(problem: Problem) -> _Words:
    line, _ = problem.since
    return _Words(
        "a line that begins with `%` is an instruction to YAML, and this one is not known",
        "remove it, or put the text in quotes",
        (line, 0),
        max(len(problem.rest((line, 0)).rstrip()), 1),
    )


_RULES: tuple[tuple[str, Callable[[Problem], _Words]], ...] = (
    ("could not find expected ':'", _no_colon),
    ("mapping values are not allowed", _colon_not_allowed),
    ("block sequence entries are not allowed", _item_not_allowed),
    ("mapping keys are not allowed", _complex_key),
    ("a tab character", _tab),
    ("cannot start any token", _cannot_begin),
    ("while scanning an alias", _no_name),
    ("while scanning an anchor", _no_name),
    ("found unexpected end of stream", _open_quote),
    ("found unexpected document indicator", _open_quote),
    ("while parsing a quoted scalar", _escape),
    ("expected ',' or", _open_bracket),
    ("did not find expected key", _not_a_key),
    ("did not find expected '-'", _not_an_item),
    ("did not find expected node content", _no_value),
    ("did not find expected <document start>", _second_value),
    ("indicator equal to 0", _block_indent),
    ("while scanning a block scalar", _block_header),
    ("undefined tag handle", _tag),
    ("while scanning a tag", _tag),
    ("while parsing a tag", _tag),
    ("while scanning a directive", _directive),
    ("while scanning a %YAML directive", _directive),
    ("while scanning a %TAG directive", _directive),
    ("while parsing a %TAG directive", _directive),
    ("found incompatible YAML document", _directive),
    ("found duplicate %", _directive),
)
"""A sign is part of what libyaml says, or what it says it was reading."""
