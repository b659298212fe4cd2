"""Texts that a schema cannot judge, to values: exact amounts, dates, moments.

The shape of `1.5 B` or of 30 February is right; that they mean nothing is found here.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TypeVar

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, error
from srcnet_compiler.quantity import round_bytes
from srcnet_compiler.span import Origin

T = TypeVar("T")


MOST = 2**63 - 1
"""The largest whole number that every system can hold."""
_LONGEST = 100
"""Of an amount as it is written, in characters."""


class Findings(list[Diagnostic]):
    """What linking has found so far; it goes on as far as it can."""

    def amount(
        self, parse: Callable[[str], T], text: str | None, origin: Origin, key: str
    ) -> T | None:
        """The amount written under `key`, or None with a finding; None where nothing is written."""
        return None if text is None else self._read(parse, text, origin, key, Code.QUANTITY)

    def required(
        self, parse: Callable[[str], T], text: str, origin: Origin, key: str, default: T
    ) -> T:
        """The amount written under `key`; `default` stands in where a finding was made."""
        value = self._read(parse, text, origin, key, Code.QUANTITY)
        return default if value is None else value

    def date(self, text: str, origin: Origin, key: str) -> date:
        """The day written under `key`."""
        value = self._read(date.fromisoformat, text, origin, key, Code.DATE)
        return date.min if value is None else value

    def moment(self, text: str, origin: Origin, key: str) -> datetime:
        """The moment in UTC written under `key`."""
        value = self._read(_moment, text, origin, key, Code.DATE)
        return datetime.min.replace(tzinfo=UTC) if value is None else value

    def _read(
        self, parse: Callable[[str], T], text: str, origin: Origin, key: str, code: Code
    ) -> T | None:
        try:
            value = parse(text) if len(text) <= _LONGEST else None
        except ValueError as problem:
            is_amount = code is Code.QUANTITY
            words = str(problem) if is_amount else f"`{text}` is not in the calendar"
            remedy = None if is_amount else "write a day that there is"
            self.append(error(code, f"`{key}`: {words}", Label(origin.at(key)), help=remedy))
            return None
        if value is None or (isinstance(value, int) and value > MOST):
            self.append(_too_large(text, origin, key))
            return None
        return value


def _too_large(text: str, origin: Origin, key: str) -> Diagnostic:
    short = f"`{text}` is more than any system can count"
    words = short if len(text) <= _LONGEST else f"no amount has {len(text)} characters"
    return error(
        Code.QUANTITY,
        f"`{key}`: {words}",
        Label(origin.at(key)),
        help=f"at most {MOST}, which for bytes is {round_bytes(MOST)}",
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC)
