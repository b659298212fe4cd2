"""The pages of docs/reference, from the command line, the schemas and the experiments as they are.

python docs/generate.py           write them
python docs/generate.py --check   end with 1 where one is not current
"""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from experiments.slurm_cost import page as slurm_page
from srcnet_compiler.cli.exits import MEANINGS
from srcnet_compiler.cli.group import COMMANDS, root
from srcnet_compiler.quantity import (
    BIT_RATE_PATTERN,
    BYTES_PATTERN,
    DATA_RATE_PATTERN,
    DURATION_PATTERN,
    PERCENT_PATTERN,
    PERIOD_PATTERN,
)
from srcnet_compiler.schema import export, kinds
from srcnet_compiler.schema.common import FORMS

FOLDER = Path(__file__).parent / "reference"
MADE = "<!-- Made by docs/generate.py; change the code, not this page. -->"
Node = Mapping[str, Any]


def pages() -> dict[str, str]:
    """Every page, by the name of its file."""
    return {
        "commands.md": "\n".join(_commands()) + "\n",
        "slurm-changes.md": "\n".join((MADE, *slurm_page.lines(_table))) + "\n",
        "spec-language.md": "\n".join(_language()) + "\n",
    }


# ── commands ──────────────────────────────────────────────────────────────────────────────────

BEFORE_COMMANDS = """\
# Commands

Results go to stdout, progress and trouble to stderr. `srcnet --help` and `srcnet COMMAND --help`
say the same as this page.

An option is taken from the command line, else from the environment, else from `srcnet.toml`
beside `site-specs/`, else it has its default. In `srcnet.toml` each command has a table; what all
commands must agree on stands above the tables:

```toml
state = "/var/lib/srcnet/state"

[plan]
detailed-exitcode = true
```

The table `[signatures]` has no option, since whoever types a command does not decide it: `trusted`
lists public keys as `srcnet sign --new-key` prints them, or identities for which a forge vouches,
`{issuer = "https://…", identity = "https://…"}`. With `required = true` only a plan that one of
them has signed is applied. `trust-root` names the file of a private Sigstore, beside `srcnet.toml`.

Specs are found from any folder below their top. Another folder is named before the command:
`srcnet -C DIR validate` works as after `cd DIR`. `SRCNET_DIRECTORY` and `directory` in
`srcnet.toml` do the same. `srcnet --debug COMMAND` shows where in the code trouble came from.

Colours are for terminals. `NO_COLOR` keeps them away; `FORCE_COLOR` puts them where no terminal is,
such as in the log of a CI system."""

EXIT_CODES = """\
## Exit codes

Every command ends with one of these numbers, and with no other.

| code | meaning |
|---:|---|"""

AFTER_EXIT_CODES = """
`validate` and `compile` end with 0 where there are warnings only. `apply` looks at the gravest
outcome of all changes first: interrupted, rights refused, unreachable, failed, stale, waiting;
then it reads the system again, and anything that still differs and waits for nothing ends it with
4."""


def _commands() -> Iterator[str]:
    yield MADE
    yield BEFORE_COMMANDS
    yield ""
    yield from _table(
        ("command", ""), ((f"[`{name}`](#srcnet-{name})", text) for name, text in COMMANDS.items())
    )
    above = click.Context(root, info_name="srcnet", terminal_width=100)
    for name in COMMANDS:
        command = root.get_command(above, name)
        assert command is not None
        yield ""
        yield from _command(above, command, name)
    yield ""
    yield EXIT_CODES
    yield from (f"| {int(code)} | {text} |" for code, text in MEANINGS.items())
    yield AFTER_EXIT_CODES


def _command(above: click.Context, command: click.Command, name: str) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=above)
    yield f"## {context.command_path}"
    yield ""
    yield "```text"
    yield context.command.get_usage(context).removeprefix("Usage: ")
    yield "```"
    for paragraph in (command.help or "").strip().split("\n\n"):
        first, *others = (line.strip(" ") for line in paragraph.splitlines())
        if first == "\b":
            yield from ("", others[0], "", "```sh", *others[1:], "```")
        else:
            yield from ("", " ".join((first, *others)))
    options = [each for each in command.params if isinstance(each, click.Option)]
    if options:
        yield ""
        rows = (_option(context, option) for option in options)
        yield from _table(("option", "meaning", "default", "environment"), rows)
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            loaded = command.get_command(context, below)
            assert loaded is not None
            yield ""
            yield from _command(context, loaded, below)


