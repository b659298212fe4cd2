"""Names for a shell to complete: read from the specs as they stand, without looking at them."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

_CLUSTERS = ("slurm", "kubernetes")


def sites(ctx: click.Context, param: click.Parameter, typed: str) -> list[str]:
    """Names of sites that begin like what is typed, whatever its case."""
    return _beginning(typed, (_name(each) for each in _documents(ctx, "site-specs", "Site")))


def names_of_sites(root: Path) -> list[str]:
    """The names of all sites that can be read; what is wrong with the others is said elsewhere."""
    found = set()
    for document in _read(root / "site-specs", "Site"):
        with suppress(KeyError, TypeError):
            found.add(_name(document))
    return sorted(found)


def known_as(root: Path) -> list[tuple[str, str]]:
    """Sites that systems know by another name, with that, as far as it can be read."""
    found = []
    for folder in ("policies", "site-specs"):
        for document in _read(root / folder, "Moved"):
            with suppress(KeyError, TypeError):
                found.append((str(document["spec"]["site"]), str(document["spec"]["from"])))
    return found


def systems(ctx: click.Context, param: click.Parameter, typed: str) -> list[str]:
    """Names of systems: of a target, or of one instance."""
    return _beginning(typed, _systems(ctx))


def _beginning(typed: str, names: Iterator[str]) -> list[str]:
    try:
        return sorted({name for name in names if name.lower().startswith(typed.lower())})
    except Exception:  # a shell asks while somebody types: whatever is wrong is said elsewhere
        return []


def _systems(ctx: click.Context) -> Iterator[str]:
    from srcnet_compiler.cli.settings import top

    for document in _documents(ctx, "policies", "Federation"):
        rucio = document["spec"]["rucio"]
        yield from ("rucio", f"rucio/{rucio.get('name', 'rucio')}")
        if catalogue := document["spec"].get("siteCatalogue"):
            yield from ("scapi", f"scapi/{catalogue['name']}")
    known = dict(known_as(Path(top())))
    for document in _documents(ctx, "site-specs", "Site"):
        name = _name(document)
        for compute in document["spec"].get("compute", ()):
            for target in _CLUSTERS:
                if target in compute and compute.get("enabled", True):
                    yield from (target, f"{target}/{known.get(name, name)}.{compute['name']}")


def _documents(ctx: click.Context, folder: str, kind: str) -> Iterator[Mapping[str, Any]]:
    """The documents of a kind that can be read, below the folder of the specs."""
    from srcnet_compiler.cli.settings import top

    directory = ctx.find_root().params.get("directory") or os.environ.get("SRCNET_DIRECTORY")
    if directory:
        os.chdir(directory)
    yield from _read(Path(top(), folder), kind)


def _read(folder: Path, kind: str) -> Iterator[Mapping[str, Any]]:
    from srcnet_compiler.source import parse, read_bytes

    for path in sorted(folder.rglob("*.y*ml")):
        content = read_bytes(path, str(path)).value or b""
        if kind.encode() not in content:
            continue
        for document in parse(str(path), content).value or ():
            if isinstance(document.data, dict) and document.data.get("kind") == kind:
                yield document.data


def _name(document: Mapping[str, Any]) -> str:
    return str(document["metadata"]["name"])
