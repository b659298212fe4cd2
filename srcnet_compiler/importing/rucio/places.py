"""Which site, which tier, which name: told by rules, answered by a person, or asked."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from srcnet_compiler.federation.model import StorageArea
from srcnet_compiler.importing.rucio.known import SITE, Known, normal
from srcnet_compiler.importing.rucio.said import Left, Question, Said
from srcnet_compiler.schema.common import NAME_PATTERN
from srcnet_compiler.targets.rucio.model import OWNED_ATTRIBUTES, Rse, RseType
from srcnet_compiler.targets.rucio.model.names import RseName
from srcnet_compiler.targets.rucio.model.requirement import SITE as SITE_ATTRIBUTE
from srcnet_compiler.targets.rucio.model.requirement import TIER as TIER_ATTRIBUTE

_LABEL = 10
_SAYABLE = re.compile(r"[!-~]([ -~]{0,126}[!-~])?")
"""A name that `nameToday` can have."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where an RSE belongs; `area` is the one that describes it already."""

    rse: Rse
    site: str
    tier: str
    role: str
    name: str
    country: str
    area: StorageArea | None = None

    @property
    def is_ours(self) -> bool:
        """Whether it carries marks of this compiler: then it was taken over before."""
        return any(key.startswith(OWNED_ATTRIBUTES) for key in self.rse.attributes)

    @property
    def would_join(self) -> bool:
        """Whether a spec describes it that would change it, since nobody has taken it over yet."""
        return self.area is not None and not self.area.adopted and not self.is_ours


def place(rse: Rse, known: Known, said: Said) -> Placed | Question | Left:
    """The first thing that cannot be told is asked; the next one once that is answered."""
    if not _SAYABLE.fullmatch(rse.name):
        return Left(rse.name, "its name has letters that no spec can say")
    if rse.settings.get("staging_area"):
        return Left(rse.name, "it is a staging area: specs have no word for that")
    if (area := known.areas.get(rse.name)) is not None:
        return _described(rse, area)
    also = known.also.get(rse.name, ())
    if also and rse.name not in said.sites:
        return _known_otherwise(rse, also)
    site = _site(rse, known, said)
    if not isinstance(site, str):
        return site
    tier = _tier(rse, known, said)
    if not isinstance(tier, str):
        return tier
    country = _country(rse, site, known, said)
    if not isinstance(country, str):
        return country
    named = _name(rse, site, tier, known, said)
    if isinstance(named, Question | Left):
        return named
    name, role = named
    if other := next((a for a in known.federation.areas.values() if a.name == name), None):
        return _taken(rse, other)
    return Placed(rse, site, tier, role, name, country)


Found: TypeAlias = Placed | Question | Left


def without_clashes(found: Sequence[Found]) -> list[Found]:
    """What contradicts another one is asked: two of one name, a new site in two countries."""
    names: dict[str, list[Placed]] = {}
    countries: dict[str, set[str]] = {}
    for each in found:
        if isinstance(each, Placed):
            names.setdefault(normal(each.name), []).append(each)
            countries.setdefault(each.site, set()).add(each.country)
    return [
        _without_clash(each, names[normal(each.name)], sorted(countries[each.site]))
        if isinstance(each, Placed)
        else each
        for each in found
    ]


def _without_clash(each: Placed, same: Sequence[Placed], countries: Sequence[str]) -> Found:
    rse = each.rse.name
    others = ", ".join(f"`{other.rse.name}`" for other in same if other is not each)
    if others and each.area is not None:
        return Left(rse, f"it may be `{each.name}`, and so may {others}")
    if others:
        why = f"it would be called `{each.name}`, and so would {others}"
        return Question(rse, "name", rse, why)
    if len(countries) > 1:
        why = f"`{each.site}` is new, and its RSEs stand in {' and '.join(countries)}"
        return Question(rse, "country", each.site, why)
    return each


