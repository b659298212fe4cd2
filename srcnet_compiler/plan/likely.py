"""Systems that begin from nothing where one of another site was managed by the same name: said with
the document to type, never taken for the same."""

from collections.abc import Iterable, Iterator

from srcnet_compiler.change import Address, SystemName
from srcnet_compiler.diagnostic import Code, Diagnostic, Label, warning
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.federation.notices import likely_move_of_site
from srcnet_compiler.names import SiteName


def likely_moves(
    federation: Federation,
    systems: Iterable[tuple[SystemName, SiteName | None]],
    described: Iterable[SystemName],
    known: Iterable[Address],
) -> Iterator[Diagnostic]:
    """The `systems` of a plan, by their sites. `described` are all that the specs have, `known` the
    objects that earlier runs made or adopted."""
    managed = {address.system for address in known}
    gone = sorted(managed - {*described})
    for system, site in systems:
        if site is None or system in managed:
            continue
        for other in gone:
            before, _, name = other.instance.partition(".")
            if other.target == system.target and name == system.instance.partition(".")[2]:
                yield _likely(federation, system, site, other, before)


def _likely(
    federation: Federation, system: SystemName, site: SiteName, other: SystemName, before: str
) -> Diagnostic:
    return warning(
        Code.LIKELY_MOVE,
        f"`{system}` begins from nothing, and `{other}`, which was managed until now, no spec"
        " describes",
        Label(federation.sites[site].known_by[0]),
        help=likely_move_of_site(site, before),
        subject=str(system),
    )
