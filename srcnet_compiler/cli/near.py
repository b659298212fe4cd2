"""What somebody meant who has typed a name that there is not."""

from collections.abc import Collection


def did_you_mean(word: str, known: Collection[str], otherwise: str) -> str:
    """A question that names the nearest of those that there are; `otherwise` where none is near."""
    from difflib import get_close_matches  # only in trouble: its import costs milliseconds

    near = get_close_matches(word, sorted(known), n=1)
    return f"did you mean `{near[0]}`?" if near else otherwise
