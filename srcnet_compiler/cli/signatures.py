"""Whose signature a plan needs here: the table `[signatures]` of srcnet.toml, and what it means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    said = settings.said.get(SIGNATURES, {})
    return trust_in(said, line_of(settings.file, SIGNATURES, "required") if said else "")


def trust_in(said: Mapping[str, Any], place: str) -> Trust:
    """What a table `[signatures]` says. Raises ValueError where it is not well formed."""
    from srcnet_compiler.trust.keys import trusted_in

    keys = tuple(trusted_in(each) for each in said.get("trusted", ()))
    return Trust(keys, bool(said.get("required", False)), place)


def common_trust(then: Trust, here: Trust) -> Trust:
    """What holds where srcnet.toml says otherwise than when it was applied last: nobody trusts a
    key by a change that it signs, or drops the need of a signature by one that has none.

    A key that is given up signs nothing more, unless no other is left that was trusted before.
    """
    if not then.keys:
        return here if not then.required or here.required else replace(here, required=True)
    left = {key.public for key in here.keys}
    kept = tuple(key for key in then.keys if key.public in left)
    return Trust(kept or then.keys, then.required or here.required, _place(then, here))


def _place(then: Trust, here: Trust) -> str:
    return here.place if here.required or not then.required else then.place


def signature_file(plan_file: Path) -> Path:
    """Where the signature of a plan is, unless somebody says otherwise."""
    return plan_file.with_suffix(SUFFIX)


def insist_on_plan(trust: Trust) -> None:
    """End the command where only a signed plan may be applied, and none is named."""
    if trust.required:
        raise StopError(
            Exit.REFUSED,
            f"only a signed plan is applied here, says `{trust.place}`",
            "`srcnet plan --out PLAN`, have it signed, then `srcnet apply PLAN`",
        )


def signers_of(
    plan: "Plan", plan_file: Path, named: Path | None, trust: Trust, settings: Settings
) -> "tuple[Signer, ...]":
    """Who has signed the plan. Ends the command where a signature is required and missing, or is
    there and is not what it should be."""
    from srcnet_compiler.apply.receipt import Signer

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
    _insist_on_parts(plan, path, keys)
    return tuple(Signer(key.name, key.key_id) for key in keys)


def _insist_on_parts(plan: "Plan", path: Path, keys: "Sequence[TrustedKey]") -> None:
    """Each system that the plan is for, by a key that may sign for it."""
    systems = dict.fromkeys((*plan.systems, *(each.address.system for each in plan.changes)))
    for system in systems:
        if not any(key.signs_for(system) for key in keys):
            names = ", ".join(f"{key.name} (for {', '.join(key.parts)})" for key in keys)
            raise StopError(
                Exit.REFUSED,
                f"the plan is for {system}, and `{path}` is signed by {names} alone",
                "have it signed also by one who may sign for that, or plan each part by itself",
            )


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
