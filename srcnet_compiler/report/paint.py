"""Styles of a terminal, by what is painted; without colours a text stays as it is."""

from collections.abc import Callable

Paint = Callable[[str, str], str]
"""Puts a text into a style, by name."""

_STYLES = {
    "error": "1;31",
    "warning": "1;33",
    "bold": "1",
    "frame": "34",
    "help": "36",
    "adopt": "36",
    "create": "32",
    "update": "33",
    "rename": "36",
    "retire": "31",
    "grave": "1;31",
    "place": "2",
}


def painter(colour: bool) -> Paint:
    """What paints with ANSI escapes, or not at all."""
    return _ansi if colour else plain


def plain(text: str, style: str) -> str:
    return text


def _ansi(text: str, style: str) -> str:
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if text else text
