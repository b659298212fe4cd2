"""Findings as JSON of our own, `schemas/report.schema.json`: for whoever builds on them."""

import json

from srcnet_compiler.diagnostic import Diagnostic, Label, Severity
from srcnet_compiler.report.model import TOOL, Report, fingerprints, writable
from srcnet_compiler.span import Span

FORMAT_VERSION = 1
"""Rises when a reader of the former version would misunderstand; new keys may come without."""


def render(report: Report) -> str:
    """The whole report; a key without a value is null, so every key is always there."""
    names = fingerprints(report)
    document = {
        "formatVersion": FORMAT_VERSION,
        "tool": {"name": TOOL, "version": report.version},
        "title": report.title,
        "facts": dict(report.facts),
        "summary": {f"{s.value}s": report.count(s) for s in Severity},
        "findings": [_finding(f, n) for f, n in zip(report.diagnostics, names, strict=True)],
    }
    return writable(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def _finding(found: Diagnostic, fingerprint: str) -> dict[str, object]:
    return {
        "code": found.code.value,
        "severity": found.severity.value,
        "message": found.message,
        "subject": found.subject,
        "help": found.help,
        "fingerprint": fingerprint,
        "places": [_place(label) for label in found.labels],
    }


def _place(label: Label) -> dict[str, object]:
    return {**place_data(label.span), "text": label.text}


def place_data(span: Span) -> dict[str, object]:
    """A place as all our JSON for readers has it."""
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
