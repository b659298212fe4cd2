"""Does what the policies bring to a site pass its uplink, and what they put on an area its drives?

Only what is certain is looked at here, without a solver: what is expected on an area at the end of
a year and was not at the end of the one before must have come in between.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from fractions import Fraction

from srcnet_compiler.analysis.capacity import Load, is_draft
from srcnet_compiler.diagnostic import Code, Diagnostic, Label, Severity
from srcnet_compiler.federation.model import Federation, Site, StorageArea
from srcnet_compiler.names import AreaName, PolicyName, SiteName
from srcnet_compiler.quantity import SECONDS_PER_YEAR, round_bytes
from srcnet_compiler.span import Span


def incoming(
    federation: Federation, found: Iterable[Load], *, drafts: bool
) -> dict[AreaName, dict[int, Fraction]]:
    """The bytes that come to each area at least, by year; of agreed policies, or of all.

    Whatever leaves in the same year makes it more.
    """
    held: dict[tuple[AreaName, int], Fraction] = defaultdict(Fraction)
    for load in found:
        if drafts or not is_draft(federation, load.policy, load.year):
            held[load.area, load.year] += load.expected
    come: dict[AreaName, dict[int, Fraction]] = defaultdict(dict)
    for (name, year), amount in sorted(held.items()):
        more = amount - held.get((name, year - 1), Fraction(0))
        if more > 0:
            come[name][year] = more
    return dict(come)


def carries(rate: int) -> Fraction:
    """The bytes that pass at so many bits per second in a year."""
    return Fraction(rate * SECONDS_PER_YEAR, 8)


def check_transfers(
    federation: Federation, found: tuple[Load, ...], today: date
) -> Iterator[Diagnostic]:
    """Uplinks and drives that carry less than what is agreed brings: an error if they do today.

    A rate that is a draft is held against it too, as a warning.
    """
    come = incoming(federation, found, drafts=False)
    by_site: dict[SiteName, dict[int, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    remote = tuple(over_the_network(federation, found))
    for name, years in incoming(federation, remote, drafts=False).items():
        for year, amount in years.items():
            by_site[federation.areas[name].site][year] += amount
    for site_name, years in sorted(by_site.items()):
        site = federation.sites[site_name]
        if site.uplink is not None:
            yield from _uplink(federation, site, years, found, today)
    for name, years in come.items():
        speed = federation.areas[name].throughput
        if speed is not None and speed.write is not None:
            yield from _drives(federation, federation.areas[name], years, found, today)


def over_the_network(federation: Federation, found: Iterable[Load]) -> Iterator[Load]:
    """The loads of data that come in at known places, elsewhere: what is made where it is kept, or
    comes in at the same site, may need no network."""
    for load in found:
        ingest = federation.policies[load.policy].ingest
        if ingest and federation.areas[load.area].country not in ingest:
            yield load


def _uplink(
    federation: Federation,
    site: Site,
    years: Mapping[int, Fraction],
    found: Iterable[Load],
    today: date,
) -> Iterator[Diagnostic]:
    label = Label(site.origin.at("network", "srcnet"), "this uplink")
    names = [name for name in site.areas if name in federation.areas]
    drafts = (*site.drafts, *site.uplink_drafts)
    yield from _over(
        federation, f"the uplink of `{site.name}`", site.uplink or 0, years, label, drafts,
        _policies(federation, found, names), today, str(site.name),
    )  # fmt: skip


def _drives(
    federation: Federation,
    area: StorageArea,
    years: Mapping[int, Fraction],
    found: Iterable[Load],
    today: date,
) -> Iterator[Diagnostic]:
    speed = area.throughput
    assert speed is not None
    label = Label(speed.origin.at("write"), "this throughput")
    yield from _over(
        federation, f"`{area.name}`", speed.write or 0, years, label, speed.drafts,
        _policies(federation, found, [area.name]), today, str(area.name),
    )  # fmt: skip


def _policies(
    federation: Federation, found: Iterable[Load], areas: Iterable[AreaName]
) -> list[PolicyName]:
    wanted = set(areas)
    return list(dict.fromkeys(load.policy for load in found if load.area in wanted))


def _over(
    federation: Federation,
    what: str,
    rate: int,
    years: Mapping[int, Fraction],
    label: Label,
    drafts: tuple[Span, ...],
    policies: Iterable[PolicyName],
    today: date,
    subject: str,
) -> Iterator[Diagnostic]:
    """The first year in which more must pass than can."""
    most = carries(rate)
    for year, amount in sorted(years.items()):
        if amount > most:
            agreed = [name for name in policies if not is_draft(federation, name, year)]
            is_now = year <= today.year and not federation.holds_back(drafts, subject)
            yield Diagnostic(
                Code.TRANSFERS_OVER_RATE,
                Severity.ERROR if is_now else Severity.WARNING,
                f"in {year} {what} is expected to take in {round_bytes(amount)}, and in a year it "
                f"carries {round_bytes(most)}",
                (
                    label,
                    *(
                        Label(federation.policies[name].origin.at("volume"), f"`{name}` arrives")
                        for name in agreed[:3]
                    ),
                ),
                help="raise the rate, pledge less here, or ask for fewer copies; "
                "`srcnet feasibility` says what would be enough",
                subject=subject,
            )
            return
