"""Names by the federation's rule for what others call otherwise, or not at all."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator

from srcnet_compiler.importing.words import Environment, without_environment

CLASSES = ("T0", "T1", "T2", "NAT", "TEST", "INGEST")
_LABELS = {"production": "", "staging": "STAGE", "development": "DEV"}


def plain_letters(text: str) -> str:
    """Letters without accents, as far as they have a plain one."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def words_of(text: str) -> list[str]:
    """The words of a name, in plain letters and digits."""
    return re.findall(r"[A-Za-z0-9]+", plain_letters(text))


def site_words(name: str) -> list[str]:
    """The words of a site's name without environments and storage classes, in capitals."""
    words = (word.upper() for word in words_of(without_environment(name)))
    return [word for word in words if word not in CLASSES]


def site_part(src: str, node: str, names: Iterable[str], areas: Iterable[str]) -> str | None:
    """The part of a site's name behind its member's: by the rule for areas, or by its own name;
    None where nothing says how it is called."""
    rule = re.compile(rf"{re.escape(src)}-([A-Z0-9]{{1,10}})-(?:{'|'.join(CLASSES)})(-[A-Z0-9]+)?")
    for area in areas:
        if found := rule.fullmatch(area):
            return found[1]
    of_member = {*site_words(src), *site_words(node)}
    for name in names:
        own = [word for word in site_words(name) if word not in of_member]
        if own:
            return own[0][:10]
    return None


def area_name(
    site: str,
    today: str,
    storage_class: str,
    environment: Environment,
    hints: Iterable[str],
    taken: Collection[str],
) -> str:
    """The name of an area: the one it has where that follows the rule, else the first free one."""
    rule = rf"{re.escape(site)}-(?:{'|'.join(CLASSES)})(-[A-Z0-9]{{1,10}})?"
    if re.fullmatch(rule, today) and today not in taken:
        return today
    labels = [_LABELS[environment], *(word for hint in hints for word in words_of(hint)[-1:])]
    for label in _with_numbers(labels):
        name = f"{site}-{storage_class}{f'-{label}' if label else ''}"
        if name not in taken:
            return name
    raise AssertionError


def _with_numbers(labels: Iterable[str]) -> Iterator[str]:
    yield from (label.upper()[:10] for label in labels)
    yield from map(str, range(2, 10**9))


def free_name(wanted: str, taken: Collection[str], between: str = "-") -> str:
    """The name, or the first free one with a number behind it."""
    if wanted not in taken:
        return wanted
    numbered = (f"{wanted}{between}{number}" for number in range(2, 10**9))
    return next(name for name in numbered if name not in taken)
