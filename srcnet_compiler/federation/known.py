"""Names that refer to something: is there such a thing?"""

from collections.abc import Collection, Iterable
from difflib import get_close_matches

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, error
from srcnet_compiler.span import Origin


def known(
    name: str, among: Collection[str], what: str, origin: Origin, *keys: str | int
) -> Iterable[Diagnostic]:
    """A finding at the value under `keys` unless `name` is `among` what there is."""
    if name in among:
        return
    names = sorted(among)
    near = get_close_matches(name, names, n=1, cutoff=0.6)
    several = f"known are {', '.join(f'`{n}`' for n in names[:8])}" if names else "there is none"
    yield error(
        Code.UNKNOWN_NAME,
        f"`{name}` is not a {what}",
        Label(origin.at(*keys)),
        help=f"did you mean `{near[0]}`?" if near else several,
    )
