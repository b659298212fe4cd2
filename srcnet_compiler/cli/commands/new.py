"""`srcnet new`: a draft of a spec beside those that are there."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from srcnet_compiler.cli.drafts import draft, only, snapshot, spare, write_drafts
from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.settings import Settings

if TYPE_CHECKING:
    from srcnet_compiler.editor.workspace import Snapshot

_FOLDERS = {"site": "site-specs", "policy": "policies/data", "service": "policies/services"}
_SCHEMAS = {"site": "Site", "policy": "DataPolicy", "service": "Service"}


@click.command("new")
@click.argument("kind", type=click.Choice([*_FOLDERS]))
@click.argument("name")
@click.option("--member", help="Of a site: the member that it belongs to.  [default: by its name]")
@click.option("--country", help="Of a site: two letters.  [default: that of the member's others]")
@click.option("--image", help="Of a service: where its image is kept, without tag and digest.")
@click.option("--namespace", help="Of a policy: its data's.  [default: one without a policy]")
@click.pass_obj
def command(
    settings: Settings,
    kind: str,
    name: str,
    member: str | None,
    country: str | None,
    image: str | None,
    namespace: str | None,
) -> int:
    """Write a commented draft of a site, a data policy or a service, which validates.

    Nothing is made up: what is not known is left out, and the rest says `status: draft`.

    \b
    Examples:
      srcnet new site CHSRC-ZURICH
      srcnet new policy long-term
      srcnet new service soda_sync --image registry.example.org/srcnet/soda
    """
    there = snapshot(settings.root, settings.today)
    path = settings.root / _FOLDERS[kind] / f"{name.lower().replace('_', '-')}.yaml"
    spare({path: ""})
    if kind == "site":
        values = _site(there, name, member, country)
    elif kind == "policy":
        values = {what: only(what, there) for what in ("tier", "activity")}
        values["namespace"] = namespace or _free_namespace(there)
    else:
        values = _service(there, name, image)
    text = draft(
        f"{kind}.yaml",
        name=name,
        command=f"new {kind}",
        schema=_schema(settings.root, path, _SCHEMAS[kind]),
        **values,
    )
    write_drafts(settings.root, {path: text}, settings.today)
    click.echo(path)
    return Exit.FINE


def _site(there: "Snapshot", name: str, member: str | None, country: str | None) -> dict[str, str]:
    members = [each.name for each in there.mentions if each.gives and each.what == ("member",)]
    chosen = member or next((each for each in members if name.startswith(each)), None)
    if chosen is None:
        known = f"one of {', '.join(members)}" if members else "there is none yet"
        raise StopError(
            Exit.USAGE,
            f"`{name}` does not begin with a member's name",
            f"name it with `--member`: {known}; a new member is added to `members` of the"
            " federation first",
        )
    federation = there.compiled.federation
    others = federation.sites.values() if federation else ()
    countries = {site.country for site in others if site.src == chosen}
    if country is None and len(countries) != 1:
        raise StopError(
            Exit.USAGE, f"nothing says in which country `{name}` is", "say it with `--country`"
        )
    return {"member": chosen, "country": country or min(countries)}


def _free_namespace(there: "Snapshot") -> str:
    """The first namespace that no policy is about: two policies of the same data contradict."""
    taken = {each.name for each in there.mentions if not each.gives}
    given = [each for each in there.mentions if each.gives and each.what == ("namespace",)]
    free = [each.name for each in given if each.name not in taken]
    if not free:
        raise StopError(
            Exit.USAGE,
            "every namespace of the federation has its policy",
            "add one under `namespaces` of its `rucio` first, or say which with `--namespace`",
        )
    return free[0]


def _service(there: "Snapshot", name: str, image: str | None) -> dict[str, str]:
    federation = there.compiled.federation
    if federation is not None and name not in federation.service_storage:
        place = federation.origin.at("services")
        raise StopError(
            Exit.FINDINGS,
            f"`{name}` is not a service of the federation",
            f"add `{name}: {{storage: none}}` to its `services` ({place.file}) first",
        )
    if image is None:
        raise StopError(
            Exit.USAGE,
            f"nothing says where the image of `{name}` is kept",
            "say it with `--image REGISTRY/PATH`",
        )
    return {"image": image}


def _schema(root: Path, path: Path, kind: str) -> str:
    """Where an editor finds the schema: beside the specs, or where it is published."""
    from srcnet_compiler.schema import export, kinds

    file = kinds.schema_file(kind)
    if not (root / "schemas" / file).is_file():
        return export.BASE + file
    return os.path.relpath(root / "schemas" / file, path.parent)
