"""Findings as workflow commands of GitHub Actions: annotations on the changed lines.

GitHub shows the first ten errors and ten warnings of a step, and drops columns of a place that
spans several lines. What must not be lost goes into SARIF.
"""

from srcnet_compiler.diagnostic import Diagnostic
from srcnet_compiler.report.cells import visible
from srcnet_compiler.report.model import Report, writable

_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = {**_DATA, ":": "%3A", ",": "%2C"}


def render(report: Report) -> str:
    """One command a finding, then the verdict as a line of the log."""
    lines = [_command(found) for found in report.diagnostics]
    return writable("\n".join([*lines, report.verdict]) + "\n")


def _command(found: Diagnostic) -> str:
    values = {**_place(found), "title": found.code.value}
    properties = ",".join(f"{key}={_escape(value, _PROPERTY)}" for key, value in values.items())
    return f"::{found.severity.value} {properties}::{_escape(_body(found), _DATA)}"


def _place(found: Diagnostic) -> dict[str, str]:
    if not found.labels:
        return {}
    span = found.labels[0].span
    place = {"file": span.file, "line": str(span.line), "endLine": str(span.end_line)}
    if span.end_line == span.line:
        place |= {"col": str(span.column), "endColumn": str(span.end_column)}
    return place


def _body(found: Diagnostic) -> str:
    """The message; below it what an annotation has no field for."""
    others = [f"{label.span}: {visible(label.text)}".rstrip(": ") for label in found.labels[1:]]
    advice = [f"help: {found.help}"] if found.help else []
    return "\n".join([found.message, *others, *advice])


def _escape(text: str, replaced: dict[str, str]) -> str:
    return "".join(replaced.get(character, character) for character in text)