def _described(rse: Rse, area: StorageArea) -> Placed:
    return Placed(rse, area.site, area.tier, area.role, area.name, area.country, area)


def _known_otherwise(rse: Rse, also: tuple[StorageArea, ...]) -> Placed | Question | Left:
    """`alsoKnownAs` is for searching: it tells where only one area has it, which has no other name
    in the system."""
    if len(also) > 1:
        names = " and ".join(f"`{area.name}`" for area in also)
        return Left(rse.name, f"{names} are both also known as this: say in one `nameToday`")
    (area,) = also
    if area.origin.has("nameToday"):
        return Left(
            rse.name,
            f"`{area.name}` is also known as this, and its `nameToday` is `{area.name_today}`",
        )
    return _described(rse, area)


def _taken(rse: Rse, other: StorageArea) -> Left:
    return Left(
        rse.name,
        f"`{other.name}` is described, and is called `{other.name_today}` today: choose another"
        f" name for this one with --name {rse.name}=AREA",
    )


# ── the site ──────────────────────────────────────────────────────────────────────────────────


def _site(rse: Rse, known: Known, said: Said) -> str | Question:
    if (answer := said.sites.get(rse.name)) is not None:
        return answer
    own = rse.attributes.get(SITE_ATTRIBUTE)
    if isinstance(own, str) and own in known.federation.sites:
        return own
    if (parts := known.parts(rse.name)) is not None:
        return parts[0]
    written = rse.attributes.get("site")
    named = known.named(written) if isinstance(written, str) else ()
    if len(named) == 1:
        return named[0]
    hints = tuple(dict.fromkeys(_hints(rse, known)))
    why = "its name does not follow the rule, and no attribute of it names a site"
    if isinstance(written, str):
        why = f"its attribute `site` is `{written}`, which is no site of the specs"
    if len(named) > 1:
        why = f"its attribute `site` is `{written}`, which may be {' or '.join(named)}"
    choices = tuple(sorted(known.federation.sites))
    return Question(rse.name, "site", rse.name, why, choices, hints[0] if hints else None)


def _hints(rse: Rse, known: Known) -> Iterator[str]:
    """What a person would think first; never more than a default."""
    parts = re.split(r"[-_]", rse.name)
    for length in range(len(parts), 0, -1):
        named = known.named("".join(parts[:length]))
        if len(named) == 1:
            yield named[0]
    sites = known.federation.sites.values()
    member = known.member_in(rse.name)
    of_member = [site.name for site in sites if member is not None and site.src == member]
    if len(of_member) == 1:
        yield of_member[0]
    country = _said_country(rse)
    there = [site.name for site in sites if site.country == country]
    if len(there) == 1:
        yield there[0]


def _said_country(rse: Rse) -> str | None:
    """The country that Rucio has for it, where it is one of two letters."""
    for value in (rse.settings.get("country_name"), rse.attributes.get("country")):
        if isinstance(value, str) and re.fullmatch(r"[A-Z]{2}", value):
            return value
    return None


def _country(rse: Rse, site: str, known: Known, said: Said) -> str | Question | Left:
    there = next((s for s in known.federation.sites.values() if s.name == site), None)
    if there is not None:
        return there.country
    if not SITE.fullmatch(site) or site.partition("-")[0] not in known.federation.members:
        return Left(
            rse.name,
            f"`{site}` is no site of the specs, nor the name of a new one such as `CHSRC-CSCS`",
        )
    country = said.countries.get(site) or _said_country(rse)
    if country is None:
        why = f"`{site}` is new, and nothing says in which country it is"
        return Question(rse.name, "country", site, why)
    return country


# ── the tier ──────────────────────────────────────────────────────────────────────────────────


