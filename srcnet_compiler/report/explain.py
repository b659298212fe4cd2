"""The pages that say what a finding means: docs/diagnostics/<code>.md."""

from srcnet_compiler import resources
from srcnet_compiler.diagnostic import Code


def explain(code: str) -> str | None:
    """The page of `code` as Markdown; None for what is no code."""
    page = resources.folder("diagnostics") / f"{code}.md"
    if code not in codes() or not page.is_file():
        return None
    return page.read_text(encoding="utf-8")


def codes() -> tuple[str, ...]:
    """Every code, in the order of the stages that find it."""
    return tuple(code.value for code in Code)


def did_you_mean(code: str) -> str | None:
    """The code that `code` was probably meant to be; a part that only one code has is enough."""
    from difflib import get_close_matches

    text = code.strip().lower().replace("_", "-").replace(" ", "-")
    having = [known for known in codes() if text and text in known]
    return next(iter(having if len(having) == 1 else get_close_matches(text, codes(), 1)), None)


def first_paragraph(page: str) -> str:
    """What the finding means, in one line: the text between the title and the next blank line."""
    paragraphs = [" ".join(part.split()) for part in page.split("\n\n")]
    return next((part for part in paragraphs if part and not part.startswith("#")), "")
