"""`srcnet new`: a draft of a spec beside those that are there."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from srcnet_compiler.cli.drafts import draft, names, only, snapshot, spare, where, write_drafts
from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.settings import Settings

if TYPE_CHECKING:
    from srcnet_compiler.editor.workspace import Snapshot

_FOLDERS = {
    "site": "site-specs",
    "policy": "policies/data",
    "compute": "policies/compute",
    "service": "policies/services",
    "template": "policies/workflows",
}
_SCHEMAS = {
    "site": "Site",
    "policy": "DataPolicy",
    "compute": "ComputePolicy",
    "service": "Service",
    "template": "WorkflowTemplate",
}


@dataclass(frozen=True, slots=True)
class _Said:
    """What was said of the draft on the command line; None: nothing."""

    name: str
    member: str | None
    country: str | None
    image: str | None
    namespace: str | None
    queue: str | None
    tier: str | None
    groups: tuple[str, ...]
    lasts: str | None
    cores: str | None
    memory: str | None
    scratch: str | None


@click.command("new")
@click.argument("kind", type=click.Choice([*_FOLDERS]))
@click.argument("name")
@click.option("--member", help="Of a site: the member that it belongs to.  [default: by its name]")
@click.option("--country", help="Of a site: two letters.  [default: that of the member's others]")
@click.option("--image", help="Of a service or template: where its image is kept, without digest.")
@click.option("--namespace", help="Of a policy: its data's.  [default: one without a policy]")
@click.option("--queue", help="Of a template: its queue class.  [default: interactive]")
@click.option("--reads", "tier", metavar="TIER", help="Of a template: the tier of files it reads.")
@click.option("--group", "groups", multiple=True, help="Of a template: whose members may start it.")
@click.option("--lasts", help="Of a template: how long it runs at most, such as `8 h`.")
@click.option("--cores", help="Of a template: cores that it gets.")
@click.option("--memory", help="Of a template: memory that it gets, such as `8 GiB`.")
@click.option("--scratch", help="Of a template: space that ends with it, such as `20 GB`.")
@click.pass_obj
def command(settings: Settings, /, kind: str, **said: object) -> int:
    """Write a commented draft of a spec, which validates.

    A site; a data policy; the queue classes of a compute policy; a service; or a template: an
    interactive environment that people start, to look at data that it may read.

    Nothing is made up: what is not known is left out, and the rest says `status: draft`. Commit the
    file and open a pull request: `srcnet diff` shows its readers who asks for what, at which sites.

    \b
    Examples:
      srcnet new site CHSRC-ZURICH
      srcnet new policy long-term
      srcnet new compute queues
      srcnet new service soda_sync --image registry.example.org/srcnet/soda
      srcnet new template notebook --image registry.example.org/srcnet/notebook
      srcnet new template carta --image images.example.org/carta --reads online --scratch "50 GB"
    """
    asked = _Said(**said)  # type: ignore[arg-type]  # one for each option, by its name
    there = snapshot(settings.root, settings.today)
    file = f"{asked.name.lower().replace('_', '-')}.yaml"
    path = settings.root / _FOLDERS[kind] / file
    spare({path: ""})
    text = draft(
        f"{kind}.yaml",
        name=asked.name,
        command=f"new {kind}",
        schema=_schema(settings.root, path, _SCHEMAS[kind]),
        **_VALUES[kind](there, asked),
    )
    write_drafts(settings.root, {path: text}, settings.today)
    click.echo(path)
    return Exit.FINE


def _site(there: "Snapshot", said: _Said) -> Mapping[str, str]:
    members, name = names("member", there), said.name
    chosen = said.member or next((each for each in members if name.startswith(each)), None)
    if chosen is None:
        known = f"one of {', '.join(members)}" if members else "there is none yet"
        raise StopError(
            Exit.USAGE,
            f"`{name}` does not begin with a member's name",
            f"name it with `--member`: {known}; a new member is added to `members` of the"
            f" federation first{where(there, 'members')}",
        )
    federation = there.compiled.federation
    others = federation.sites.values() if federation else ()
    countries = {site.country for site in others if site.src == chosen}
    if said.country is None and len(countries) != 1:
        raise StopError(
            Exit.USAGE, f"nothing says in which country `{name}` is", "say it with `--country`"
        )
    return {"member": chosen, "country": said.country or min(countries)}


def _policy(there: "Snapshot", said: _Said) -> Mapping[str, str]:
    values = {what: only(what, there) for what in ("tier", "activity")}
    return {**values, "namespace": said.namespace or _free_namespace(there, said.name)}


def _free_namespace(there: "Snapshot", name: str) -> str:
    """The first namespace that no policy is about: two policies of the same data contradict."""
    taken = {each.name for each in there.mentions if not each.gives}
    free = [each for each in names("namespace", there) if each not in taken]
    if not free:
        entry = f"- {{name: {name}, status: draft, source: not agreed}}"
        raise StopError(
            Exit.USAGE,
            "every namespace of the federation has its policy",
            f"add `{entry}` under `namespaces` of its `rucio`"
            f"{where(there, 'rucio', 'namespaces')} first, or say which with `--namespace`",
        )
    return free[0]


def _compute(there: "Snapshot", said: _Said) -> Mapping[str, str]:
    return {}


def _service(there: "Snapshot", said: _Said) -> Mapping[str, str]:
    federation, name = there.compiled.federation, said.name
    listed = federation.service_storage if federation is not None else {}
    if listed and name not in listed:  # where none is listed, any may be
        raise StopError(
            Exit.FINDINGS,
            f"`{name}` is not a service of the federation",
            f"add `{name}: {{storage: none}}` to its `services`{where(there, 'services')} first",
        )
    return {"image": _image(said)}


def _image(said: _Said) -> str:
    if said.image is None:
        raise StopError(
            Exit.USAGE,
            f"nothing says where the image of `{said.name}` is kept",
            "say it with `--image REGISTRY/PATH`",
        )
    return said.image


def _template(there: "Snapshot", said: _Said) -> Mapping[str, str]:
    queues = names("queue", there)
    if not queues:
        raise StopError(
            Exit.FINDINGS,
            f"no queue class is described yet, so that nobody could start `{said.name}`",
            "`srcnet new compute queues` drafts some; then type this again",
        )
    for group in said.groups:
        _insist_on_group(there, group)
    amounts = {"cores": said.cores, "memory": said.memory}
    return {
        "image": _image(said),
        "queue": said.queue or ("interactive" if "interactive" in queues else queues[0]),
        "tier": said.tier or _readable_tier(there) or only("tier", there),
        "groups": ", ".join(said.groups),
        "lasts": said.lasts or "",
        "amounts": ", ".join(f"{key}: {text}" for key, text in amounts.items() if text),
        "scratch": said.scratch or "",
    }


def _insist_on_group(there: "Snapshot", group: str) -> None:
    known = names("group", there)
    if group in known or there.compiled.federation is None:
        return
    listed = f"known are {', '.join(known)}; another" if known else "it"
    entry = f"{group.rpartition('/')[2] or 'NAME'}: {group}"
    raise StopError(
        Exit.FINDINGS,
        f"`{group}` is not a group that the federation knows",
        f"{listed} is added to `groups` of its `identity`"
        f"{where(there, 'identity')} first, such as `groups: {{{entry}}}`",
    )


def _readable_tier(there: "Snapshot") -> str | None:
    """The tier of the first area that a site says people may read."""
    federation = there.compiled.federation
    if federation is None:
        return None
    readable = (name for cluster in federation.kubernetes for name in cluster.readable)
    return next((federation.areas[name].tier for name in readable), None)


_VALUES = {
    "site": _site,
    "policy": _policy,
    "compute": _compute,
    "service": _service,
    "template": _template,
}
"""What a draft of each kind is filled with, beside what all have."""


def _schema(root: Path, path: Path, kind: str) -> str:
    """Where an editor finds the schema: beside the specs, or where it is published."""
    from srcnet_compiler.schema import export, kinds

    file = kinds.schema_file(kind)
    if not (root / "schemas" / file).is_file():
        return export.BASE + file
    return os.path.relpath(root / "schemas" / file, path.parent)
