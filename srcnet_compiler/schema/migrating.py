"""A file of specs rewritten in the words of this version; all else stays as it was written."""

from dataclasses import replace

from srcnet_compiler.diagnostic import Code, Diagnostic, Fix, Outcome, Severity
from srcnet_compiler.schema import versions
from srcnet_compiler.schema.validate import check
from srcnet_compiler.source import Document, parse
from srcnet_compiler.source.edits import Mended, mend, plain_text


def migrated(name: str, content: bytes) -> Outcome[Mended]:
    """The text of a file with every document of it in this version, and what was rewritten.

    The value is None where a document of another version is not sound, or means something else when
    it is rewritten: then findings say why.
    """
    parsed = parse(name, content)
    before = plain_text(content)
    if parsed.value is None or before is None:
        return Outcome(None, parsed.diagnostics)
    found: list[Diagnostic] = []
    older: list[Diagnostic] = []
    for document in parsed.value:
        if not _is_of_today(document):
            said = check(document)
            found += [each for each in said if each.severity is Severity.ERROR]
            older += [each for each in said if each.code is Code.OLDER_VERSION]
    fixes = [each.fix for each in older if each.fix is not None]
    result = mend(before, fixes)
    if not found and not _means_the_same(parsed.value, result, fixes):
        found = [_by_hand(each) for each in older if each.fix is None] or [*map(_by_hand, older)]
    return Outcome(None, tuple(found)) if found else Outcome(result)


def _is_of_today(document: Document) -> bool:
    data = document.data
    return isinstance(data, dict) and data.get("apiVersion") == versions.API_VERSION


def _means_the_same(documents: tuple[Document, ...], result: Mended, fixes: list[Fix]) -> bool:
    """Whether the text says what the documents said, each in this version."""
    if not fixes:
        return all(map(_is_of_today, documents))
    now = parse("", result.text.encode()).value or ()
    then = [versions.upgraded(document).value for document in documents]
    return [each.data for each in now] == [each and each.data for each in then]


def _by_hand(older: Diagnostic) -> Diagnostic:
    return replace(older, severity=Severity.ERROR, fix=None, help=versions.BY_HAND)
