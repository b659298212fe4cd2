"""Findings as JUnit XML, for the test tab of a CI system.

There is no one schema; this is written to the strictest that is in use, Jenkins' xunit plugin's
`junit-10.xsd`. An error is a failed test, a warning a skipped one (shown, but failing nothing), a
file without a finding a passed one.
"""

from xml.etree import ElementTree

from srcnet_compiler.diagnostic import Diagnostic, Severity
from srcnet_compiler.report.cells import visible
from srcnet_compiler.report.model import Report
from srcnet_compiler.report.text import excerpt


def render(report: Report) -> str:
    """One suite with a test for each finding and each file in which nothing was found."""
    touched = {label.span.file for found in report.diagnostics for label in found.labels}
    clean = sorted(set(report.sources) - touched)
    counts = {
        "name": legible(report.title),
        "tests": str(len(report.diagnostics) + len(clean)),
        "failures": str(report.count(Severity.ERROR)),
        "errors": "0",
    }
    root = ElementTree.Element("testsuites", counts)
    skipped = str(report.count(Severity.WARNING))
    suite = ElementTree.SubElement(root, "testsuite", {**counts, "skipped": skipped})
    for found in report.diagnostics:
        _test(suite, found, report)
    for file in clean:
        ElementTree.SubElement(suite, "testcase", name="no findings", classname=legible(file))
    ElementTree.indent(root)
    body = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _test(suite: ElementTree.Element, found: Diagnostic, report: Report) -> None:
    file = found.labels[0].span.file if found.labels else report.title
    message = legible(found.message)
    name = f"{found.code.value}: {message}"
    test = ElementTree.SubElement(suite, "testcase", name=name, classname=legible(file))
    tag = "failure" if found.severity is Severity.ERROR else "skipped"
    outcome = ElementTree.SubElement(test, tag, type=found.code.value, message=message)
    outcome.text = legible(excerpt(found, report))


def legible(text: str) -> str:
    """`text` as XML can hold it: what XML 1.0 forbids, even escaped, is shown as `visible` does."""
    return "".join(c if _allowed(ord(c)) else visible(c) for c in text)


def _allowed(code: int) -> bool:
    """The production `Char` of XML 1.0."""
    return (
        code in (0x9, 0xA, 0xD)
        or 0x20 <= code <= 0xD7FF
        or 0xE000 <= code <= 0xFFFD
        or code >= 0x10000
    )
