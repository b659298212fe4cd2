"""Bytes to text: only UTF-8, and only characters that every reader sees the same way."""

import re

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, Outcome, error
from srcnet_compiler.span import Span

MAX_BYTES = 16_000_000
"""Specs are some kilobytes; beyond this a file was named by mistake. Columns fit `span.pack`."""

_BOM = b"\xef\xbb\xbf"

_WIDE_BOMS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)

# Three groups: what YAML forbids (controls, a second byte order mark), what YAML 1.1 and 1.2 read
# differently (U+0085, U+2028, U+2029 end a line in one of them), and what reverses the order in
# which a reviewer sees the line.
_REFUSED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)

_CALLED = {
    "\x7f": "delete",
    "\x85": "next line",
    "\u2028": "line separator",
    "\u2029": "paragraph separator",
    "\ufeff": "byte order mark inside the file",
}


def decode(file: str, content: bytes) -> Outcome[str]:
    """The text without its byte order mark, or why these bytes are no text."""
    if len(content) > MAX_BYTES:
        return Outcome(None, (too_large(file),))
    for mark, encoding in _WIDE_BOMS:
        if content.startswith(mark):
            return Outcome(None, (_wide(file, encoding),))
    content = content.removeprefix(_BOM)
    try:
        text = content.decode()
    except UnicodeDecodeError as trouble:
        return Outcome(None, (_not_utf8(file, content, trouble.start),))
    refused = tuple(_refused(file, text))
    return Outcome(None if refused else text, refused)


def split_lines(text: str) -> tuple[str, ...]:
    """The lines as YAML counts them; unlike `str.splitlines`, nothing but CR and LF ends one."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return tuple(text.split("\n"))


def text_lines(content: bytes) -> tuple[str, ...]:
    """The lines of any file, to be shown under a finding; what is no UTF-8 becomes U+FFFD."""
    return split_lines(content.removeprefix(_BOM).decode(errors="replace"))


def place(file: str, text: str, index: int, length: int = 1) -> Span:
    """The span of `length` characters of one line, `index` characters into the text."""
    before = split_lines(text[:index])
    line, column = len(before), len(before[-1]) + 1
    return Span(file, line, column, line, column + length)


def too_large(file: str) -> Diagnostic:
    return error(
        Code.TOO_LARGE,
        f"the file is larger than {MAX_BYTES // 1_000_000} MB",
        Label(Span(file, 1, 1, 1, 1)),
        help="split it; one file per site or policy is usual",
    )


def _wide(file: str, encoding: str) -> Diagnostic:
    return error(
        Code.ENCODING,
        f"the file is written in {encoding}, and must be UTF-8",
        Label(Span(file, 1, 1, 1, 2)),
        help=f"convert it: `iconv -f {encoding} -t UTF-8`",
    )


def _not_utf8(file: str, content: bytes, start: int) -> Diagnostic:
    byte, before = content[start], content[:start].decode()
    latin = bytes([byte]).decode("latin-1")
    meant = f"; if the byte stands for `{latin}`, the file is Latin-1" if byte >= 0xA0 else ""
    return error(
        Code.ENCODING,
        f"the byte 0x{byte:02X} is not UTF-8 here",
        Label(place(file, before, len(before))),
        help=f"save the file as UTF-8{meant}",
    )


def _refused(file: str, text: str) -> list[Diagnostic]:
    first: dict[str, int] = {}
    times: dict[str, int] = {}
    for match in _REFUSED.finditer(text):
        character = match[0]
        first.setdefault(character, match.start())
        times[character] = times.get(character, 0) + 1
    if "\0" in first:
        return [_binary(file, text, first["\0"])]
    return [_hidden(file, text, index, times[text[index]]) for index in first.values()]


def _binary(file: str, text: str, index: int) -> Diagnostic:
    return error(
        Code.ENCODING,
        "the file is not text: it holds a NUL byte",
        Label(place(file, text, index)),
        help="name a YAML file; if it is one, save it as UTF-8",
    )


def _hidden(file: str, text: str, index: int, times: int) -> Diagnostic:
    character = text[index]
    number = ord(character)
    called = _CALLED.get(character, "control character" if number < 0xA0 else "reverses the text")
    again = f", here and {times - 1} more times" if times > 1 else ""
    escape = f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"
    return error(
        Code.HIDDEN_CHARACTER,
        f"the invisible character U+{number:04X} ({called}) is not allowed{again}",
        Label(place(file, text, index)),
        help=f"remove it; where it is meant, write `{escape}` inside double quotes",
    )
