"""Findings about documents whose kind is not known, so that no shape can be asked."""

from collections.abc import Iterator, Mapping

from srcnet_compiler.diagnostic import Code, Diagnostic, Fix, Label, error
from srcnet_compiler.near import certainly_meant
from srcnet_compiler.schema import kinds
from srcnet_compiler.schema.versions import API_VERSION
from srcnet_compiler.schema.wording.keys import closest, listed
from srcnet_compiler.schema.wording.spot import first_line
from srcnet_compiler.schema.wording.values import kind_of
from srcnet_compiler.span import SourceMap

_NEEDED = {
    "apiVersion": f"add `apiVersion: {API_VERSION}`",
    "kind": "add `kind: Site`, or what else the document describes",
    "metadata": "add `metadata: {name: CHSRC-CSCS}`: what the document is called",
    "spec": "add `spec:`, and below it what the document says",
}


def without_kind(data: object, source_map: SourceMap) -> tuple[Diagnostic, ...]:
    """What is wrong with a document that does not say what kind it is."""
    top = Label(first_line(source_map, source_map.span(())))
    if not isinstance(data, Mapping):
        found = error(
            Code.SHAPE,
            f"the document is {kind_of(data)}, but must be a mapping",
            top,
            help=f"begin it with `apiVersion: {API_VERSION}` and `kind: Site`",
        )
        return (found,)
    missing = (
        error(Code.MISSING_KEY, f"`{key}` is missing in the document", top, help=remedy)
        for key, remedy in _NEEDED.items()
        if key not in data
    )
    return (*missing, *_kind(data, source_map))


def _kind(data: Mapping[str, object], source_map: SourceMap) -> Iterator[Diagnostic]:
    if "kind" not in data:
        return
    kind, label = data["kind"], Label(source_map.span(("kind",)))
    known = f"the kinds are {listed(kinds.KINDS)}"
    if kind is None:
        label = Label(source_map.key_span(("kind",)))
        yield error(Code.SHAPE, "`kind` has no value", label, help=known)
    elif not isinstance(kind, str):
        label = Label(first_line(source_map, label.span))
        yield error(Code.SHAPE, f"`kind` is {kind_of(kind)}, but must be a text", label, help=known)
    else:
        similar = closest(kind, kinds.KINDS)
        remedy = f"did you mean `{similar}`? {known}" if similar else known
        certain = certainly_meant(kind, kinds.KINDS)
        fix = Fix(label.span, certain) if certain else None
        message = f"`{kind}` is not a kind of document"
        yield error(Code.UNKNOWN_KIND, message, label, help=remedy, fix=fix)
