"""The golden federation with another name for a queue or a project, and the document for it."""

from specs import GOLDEN, compile_texts, texts

from srcnet_compiler.pipeline import Compiled

Edit = tuple[str, str, str]
LIFECYCLE, TEMPLATES = "policies/lifecycle.yaml", "policies/services/templates.yaml"
QUEUES, CYCLE = "policies/compute/queues.yaml", "policies/allocation/cycle-0.yaml"
CSCS = "site-specs/chsrc-cscs.yaml"
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


def renamed(*edits: Edit) -> Compiled:
    """What comes of the golden specs with these edits."""
    files = texts(GOLDEN)
    for name, before, after in edits:
        assert before in files[name], before
        files[name] = files[name].replace(before, after)
    result = compile_texts(files)
    assert not result.failed, [found.message for found in result.diagnostics]
    return result
