"""Findings as a GitLab code quality report: the list that a merge request shows.

The shape is that of GitLab's documentation (CI/CD, Code Quality, report format); its own reader
demands description, fingerprint, severity and location.
"""

import json

from srcnet_compiler.diagnostic import Diagnostic, Severity
from srcnet_compiler.report.model import Report, fingerprints, writable

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor"}
"""Of `info`, `minor`, `major`, `critical` and `blocker`; `blocker` is left to other tools."""


def render(report: Report) -> str:
    """All findings; of several places only the first, since GitLab knows one."""
    names = fingerprints(report)
    issues = [_issue(f, n) for f, n in zip(report.diagnostics, names, strict=True)]
    return writable(json.dumps(issues, indent=2, ensure_ascii=False) + "\n")


def _issue(found: Diagnostic, fingerprint: str) -> dict[str, object]:
    return {
        "description": found.message,
        "check_name": found.code.value,
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[found.severity],
        "location": _location(found),
    }


def _location(found: Diagnostic) -> dict[str, object]:
    """GitLab demands a place: a finding about the whole points at the repository's top."""
    if not found.labels:
        return {"path": ".", "lines": {"begin": 1}}
    span = found.labels[0].span
    lines = {"begin": span.line, "end": span.end_line}
    return {"path": span.file.removeprefix("./"), "lines": lines}
