"""`srcnet import`: what exists elsewhere to specs. Each source is a command of its own."""

from importlib import import_module

import click

from srcnet_compiler.cli.settings import with_variables

SOURCES = {
    "kubernetes": "A running Kubernetes: a site's compute, and the proof that nothing changes.",
    "rucio": "A running Rucio: its RSEs as areas of sites, and the proof that nothing changes.",
    "slurm": "A running Slurm cluster: a site's compute, and the proof that nothing changes.",
    "scapi": "SRCNet's site catalogue: one spec for each place, its defects as findings.",
    "storage-json": "A `storage.json` of a CMS site: its volumes as drafts of storage areas.",
    "osg": "Files of OSG's topology: drafts of storage areas, and downtimes.",
    "egi": "A site file of EGI's cloud, or downtimes of GOCDB: drafts of what they tell.",
}


class _Sources(click.Group):
    """Knows the sources by name; their modules are loaded when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(SOURCES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in SOURCES:
            return None
        module = import_module(f"srcnet_compiler.cli.imports.{cmd_name.replace('-', '_')}")
        return with_variables(module.command, f"import {cmd_name}")

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in SOURCES:
            from srcnet_compiler.near import did_you_mean

            listed = f"there are {', '.join(SOURCES)}"
            hint = did_you_mean(args[0], SOURCES, listed)
            raise click.UsageError(f"Nothing is imported from `{args[0]}`: {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Without loading a single one."""
        with formatter.section("Sources"):
            formatter.write_dl(list(SOURCES.items()))


@click.command("import", cls=_Sources, subcommand_metavar="SOURCE [ARGS]...")
def command() -> None:
    """Make specs of what exists, or add to those that are there.

    What the specs do not say is added, and comments, order and layout stay. Where both say
    something else, both are shown, and the spec stays. All is written, or nothing.

    \b
    Examples:
      srcnet import scapi nodes.json
      srcnet import rucio --dry-run
      srcnet import storage-json storage.json --site CHSRC-CSCS
      srcnet import slurm --host slurmctl.example.org --key env:SLURM_SSH_KEY --dry-run
      srcnet import kubernetes --server https://k8s.example.org:6443 --token env:K8S_TOKEN
    """
