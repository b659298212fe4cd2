"""What somebody meant who has written a name that there is not."""

from collections.abc import Collection, Iterable

_ALIKE = 0.75
_APART = 0.15
"""How much less alike any other word must be."""
_LONG = 100


def did_you_mean(word: str, known: Collection[str], otherwise: str) -> str:
    """A question that names the nearest of those that there are; `otherwise` where none is near."""
    from difflib import get_close_matches  # only in trouble: its import costs milliseconds

    near = get_close_matches(word, sorted(known), n=1)
    return f"did you mean `{near[0]}`?" if near else otherwise


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
