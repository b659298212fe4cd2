"""What a misspelt word certainly means, where that is certain."""

from collections.abc import Iterable

_ALIKE = 0.75
_APART = 0.15
"""How much less alike any other word must be."""
_LONG = 100


def certainly_meant(word: str, known: Iterable[str]) -> str | None:
    """The one known word that somebody has misspelt; None where another is nearly as near.

    Words whose digits differ are never the same one misspelt: `T1` is not `T0`.
    """
    names = {*known}
    same = [name for name in names if _bare(name) == _bare(word)]
    if same or len(word) > _LONG:
        return same[0] if len(same) == 1 else None
    from difflib import SequenceMatcher, get_close_matches  # only in trouble: it takes its time

    lower = {name.lower(): name for name in sorted(names)}
    near = get_close_matches(word.lower(), lower, n=2, cutoff=_ALIKE - _APART)
    alike = [SequenceMatcher(None, other, word.lower()).ratio() for other in near]
    if not near or alike[0] < _ALIKE or _digits(near[0]) != _digits(word):
        return None
    return lower[near[0]] if alike[0] - max(alike[1:], default=0) > _APART else None


def _bare(word: str) -> str:
    return word.lower().replace("_", "").replace("-", "").replace(" ", "")


def _digits(word: str) -> str:
    return "".join(sign for sign in word if sign.isdecimal())
