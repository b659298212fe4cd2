"""Findings as SARIF 2.1.0, for code scanning and editors.

Braces and brackets of a message stay single though the standard gives them a meaning: a message
here has no arguments and no links, and readers show what they get.
"""

import json
from urllib.parse import quote

from srcnet_compiler.diagnostic import Code, Diagnostic, Label
from srcnet_compiler.report import explain
from srcnet_compiler.report.model import TOOL, Report, fingerprints, writable
from srcnet_compiler.span import Span

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_ROOT = "%SRCROOT%"
"""What relative addresses start from, by the name that GitHub knows: the top of the checkout."""


def render(report: Report) -> str:
    """One run; columns are counted in code points, ends lie behind the last character."""
    codes = sorted({found.code for found in report.diagnostics}, key=lambda code: code.value)
    driver: dict[str, object] = {"name": TOOL, "rules": [_rule(c, report.pages) for c in codes]}
    if report.version:
        driver["version"] = report.version
    names = fingerprints(report)
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "the top of the checkout"}}},
        "results": [
            _result(found, codes.index(found.code), name)
            for found, name in zip(report.diagnostics, names, strict=True)
        ],
    }
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return writable(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def _rule(code: Code, pages: str | None) -> dict[str, object]:
    rule: dict[str, object] = {"id": code.value, "name": _pascal(code.value)}
    page = explain.explain(code.value)
    if page is not None:
        rule["fullDescription"] = {"text": explain.first_paragraph(page)}
        rule["help"] = {"text": explain.first_paragraph(page), "markdown": page}
    if pages is not None:
        rule["helpUri"] = f"{pages.rstrip('/')}/{code.value}"
    return rule


def _pascal(code: str) -> str:
    return "".join(word.capitalize() for word in code.split("-"))


def _result(found: Diagnostic, rule: int, fingerprint: str) -> dict[str, object]:
    result: dict[str, object] = {
        "ruleId": found.code.value,
        "ruleIndex": rule,
        "level": found.severity.value,
        "message": {"text": found.message},
        "partialFingerprints": {"finding/v1": fingerprint},
    }
    if found.labels:
        result["locations"] = [_location(found.labels[0])]
    if found.labels[1:]:
        others = enumerate(found.labels[1:], start=1)
        result["relatedLocations"] = [{"id": n, **_location(label)} for n, label in others]
    extra = {"help": found.help, "subject": found.subject}
    properties = {key: value for key, value in extra.items() if value is not None}
    if properties:
        result["properties"] = properties
    return result


def _location(label: Label) -> dict[str, object]:
    place = {"artifactLocation": _artifact(label.span.file), "region": _region(label.span)}
    message = {"message": {"text": label.text}} if label.text else {}
    return {"physicalLocation": place, **message}


def _artifact(file: str) -> dict[str, str]:
    path = quote(file.removeprefix("./"), errors="surrogateescape")
    return {"uri": f"file://{path}"} if path.startswith("/") else {"uri": path, "uriBaseId": _ROOT}


def _region(span: Span) -> dict[str, int]:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
