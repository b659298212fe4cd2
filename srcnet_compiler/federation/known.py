"""Names that refer to something: is there such a thing?"""

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from types import MappingProxyType

from srcnet_compiler.diagnostic import Code, Diagnostic, Fix, Label, error
from srcnet_compiler.near import certainly_meant
from srcnet_compiler.span import Origin

_FEW = 8
"""More names than this are not listed."""


def known(
    name: str,
    among: Collection[str],
    what: str,
    origin: Origin,
    *keys: str | int,
    now: Mapping[str, str] = MappingProxyType({}),
) -> Iterable[Diagnostic]:
    """A finding at the value under `keys` unless `name` is `among` what there is. `now`: what is
    called otherwise by now, by the names of before; also where it stands before a `/`."""
    if name in among:
        return
    if (called := _called(name, now)) in among:
        yield error(
            Code.UNKNOWN_NAME,
            f"`{name}` is not a {what}",
            Label(origin.at(*keys)),
            help=f"a `Moved` document says that it is called `{called}`: write that",
            fix=Fix(origin.at(*keys), called) if origin.has(*keys) else None,
        )
        return
    names = sorted(among)
    near = get_close_matches(name, names, n=1, cutoff=0.7)
    more = ", …" if len(names) > _FEW else ""
    several = (
        f"known are {', '.join(f'`{n}`' for n in names[:_FEW])}{more}" if names else "there is none"
    )
    yield error(
        Code.UNKNOWN_NAME,
        f"`{name}` is not a {what}",
        Label(origin.at(*keys)),
        help=f"did you mean `{near[0]}`?" if near else several,
        fix=_fix(name, names, origin, *keys),
    )


def _called(name: str, now: Mapping[str, str]) -> str:
    first, slash, rest = name.partition("/")
    return now.get(name) or f"{now.get(first, first)}{slash}{rest}"


def _fix(name: str, names: Collection[str], origin: Origin, *keys: str | int) -> Fix | None:
    """The name that is certainly meant; not where the name is given to what it stands in."""
    if keys[-1] == "name" or not origin.has(*keys):
        return None
    meant = certainly_meant(name, names)
    return Fix(origin.at(*keys), meant) if meant else None