def _option(context: click.Context, option: click.Option) -> tuple[str, ...]:
    record = option.get_help_record(context)
    assert record is not None
    default = option.default if option.show_default and not option.is_flag else None
    shown = "required" if option.required else f"`{default}`" if default is not None else ""
    variables = option.envvar if isinstance(option.envvar, list) else []
    return (
        f"`{record[0]}`",
        option.help or "",
        shown,
        " or ".join(f"`{variable}`" for variable in variables),
    )


# ── the spec language ─────────────────────────────────────────────────────────────────────────

BEFORE_KINDS = """\
# The spec language

What sites and the federation write, version `srcnet.skao.int/v1alpha2`. The same as JSON Schema
2020-12 stands in [`schemas/`](../../schemas); `srcnet schema KIND` prints it. With this first
line in a file, an editor that knows `yaml-language-server` completes and checks while you type:

```text
# yaml-language-server: $schema=../schemas/site.schema.json
```

Files are YAML 1.2: `NO` is Norway, not false. A file may hold several documents, with `---`
between them. Spec files end in `.yaml` or `.yml` and stand in `site-specs/` or `policies/`, in
folders of any depth. An unknown key is an error, and so is a key without a value: what is not
known is left out. Documents of the version before are read too, and `srcnet migrate` rewrites
them: [A newer version of the language](../how-to/migrate.md).

Every document has this envelope:

```text
apiVersion: srcnet.skao.int/v1alpha2
kind: Site                  # one of the kinds below
metadata:
  name: CHSRC-CSCS          # unique among the documents of its kind
  description: …            # one sentence for people; may be left out
spec: {…}                   # as the kind says
```"""

AMOUNTS = """\
## Amounts

A number without its unit is an error. Amounts are counted exactly, as whole bytes, bits per
second and seconds."""

DRAFTS = """\
## Drafts

A mapping that has the keys `status` and `source` may say `status: draft`. It is then analysed
like any other, and its shortfalls are warnings; nothing that rests on it is emitted or planned
until it is agreed, or a [`Waiver`](#waiver) with `draft: true` accepts it for a time. See
[decision 2](../decisions/0002-drafts-are-not-emitted.md)."""

UNITS = (
    (BYTES_PATTERN, "`kB` is 1000 bytes, `KiB` is 1024"),
    (DATA_RATE_PATTERN, "a year is 365.25 days"),
    (BIT_RATE_PATTERN, "`kbit/s` is 1000 bits per second"),
    (DURATION_PATTERN, "a day is 24 hours, a week 7 days"),
    (PERCENT_PATTERN, "to a hundredth of a per cent"),
    (PERIOD_PATTERN, "of the calendar; it has no length in seconds"),
)

EXAMPLES = {
    "Federation": "[policies/federation.yaml](../../policies/federation.yaml)",
    "DataPolicy": "[policies/data/](../../policies/data)",
    "ComputePolicy": "[the specs of our tests](../../tests/golden/specs/policies/compute)",
    "Allocation": "[the specs of our tests](../../tests/golden/specs/policies/allocation)",
    "Service": "[policies/services/](../../policies/services)",
    "WorkflowTemplate": "[the specs of our tests](../../tests/golden/specs/policies/services)",
    "SecurityPolicy": "[policies/security.yaml](../../policies/security.yaml)",
    "Site": "[site-specs/](../../site-specs)",
    "Waiver": "[site-specs/itsrc-oact/waivers.yaml](../../site-specs/itsrc-oact/waivers.yaml)",
    "Downtime": """\
apiVersion: srcnet.skao.int/v1alpha2
kind: Downtime
metadata: {name: chsrc-cscs-power}
spec:
  of: CHSRC-CSCS
  from: 2027-03-01T06:00Z
  to: 2027-03-01T18:00Z
  reason: the power supply is renewed
""",
    "Moved": """\
apiVersion: srcnet.skao.int/v1alpha2
kind: Moved
metadata: {name: chsrc-cscs-t0}
spec:
  area: CHSRC-CSCS-T0
  from: CHSRC_XRD_PROD
  to: CHSRC-CSCS-T0
""",
    "Retired": """\
apiVersion: srcnet.skao.int/v1alpha2
kind: Retired
metadata: {name: chsrc-cscs-dcache}
spec:
  area: CHSRC-CSCS-T0-DCACHE
  reason: the pool is replaced
  approvedBy: {group: /roles/int/oper}
  until: 2027-06-30
""",
}
"""Of each kind a document, or where some are. The documents are checked by a test."""


