"""The pages that say what a finding means: docs/diagnostics/<code>.md."""

from collections.abc import Iterable

from srcnet_compiler import resources
from srcnet_compiler.diagnostic import Code

_AT_MOST = 4


def explain(code: str) -> str | None:
    """The page of `code` as Markdown; None for what is no code."""
    page = resources.folder("diagnostics") / f"{code}.md"
    if code not in codes() or not page.is_file():
        return None
    return page.read_text(encoding="utf-8")


def codes() -> tuple[str, ...]:
    """Every code, in the order of the stages that find it."""
    return tuple(code.value for code in Code)


def alike(word: str, names: Iterable[str] = ()) -> tuple[str, ...]:
    """The codes, or other names, that `word` was probably meant to be: at most four.

    A part that few of them have is enough.
    """
    from difflib import get_close_matches

    known = {_plain(name): name for name in (*names, *codes())}
    text = _plain(word)
    having = [plain for plain in known if len(text) > 2 and text in plain]
    near = get_close_matches(text, known, _AT_MOST, 0.7)
    best = having if 0 < len(having) <= _AT_MOST else near or get_close_matches(text, known, 1)
    return tuple(known[plain] for plain in best)


def _plain(word: str) -> str:
    return word.strip().lower().replace("_", "-").replace(" ", "-")


def first_paragraph(page: str) -> str:
    """What the finding means, in one line: the text between the title and the next blank line."""
    paragraphs = [" ".join(part.split()) for part in page.split("\n\n")]
    return next((part for part in paragraphs if part and not part.startswith("#")), "")
