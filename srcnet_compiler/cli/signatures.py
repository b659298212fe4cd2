"""Whose signature a plan needs here: the table `[signatures]` of srcnet.toml, and what it means."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.settings import SIGNATURES, Settings, line_of

if TYPE_CHECKING:
    from srcnet_compiler.apply.receipt import Signer
    from srcnet_compiler.plan.model import Plan
    from srcnet_compiler.trust.envelope import Envelope
    from srcnet_compiler.trust.keys import TrustedKey

SUFFIX = ".dsse"
_SIGN = "`srcnet sign PLAN --key file:PATH` by one whom srcnet.toml trusts"


@dataclass(frozen=True, slots=True)
class Trust:
    """The keys that are trusted, and whether a plan must be signed by one of them."""

    keys: "tuple[TrustedKey, ...]"
    required: bool
    place: str


def trust_of(settings: Settings) -> Trust:
    """What srcnet.toml says; it was found to be well formed when it was read."""
    from srcnet_compiler.trust.keys import parse_trusted

    said = settings.said.get(SIGNATURES, {})
    keys = tuple(parse_trusted(each) for each in said.get("trusted", ()))
    place = line_of(settings.file, SIGNATURES, "required") if said else ""
    return Trust(keys, bool(said.get("required", False)), place)


def signature_file(plan_file: Path) -> Path:
    """Where the signature of a plan is, unless somebody says otherwise."""
    return plan_file.with_suffix(SUFFIX)


def insist_on_plan(settings: Settings) -> None:
    """End the command where only a signed plan may be applied, and none is named."""
    trust = trust_of(settings)
    if trust.required:
        raise StopError(
            Exit.REFUSED,
            f"only a signed plan is applied here, says `{trust.place}`",
            "`srcnet plan --out PLAN`, have it signed, then `srcnet apply PLAN`",
        )


def signers_of(
    plan: "Plan", plan_file: Path, named: Path | None, settings: Settings
) -> "tuple[Signer, ...]":
    """Who has signed the plan. Ends the command where a signature is required and missing, or is
    there and is not what it should be."""
    from srcnet_compiler.apply.receipt import Signer

    trust = trust_of(settings)
    path = named or signature_file(plan_file)
    if named is None and not path.is_file():
        if trust.required:
            raise StopError(
                Exit.REFUSED,
                f"the plan is not signed (there is no `{path}`), and `{trust.place}` requires it",
                _SIGN,
            )
        return ()
    if not trust.keys:
        if named is None and not trust.required:
            return ()
        raise StopError(
            Exit.REFUSED,
            f"no key is trusted here, so that `{path}` proves nothing",
            f'name one in `{settings.file}`: `[{SIGNATURES}]`, `trusted = ["ed25519:… name"]`',
        )
    keys = _signed_by(plan, path, read_envelope(path), trust.keys)
    return tuple(Signer(key.name, key.key_id) for key in keys)


def read_envelope(path: Path) -> "Envelope":
    """The envelope in a file; ends the command where there is none."""
    from srcnet_compiler.trust.envelope import EnvelopeError, from_text

    try:
        return from_text(path.read_text("utf-8"))
    except OSError as trouble:
        raise StopError(
            Exit.FILES, f"cannot read signature `{path}`: {trouble.strerror}", None
        ) from None
    except (EnvelopeError, UnicodeError) as trouble:
        why = str(trouble) if isinstance(trouble, EnvelopeError) else "it is not text"
        raise StopError(Exit.REFUSED, f"`{path}` signs nothing: {why}", _SIGN) from None


def _signed_by(
    plan: "Plan", path: Path, envelope: "Envelope", trusted: "Sequence[TrustedKey]"
) -> "tuple[TrustedKey, ...]":
    from srcnet_compiler.plan.file import digest
    from srcnet_compiler.trust.envelope import verified
    from srcnet_compiler.trust.statement import plan_of

    keys = tuple(verified(envelope, trusted))
    if not keys:
        claimed = {each.key_id for each in envelope.signatures}
        known = [key for key in trusted if key.key_id in claimed]
        if known:
            why = (
                f"the signature of {known[0].name} in `{path}` is wrong: it, or what it signs, was"
                " changed"
            )
        else:
            ids = ", ".join(sorted(each[:16] or "unnamed" for each in claimed)) or "nobody"
            why = f"`{path}` is signed by a key that is not trusted here: {ids}"
        raise StopError(Exit.REFUSED, why, _SIGN)
    if (about := plan_of(envelope.payload)) is None:
        raise StopError(Exit.REFUSED, f"what `{path}` signs is no plan of srcnet", _SIGN)
    if about != digest(plan):
        raise StopError(
            Exit.REFUSED,
            f"`{path}` signs another plan ({about[:12]}) than this one ({digest(plan)[:12]})",
            "the plan was changed after it was signed, or made anew: review and sign this one",
        )
    return keys
