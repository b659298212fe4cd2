"""`srcnet sign`: a plan signed by who has reviewed it, or a key made for that."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.files import spare_others, spare_specs, write_file
from srcnet_compiler.cli.settings import TRUST_ROOT, Settings
from srcnet_compiler.cli.shared import read_plan

if TYPE_CHECKING:
    from srcnet_compiler.plan.model import Plan
    from srcnet_compiler.trust.envelope import Signature
    from srcnet_compiler.trust.keys import SigningKey
    from srcnet_compiler.trust.statement import Agreed

_VOUCHED = (
    "on GitHub `permissions: {id-token: write}` for the job, on GitLab"
    " `id_tokens: {SIGSTORE_ID_TOKEN: {aud: sigstore}}`; elsewhere `--key file:PATH`"
)


@click.command("sign")
@click.argument(
    "plan_file", metavar="[PLAN]", required=False, type=click.Path(path_type=Path), default=None
)
@click.option("--key", metavar="env:NAME|file:PATH", help="Where the private key is.")
@click.option(
    "--keyless",
    is_flag=True,
    help="In a job of GitHub or GitLab: sign by what its forge vouches for, with no key.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the signature goes.  [default: beside the plan, ending in .dsse, or without a key"
    " in .sigstore.json]",
)
@click.option(
    "--approved-by",
    "approved_by",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The record of who agreed, as `srcnet forge approvals` wrote it: it is signed too.",
)
@click.option(
    "--new-key",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Make a key in FILE, and print its public part.",
)
@click.pass_obj
def command(
    settings: Settings,
    plan_file: Path | None,
    key: str | None,
    keyless: bool,
    out: Path | None,
    approved_by: Path | None,
    new_key: Path | None,
) -> int:
    """Sign a plan that was reviewed.

    The signature binds the plan, the specs it was made from with their commit, the version of
    srcnet and what was seen of the systems. `srcnet apply` finds it beside the plan and insists
    that a key of `[signatures]` in srcnet.toml made it. Who signs after another one adds a
    signature.

    With --keyless a job signs without a key: Sigstore issues a certificate for what the job's forge
    says of it, such as the workflow and its branch, and the signature enters a public log.
    `[signatures]` trusts such an identity as it trusts keys. It takes the extra `keyless`.

    \b
    Examples:
      srcnet sign --new-key ~/.srcnet-key.pem
      srcnet sign plan.json --key file:$HOME/.srcnet-key.pem
      srcnet sign plan.json --key env:SRCNET_SIGNING_KEY --out plan.dsse
      srcnet sign plan.json --keyless
    """
    if (plan_file is None) is (new_key is None):
        raise StopError(
            Exit.USAGE,
            "name a plan to sign, or a file for a new key",
            "`srcnet sign PLAN --key file:PATH`, or `srcnet sign --new-key FILE`",
        )
    if plan_file is None:
        assert new_key is not None
        return _make_key(settings, new_key)
    if key is not None and keyless:
        raise StopError(Exit.USAGE, "`--keyless` signs without a key", "leave out one of the two")
    if key is None and not keyless:
        raise StopError(
            Exit.USAGE,
            "there is no key to sign with",
            "`--key file:PATH` or `--key env:NAME`; in a job of a forge also `--keyless`",
        )
    return _sign(settings, plan_file, key, out, approved_by)


def _make_key(settings: Settings, path: Path) -> int:
    from srcnet_compiler.trust.keys import new_key

    spare_specs(path, settings.root)
    try:
        made = new_key(path)
    except FileExistsError:
        raise StopError(
            Exit.FILES, f"`{path}` exists, and a key is never written over", "name another file"
        ) from None
    click.echo(str(made))
    click.echo(
        f"the private key is in {path}, for you alone; whoever is to trust it puts the line above"
        f' into `{settings.file}`: `[signatures]`, `trusted = ["…"]`',
        err=True,
    )
    return Exit.FINE


def _sign(
    settings: Settings,
    plan_file: Path,
    key: str | None,
    out: Path | None,
    approved_by: Path | None,
) -> int:
    """`key` is where the private key is; None: sign without."""
    from srcnet_compiler.cli.signatures import bundle_file, signature_file
    from srcnet_compiler.names import SPEC_FOLDERS
    from srcnet_compiler.plan.file import digest
    from srcnet_compiler.trust.commit import commit_of
    from srcnet_compiler.trust.statement import plan_statement

    plan = read_plan(plan_file)
    path = out or (bundle_file(plan_file) if key is None else signature_file(plan_file))
    what = "a bundle of Sigstore" if key is None else "a signature of srcnet"
    spare_others(path, settings.root, what, _is_bundle if key is None else _is_signature)
    commit = commit_of(settings.root, SPEC_FOLDERS) if _is_of_these_specs(plan, settings) else None
    payload = plan_statement(plan, commit, _agreed(approved_by))
    text, others = _keyless(settings, payload) if key is None else _keyed(path, payload, key)
    write_file(path, text)
    where = f", specs at {commit[:12]}" if commit else ""
    click.echo(f"plan {digest(plan)[:12]}{where}: signed in {path}{others}")
    return Exit.FINE


def _keyed(path: Path, payload: bytes, key: str) -> tuple[str, str]:
    """The envelope as a file, and what to say of the signatures that are in it."""
    from srcnet_compiler.trust.envelope import signed, to_text

    envelope = signed(payload, _key(key), _earlier(path, payload))
    count = len(envelope.signatures)
    return to_text(envelope), f"; it has {count} signatures" if count > 1 else ""


def _keyless(settings: Settings, payload: bytes) -> tuple[str, str]:
    """The bundle as a file, and that nobody keeps a key."""
    from srcnet_compiler.cli.signatures import INSTALL, trust_of
    from srcnet_compiler.trust.bundle import (
        MissingLibraryError,
        NoIdentityError,
        TrustRootError,
        UnsignedError,
        signed_by_job,
    )

    root = trust_of(settings).root
    try:
        return signed_by_job(payload, root, os.environ), ", without a key"
    except MissingLibraryError:
        raise StopError(Exit.USAGE, "what signs without a key is not installed", INSTALL) from None
    except NoIdentityError as trouble:
        raise StopError(Exit.CREDENTIALS, str(trouble), _VOUCHED) from None
    except TrustRootError as trouble:
        raise StopError(Exit.USAGE, f"`{TRUST_ROOT}`: {trouble}", None) from None
    except UnsignedError as trouble:
        raise StopError(
            Exit.UNREACHABLE, str(trouble), "run it again, or sign with a key: `--key env:NAME`"
        ) from None


def _agreed(record: Path | None) -> "Agreed | None":
    from hashlib import sha256

    from srcnet_compiler.cli.rules import MERGED
    from srcnet_compiler.trust.statement import Agreed

    if record is None:
        return None
    content = record.read_bytes()
    lines = content.decode("utf-8", "replace").splitlines()
    merged = [line.removeprefix(MERGED).strip() for line in lines if line.startswith(MERGED)]
    return Agreed(sha256(content).hexdigest(), tuple(merged))


def _key(place: str) -> "SigningKey":
    from srcnet_compiler.trust.keys import KeyTroubleError, read_key

    try:
        return read_key(place, os.environ)
    except KeyTroubleError as trouble:
        raise StopError(
            Exit.CREDENTIALS, str(trouble), "`srcnet sign --new-key FILE` makes a key"
        ) from None


def _is_of_these_specs(plan: "Plan", settings: Settings) -> bool:
    """Whether the plan was made from the specs in this folder; False where there are none. Ends
    the command where there are others."""
    from srcnet_compiler.pipeline import load, spec_files

    files = spec_files(settings.root)
    if not files:
        return False
    sources, _ = load(settings.root, files)
    if sources.digest != plan.binding.specs:
        raise StopError(
            Exit.STALE,
            "the plan was made from other specs than those in this folder",
            "make and review a new one: `srcnet plan`, or sign it where there are no specs",
        )
    return True


def _earlier(path: Path, payload: bytes) -> "tuple[Signature, ...]":
    """The signatures that the same statement has already."""
    from srcnet_compiler.cli.signatures import read_envelope

    if not path.is_file():
        return ()
    envelope = read_envelope(path)
    return envelope.signatures if envelope.payload == payload else ()


def _is_signature(head: str) -> bool:
    return '"payloadType"' in head and not _is_bundle(head)


def _is_bundle(head: str) -> bool:
    from srcnet_compiler.cli.signatures import is_bundle

    return is_bundle(head)
