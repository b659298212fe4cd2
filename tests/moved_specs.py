"""The golden federation with another name for a queue, project or site, and the document for it."""

import re
from collections.abc import Mapping

from specs import GOLDEN, compile_texts, texts

from srcnet_compiler.diagnostic import Fix
from srcnet_compiler.editor.mentions import mentions
from srcnet_compiler.pipeline import Compiled
from srcnet_compiler.source import parse
from srcnet_compiler.source.edits import mend

Edit = tuple[str, str, str]
LIFECYCLE, TEMPLATES = "policies/lifecycle.yaml", "policies/services/templates.yaml"
QUEUES, CYCLE = "policies/compute/queues.yaml", "policies/allocation/cycle-0.yaml"
CSCS = "site-specs/chsrc-cscs.yaml"
MOVED = "policies/moved.yaml"
_HEAD = "apiVersion: srcnet.skao.int/v1alpha2\nkind: Moved\nmetadata: "
_FIRST = f"{_HEAD}{{name: cscs-new-name}}"


def said(spec: str) -> Edit:
    """The document."""
    return (LIFECYCLE, _FIRST, f"{_HEAD}{{name: it}}\nspec: {spec}\n---\n{_FIRST}")


QUEUE_ALONE: tuple[Edit, ...] = (
    (QUEUES, "    batch: {walltime", "    production: {walltime"),
    (TEMPLATES, "queue: batch", "queue: production"),
    (CYCLE, "[batch, development]", "[production, development]"),
    (CSCS, "[batch, interactive", "[production, interactive"),
    (CSCS, "queue: batch}", "queue: production}"),
)
QUEUE = (said("{queue: production, from: batch, to: production}"), *QUEUE_ALONE)
PROJECT_ALONE: tuple[Edit, ...] = ((CYCLE, "- name: eor", "- name: reionisation"),)
PROJECT = (said("{project: reionisation, from: eor, to: reionisation}"), *PROJECT_ALONE)


def with_edits(*edits: Edit) -> dict[str, str]:
    """The golden specs with these edits."""
    files = texts(GOLDEN)
    for name, before, after in edits:
        assert before in files[name], before
        files[name] = files[name].replace(before, after)
    return files


def renamed(*edits: Edit) -> Compiled:
    """What comes of them."""
    result = compile_texts(with_edits(*edits))
    assert not result.failed, [found.message for found in result.diagnostics]
    return result


def site_renamed(old: str, new: str, *, document: bool = True) -> dict[str, str]:
    """The golden specs with another name for a site; with the document for it, or without."""
    files = with_site_called(texts(GOLDEN), old, new)
    return {**files, MOVED: site_moved(old, new)} if document else files


def site_moved(old: str, new: str) -> str:
    """The document."""
    return f"{_HEAD}{{name: it}}\nspec: {{site: {new}, from: {old}, to: {new}}}\n"


def with_site_called(files: Mapping[str, str], old: str, new: str) -> dict[str, str]:
    """The same, and a site has another name wherever it is named but in its areas' names."""
    found = {}
    for file, text in files.items():
        fixes = [
            Fix(mention.span, new)
            for each in parse(file, text.encode()).value or ()
            for mention in mentions(each)
            if "site" in mention.what and mention.name == old
        ]
        found[file] = re.sub(rf"\b{old}/", f"{new}/", mend(text, fixes).text)
    return found


def with_areas_called(files: Mapping[str, str], old: str, new: str) -> dict[str, str]:
    """The same, and its areas are named after it, so that no document is needed for the specs to
    hold."""
    return {file: re.sub(rf"\b{old}-(?=[A-Z])", f"{new}-", text) for file, text in files.items()}