def _tier(rse: Rse, known: Known, said: Said) -> str | Question | Left:
    tiers = known.federation.tiers
    fitting = tuple(
        name
        for name, tier in tiers.items()
        if tier.archive == (rse.settings.get("rse_type") == RseType.TAPE.value)
        and tier.volatile == bool(rse.settings.get("volatile"))
    )
    answer = said.tiers.get(rse.name)
    if answer is not None:
        return answer
    told = rse.attributes.get(TIER_ATTRIBUTE)
    if isinstance(told, str) and told in tiers:
        return told
    parts = known.parts(rse.name)
    if parts is not None and (tier := known.federation.classes[parts[1]].tier) in fitting:
        return tier
    if len(fitting) == 1:
        return fitting[0]
    kind = rse.settings.get("rse_type")
    volatile = " and volatile" if rse.settings.get("volatile") else ""
    why = f"it is {kind}{volatile}, and "
    why += f"so are {', '.join(fitting)}" if fitting else "no tier of the federation is"
    return Question(
        rse.name, "tier", rse.name, why, fitting or tuple(tiers), fitting[0] if fitting else None
    )


# ── the name ──────────────────────────────────────────────────────────────────────────────────


def _name(
    rse: Rse, site: str, tier: str, known: Known, said: Said
) -> tuple[str, str] | Question | Left:
    """Its name by the rule, and the role of the class in it."""
    answer = said.names.get(rse.name)
    name = answer or rse.name
    if (parts := known.parts(name)) is not None and parts[0] == site:
        kind = known.federation.classes[parts[1]]
        if kind.tier != tier:
            why = f"its class `{parts[1]}` is of tier `{kind.tier}`, and it is of `{tier}`"
            return Question(rse.name, "name", rse.name, why)
        return name, kind.role
    if answer is not None:
        if not re.fullmatch(NAME_PATTERN, answer):
            return Left(rse.name, f"`{answer}` is no name: letters, digits, `-` and `_`")
        return answer, "data"
    classes = sorted(  # what is agreed and pledged first: the rest would hold the area back
        (bool(kind.drafts), not kind.pledged, label)
        for label, kind in known.federation.classes.items()
        if kind.tier == tier and kind.role == "data"
    )
    if not classes or not SITE.fullmatch(site):
        why = f"no name by the rule `{known.federation.naming.area}` follows from it"
        return Question(rse.name, "name", rse.name, why)
    label = _label(rse.name, site, known)
    return "-".join([site, classes[0][-1], *([label] if label else [])]), "data"


def _label(name: str, site: str, known: Known) -> str:
    """What sets an RSE apart in its old name: without member and site."""
    known_words = {*site.split("-"), *known.members}
    words = [word for word in re.split(r"[^A-Z0-9]+", name.upper()) if word]
    own = [word for word in words if word not in known_words]
    return "".join(own)[:_LABEL]


def with_answer(said: Said, question: Question, answer: str) -> Said:
    """The same, with one question answered; an empty answer leaves the RSE alone."""
    if not answer:
        return replace(said, skipped=said.skipped | {question.rse})
    match question.option:
        case "site":
            return replace(said, sites={**said.sites, question.about: answer})
        case "tier":
            return replace(said, tiers={**said.tiers, question.about: answer})
        case "name":
            return replace(said, names={**said.names, question.about: answer})
        case _:
            return replace(said, countries={**said.countries, question.about: answer})


def unknown_answers(said: Said, known: Known, rses: frozenset[RseName]) -> Iterator[str]:
    """Flags that are about no RSE that is there, or that name what there is not."""
    for option, answers in (("site", said.sites), ("tier", said.tiers), ("name", said.names)):
        for rse in sorted(answers.keys() - rses):
            yield f"--{option} {rse}={answers[rse]}: there is no RSE `{rse}`"
    for rse, tier in sorted(said.tiers.items()):
        if tier not in known.federation.tiers:
            yield f"--tier {rse}={tier}: the federation has no tier `{tier}`"
    for option, names in (("skip", said.skipped), ("adopt", said.adopted)):
        for rse in sorted(names - rses):
            yield f"--{option} {rse}: there is no RSE `{rse}`"
