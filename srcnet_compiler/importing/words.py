"""What hosts and names of others say besides: an environment, a system, a country."""

import re
from functools import cache
from importlib import resources
from typing import Literal

Environment = Literal["production", "staging", "development"]
ENVIRONMENTS: tuple[Environment, ...] = ("production", "staging", "development")

_STAGING = r"pre-?prod(?:uction)?|staging|stage|test"
_DEVELOPMENT = r"[a-z0-9]*dev|development"
_PRODUCTION = r"prod|production"
_WORD = re.compile(
    rf"(?<![a-z0-9])(?:(?P<staging>{_STAGING})|(?P<development>{_DEVELOPMENT})"
    rf"|(?P<production>{_PRODUCTION}))(?![a-z0-9])"
)
_BRACKETS = re.compile(r"[\s_-]*[(\[][\s]*[)\]]")
NAME = re.compile(r"[A-Za-z0-9]+([_-][A-Za-z0-9]+)*")
"""A name of a site, an area or a tier."""
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
PATH = re.compile(r"/[A-Za-z0-9/._+~@%=-]*")
"""What specs can say of an address."""
URL = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?(/[!-~]*)?")
LOCAL = re.compile(r"localhost(\..*)?|127\..*|0\.0\.0\.0|::1")


def environment_in(*texts: str) -> Environment | None:
    """The environment that one of these texts names, the first that does; None: none of them."""
    for text in texts:
        found = [each.lastgroup for each in _WORD.finditer(text.lower().replace("_", "-"))]
        for name in ("development", "staging", "production"):
            if name in found:
                return name
    return None


def without_environment(text: str) -> str:
    """A name without the environment inside it: `UKSRC RAL (Production)` is `UKSRC RAL`."""
    kept = _WORD.sub("", text.lower())
    if kept == text.lower():
        return text.strip()
    parts, here = [], 0
    for found in _WORD.finditer(text.lower()):
        parts.append(text[here : found.start()])
        here = found.end()
    bare = _BRACKETS.sub("", "".join((*parts, text[here:])))
    return bare.strip(" -_()[]")


@cache
def countries() -> frozenset[str]:
    """The codes of ISO 3166, as the time zone database lists them."""
    table = resources.files("tzdata") / "zoneinfo" / "iso3166.tab"
    rows = table.read_text("utf-8").splitlines()
    return frozenset(row[:2] for row in rows if row and not row.startswith("#"))
