"""Which of our sites is meant: one that people have said, on the command line or as `alsoKnownAs`
in its spec; otherwise whoever sits there is asked. Nobody guesses."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from srcnet_compiler.importing.drafting.known import Known
from srcnet_compiler.importing.words import Environment
from srcnet_compiler.source.trouble import shown

Ask: TypeAlias = Callable[[str, str, Callable[[str], str]], str]
"""A question, what is proposed, and why an answer is none (empty: it is one): the answer."""


CLASSES = {("online", "data"): "T1", ("nearline", "data"): "T2"}
"""Where no federation says otherwise."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What was said beforehand. `sites` by what they are called there; under an empty name, the
    one for all."""

    sites: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    tier: str | None = None
    environment: Environment | None = None
    classes: Mapping[tuple[str, str], str] = field(default_factory=lambda: CLASSES)
    """The class inside an area's name, by tier and role."""


class NotSaidError(Exception):
    """Which site is meant is not said, and nobody is there to say it."""

    def __init__(self, words: str, remedy: str) -> None:
        super().__init__(words)
        self.remedy = remedy


def homes(theirs: Iterable[str], known: Known, answers: Answers, ask: Ask) -> dict[str, str | None]:
    """Our sites by what they are called there, empty where that is not said; None where others
    were said, and not this one. Raises NotSaidError."""
    names = list(dict.fromkeys(theirs))
    if "" in answers.sites and len(names) > 1:
        raise NotSaidError(
            f"this tells of several sites: {', '.join(map(shown, names[:5]))}",
            f"say which one is meant: `--site {names[0]}={answers.sites['']}`",
        )
    return {each: _home(each, known, answers, ask) for each in names}


def _home(theirs: str, known: Known, answers: Answers, ask: Ask) -> str | None:
    if (said := answers.sites.get(theirs, answers.sites.get(""))) is not None:
        return said
    if (ours := known.site(theirs)) is not None:
        return ours
    if answers.sites:
        return None
    what = shown(theirs) if theirs else "this"

    def wrong(answer: str) -> str:
        return "" if answer in known.sites else f"no spec describes a site {shown(answer)}"

    answer = ask(f"Which site of the specs is {what}?", "", wrong)
    if not answer:
        also = f", or add {what} to its `alsoKnownAs`" if theirs else ""
        raise NotSaidError(
            f"no spec says which site {what} is",
            f"say it: `--site {f'{theirs}=' if theirs else ''}SITE`{also}",
        )
    return answer