def _language() -> Iterator[str]:
    schemas = {kind: export.schema_of(kind) for kind in kinds.KINDS}
    yield MADE
    yield BEFORE_KINDS
    yield ""
    rows = (
        (f"[`{kind}`](#{kind.lower()})", _folders(kind), schema["description"])
        for kind, schema in schemas.items()
    )
    yield from _table(("kind", "in", "says"), rows)
    yield from ("", AMOUNTS, "")
    yield from _table(("amount", "units", "example", ""), (_unit(*unit) for unit in UNITS))
    yield from ("", DRAFTS)
    for kind, schema in schemas.items():
        yield ""
        yield from _kind(kind, schema)


def _folders(kind: str) -> str:
    return ", ".join(f"`{folder}/`" for folder in kinds.folders(kind))


def _unit(pattern: str, remark: str) -> tuple[str, ...]:
    form = FORMS[pattern]
    groups = re.findall(r"\(([A-Za-z/|%]+)\)", pattern)
    listed = ", per ".join(", ".join(f"`{name}`" for name in each.split("|")) for each in groups)
    return form.words, listed, f"`{form.example}`", remark


def _kind(kind: str, schema: Node) -> Iterator[str]:
    yield f"## {kind}"
    yield ""
    yield f"{schema['description']} In {_folders(kind)}."
    yield ""
    example = EXAMPLES[kind]
    yield f"Examples: {example}." if example.startswith("[") else f"```yaml\n{example}```"
    for path, node in _mappings("spec", schema["properties"]["spec"], schema["$defs"]):
        yield ""
        yield f"### {kind}: `{path}`"
        yield ""
        yield node["description"] + _choice(node)
        yield ""
        rows = (_key(node, key, value) for key, value in node["properties"].items())
        yield from _table(("key", "value", "", "meaning"), rows)


def _mappings(path: str, node: Node, known: Mapping[str, Node]) -> Iterator[tuple[str, Node]]:
    """Every mapping with known keys at or below a node, outermost first, with its path."""
    if "$ref" in node:
        mapping = known[node["$ref"].rpartition("/")[2]]
        yield path, mapping
        for key, value in mapping["properties"].items():
            yield from _mappings(f"{path}.{key}", value, known)
    elif "items" in node:
        yield from _mappings(f"{path}[]", node["items"], known)
    elif isinstance(node.get("additionalProperties"), dict):
        yield from _mappings(f"{path}.*", node["additionalProperties"], known)


def _choice(node: Node) -> str:
    keys = [each["required"][0] for each in node.get("oneOf", ())]
    return f" Exactly one of {_listed(keys)} is written." if keys else ""


def _key(mapping: Node, key: str, value: Node) -> tuple[str, ...]:
    if key in mapping.get("required", ()):
        need = "required"
    elif "default" in value and not isinstance(value["default"], dict):
        need = f"default `{_plain(value['default'])}`"
    else:
        need = ""
    return f"`{key}`", _value(value), need, value["description"]


def _value(node: Node) -> str:
    """What may be written, in words."""
    example = f", such as `{_plain(node['examples'][0])}`" if "examples" in node else ""
    if "$ref" in node:
        return "a mapping, below"
    if "const" in node:
        return f"`{_plain(node['const'])}`"
    if "enum" in node:
        return _listed(node["enum"])
    if "items" in node:
        return f"a list; each is {_value(node['items'])}"
    if "pattern" in node:
        return f"{FORMS[node['pattern']].words}{example}"
    if node["type"] == "object":
        if not node["additionalProperties"]:
            return "a mapping of anything"
        return f"a mapping, from {_name(node)} to {_value(node['additionalProperties'])}"
    words = {"string": "text", "integer": "a whole number", "number": "a number"}
    if node["type"] in words:
        return f"{words[node['type']]}{_range(node)}{example}"
    return "`true` or `false`"


def _name(node: Node) -> str:
    """What the keys of a mapping are."""
    names = node.get("propertyNames", {})
    if "enum" in names:
        return _listed(names["enum"])
    example = f", such as `{names['examples'][0]}`," if "examples" in names else ""
    return f"a name{example}"


def _range(node: Node) -> str:
    low, high = node.get("minimum"), node.get("maximum")
    if high is not None:
        return f" from {low} to {high}"
    return "" if low is None else f", at least {low}"


def _listed(values: Iterable[object]) -> str:
    *first, last = (f"`{_plain(value)}`" for value in values)
    return f"{', '.join(first)} or {last}" if first else last


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` say which are not current."""
    stale = []
    for name, text in pages().items():
        path = FOLDER / name
        if not path.exists() or path.read_text("utf-8") != text:
            stale.append(name)
            if "--check" not in arguments:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8")
    checking = "--check" in arguments
    done = "not current" if checking else "written"
    print(f"{done}: {', '.join(stale)}" if stale else "all current")
    return 1 if stale and checking else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
