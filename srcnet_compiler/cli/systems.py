"""Which systems a command is for, and who belongs to what there."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.near import did_you_mean

if TYPE_CHECKING:
    from srcnet_compiler.pipeline import Compiled, Lowered

MOST_MEMBERS = 256 * 10**6
"""Bytes; an identity provider has some kB for each user."""


def asked_for(
    found: "Compiled", sites: Sequence[str], systems: Sequence[str]
) -> "tuple[Lowered, ...]":
    """The systems of the specs, of these sites and by these names alone where some are given. Ends
    the command where there are none."""
    from srcnet_compiler.converge import name_of, systems_of

    assert found.federation is not None
    everything = systems_of(found)
    if not sites and not systems:
        return everything
    wanted = {name_of(lowered) for site in sites for lowered in _of_site(found, site)}
    for asked in systems:
        names = [name_of(lowered) for lowered in everything]
        named = [name for name in names if asked in (name.target, str(name))]
        if not named:
            there = [*map(str, names)]
            remedy = did_you_mean(asked, there, f"there are {', '.join(there)}")
            raise StopError(Exit.USAGE, f"there is no system `{asked}`", remedy)
        wanted.update(named)
    return tuple(lowered for lowered in everything if name_of(lowered) in wanted)


def _of_site(found: "Compiled", site: str) -> "tuple[Lowered, ...]":
    from srcnet_compiler.converge import systems_of

    assert found.federation is not None
    if site not in found.federation.sites:
        sites = list(found.federation.sites)
        if (called := found.federation.names_now("site").get(site)) in sites:
            remedy = f"a `Moved` document says that it is called {called}: `--site {called}`"
            raise StopError(Exit.USAGE, f"there is no site `{site}` any more", remedy)
        remedy = did_you_mean(site.upper(), sites, f"there are {', '.join(sites)}")
        raise StopError(Exit.USAGE, f"there is no site `{site}`", remedy)
    if not (there := systems_of(found, site)):
        raise StopError(
            Exit.USAGE,
            f"srcnet changes nothing at {site}: no cluster there is described and agreed",
            "describe one under `compute` in the spec of the site",
        )
    return there


def export(path: Path) -> str:
    """The text of a file that an identity provider exported."""
    try:
        if path.stat().st_size > MOST_MEMBERS:
            raise StopError(Exit.FILES, f"`{path}` is larger than any export: 256 MB are read")
        return path.read_text("utf-8")
    except OSError as trouble:
        why = trouble.strerror or "it is no file"
        raise StopError(Exit.FILES, f"cannot read `{path}`: {why}") from None
    except UnicodeError:
        raise StopError(Exit.FILES, f"`{path}` is not text in UTF-8", "export it again") from None
