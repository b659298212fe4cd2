"""What places hold of a phase, before and after its shares are restored, in words."""

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import groupby

from srcnet_compiler.targets.rucio.diff.rebalance import Share
from srcnet_compiler.targets.rucio.model.expression import parse
from srcnet_compiler.targets.rucio.model.expression.terms import Equals, in_order


def shares_in_words(shares: Iterable[Share], unmoved: Mapping[str, int]) -> Iterator[str]:
    """One line for each place of a phase for which something moves, one for each other phase."""
    for tag, places in groupby(shares, key=lambda share: share.tag):
        phase = "/".join(tag.strip("/").partition(":")[2].split("/"))
        held = [share for share in places if share.whole]
        if all(share.now == share.then for share in held):
            yield f"shares of {phase}: nothing to move{_why(held)}"
            continue
        for share in held:
            yield (
                f"shares of {phase}: {_place(share)} holds {_part(share.now, share)}, then"
                f" {_part(share.then, share)}; its share is {_part(share.wanted, share)}"
            )
    for policy, number in sorted(unmoved.items()):
        sets = "data set has" if number == 1 else "data sets have"
        yield (
            f"shares of {policy}: {number} more {sets} to move for that, so plan it again when"
            " these are there"
        )


def _why(held: list[Share]) -> str:
    """All is as near as names in so many buckets can tell apart, or what is too much fits
    nowhere."""
    if not held:
        return ", since there is nothing"
    near = all(share.is_near for share in held)
    return "" if near else ", though not all is as pledged: no data set of a fitting size may move"


def _place(share: Share) -> str:
    terms = [term for term in in_order(parse(share.place)) if isinstance(term, Equals)]
    return " ".join(dict.fromkeys(term.value for term in terms))


def _part(of: int | Fraction, share: Share) -> str:
    return f"{float(100 * Fraction(of) / share.whole):.1f} %"
