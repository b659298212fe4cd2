"""Whose signature a plan needs here: the table `[signatures]` of srcnet.toml, and what it means."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.settings import SIGNATURES, TRUST_ROOT, Settings, line_of

if TYPE_CHECKING:
    from srcnet_compiler.apply.receipt import Signer
    from srcnet_compiler.plan.model import Plan
    from srcnet_compiler.trust.bundle import Verified
    from srcnet_compiler.trust.envelope import Envelope
    from srcnet_compiler.trust.keys import TrustedKey
    from srcnet_compiler.trust.trusted import Trusted, TrustedIdentity

SUFFIX, BUNDLE_SUFFIX = ".dsse", ".sigstore.json"
_SIGN = "`srcnet sign PLAN --key file:PATH` by one whom srcnet.toml trusts"
_SIGN_KEYLESS = "`srcnet sign PLAN --keyless` in a job that srcnet.toml trusts"
INSTALL = "`pip install 'srcnet-compiler[keyless]'`"


@dataclass(frozen=True, slots=True)
class Trust:
    """The keys and identities that are trusted, and whether a plan must be signed by one of them.

    `root` is what is said of a private Sigstore; None: identities are of the public one.
    """

    keys: "tuple[Trusted, ...]"
    required: bool
    place: str
    root: str | None = None


def trust_of(settings: Settings) -> Trust:
    """What srcnet.toml says; it was found to be well formed when it was read."""
    said = settings.said.get(SIGNATURES, {})
    place = line_of(settings.file, SIGNATURES, "required") if said else ""

    def read(file: str) -> str:
        return (settings.file.parent / file).read_text("utf-8")

    try:
        return trust_in(said, place, read)
    except (OSError, UnicodeError) as trouble:
        why = trouble.strerror if isinstance(trouble, OSError) else "it is not text"
        raise StopError(
            Exit.FILES,
            f"cannot read `{said[TRUST_ROOT]}`, which `{_root_place(settings)}` names: {why}",
            None,
        ) from None


def trust_in(said: Mapping[str, Any], place: str, read: Callable[[str], str]) -> Trust:
    """What a table `[signatures]` says; `read` gives the text of a file beside it. Raises
    ValueError where it is not well formed."""
    from srcnet_compiler.trust.trusted import trusted_in

    keys = tuple(trusted_in(each) for each in said.get("trusted", ()))
    root = read(said[TRUST_ROOT]) if TRUST_ROOT in said else None
    return Trust(keys, bool(said.get("required", False)), place, root)


def _root_place(settings: Settings) -> str:
    return line_of(settings.file, SIGNATURES, TRUST_ROOT)


def common_trust(then: Trust, here: Trust) -> Trust:
    """What holds where srcnet.toml says otherwise than when it was applied last: nobody trusts a
    key by a change that it signs, or drops the need of a signature by one that has none.

    A key that is given up signs nothing more, unless no other is left that was trusted before.
    Which Sigstore vouches for identities is what was said then.
    """
    if not then.keys:
        return here if not then.required or here.required else replace(here, required=True)
    left = {key.key_id for key in here.keys}
    kept = tuple(key for key in then.keys if key.key_id in left)
    required = then.required or here.required
    return Trust(kept or then.keys, required, _place(then, here), then.root)


def _place(then: Trust, here: Trust) -> str:
    return here.place if here.required or not then.required else then.place


def signature_file(plan_file: Path) -> Path:
    """Where the signature of a plan is, unless somebody says otherwise."""
    return plan_file.with_suffix(SUFFIX)


def bundle_file(plan_file: Path) -> Path:
    """Where the bundle of Sigstore for a plan is, unless somebody says otherwise."""
    return plan_file.with_suffix(BUNDLE_SUFFIX)


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
    paths = _signatures(plan_file, named)
    if not paths:
        if trust.required:
            raise StopError(
                Exit.REFUSED,
                f"the plan is not signed (there is no `{signature_file(plan_file)}`), and"
                f" `{trust.place}` requires it",
                _SIGN,
            )
        return ()
    if not trust.keys:
        if named is None and not trust.required:
            return ()
        raise StopError(
            Exit.REFUSED,
            f"no key is trusted here, so that `{paths[0]}` proves nothing",
            f'name one in `{settings.file}`: `[{SIGNATURES}]`, `trusted = ["ed25519:… name"]`',
        )
    found = [each for path in paths for each in _signed_by(plan, path, trust)]
    _insist_on_parts(plan, paths, [trusted for trusted, _ in found])
    return tuple(signer for _, signer in found)


def _signatures(plan_file: Path, named: Path | None) -> tuple[Path, ...]:
    """The file that was named, or those that are beside the plan."""
    if named is not None:
        return (named,)
    return tuple(
        path for path in (signature_file(plan_file), bundle_file(plan_file)) if path.is_file()
    )


def _insist_on_parts(plan: "Plan", paths: Sequence[Path], found: "Sequence[Trusted]") -> None:
    """Each system that the plan is for, by one who may sign for it."""
    systems = dict.fromkeys((*plan.systems, *(each.address.system for each in plan.changes)))
    for system in systems:
        if not any(each.signs_for(system) for each in found):
            names = ", ".join(f"{each.name} (for {', '.join(each.parts)})" for each in found)
            files = " and ".join(f"`{path}`" for path in paths)
            verb = "is" if len(paths) == 1 else "are"
            raise StopError(
                Exit.REFUSED,
                f"the plan is for {system}, and {files} {verb} signed by {names} alone",
                "have it signed also by one who may sign for that, or plan each part by itself",
            )


def read_envelope(path: Path) -> "Envelope":
    """The envelope in a file; ends the command where there is none."""
    return _envelope(path, _text(path))


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as trouble:
        raise StopError(
            Exit.FILES, f"cannot read signature `{path}`: {trouble.strerror}", None
        ) from None
    except UnicodeError:
        raise StopError(Exit.REFUSED, f"`{path}` signs nothing: it is not text", _SIGN) from None


def _envelope(path: Path, text: str) -> "Envelope":
    from srcnet_compiler.trust.envelope import EnvelopeError, from_text

    try:
        return from_text(text)
    except EnvelopeError as trouble:
        raise StopError(Exit.REFUSED, f"`{path}` signs nothing: {trouble}", _SIGN) from None


def _signed_by(plan: "Plan", path: Path, trust: Trust) -> "list[tuple[Trusted, Signer]]":
    """Whom we trust of those who have signed this plan in a file, and who signed. Ends the command
    where nobody has."""
    from srcnet_compiler.apply.receipt import Signer
    from srcnet_compiler.trust.keys import TrustedKey
    from srcnet_compiler.trust.trusted import TrustedIdentity

    text = _text(path)
    if is_bundle(text):
        identities = [each for each in trust.keys if isinstance(each, TrustedIdentity)]
        proven = _proven(path, text, identities, trust.root)
        _insist_on_this(plan, path, proven.payload)
        return [(each, Signer(each.name, proven.key_id)) for each in proven.identities]
    envelope = _envelope(path, text)
    keys = _fitting(path, envelope, [each for each in trust.keys if isinstance(each, TrustedKey)])
    _insist_on_this(plan, path, envelope.payload)
    return [(key, Signer(key.name, key.key_id)) for key in keys]


def is_bundle(text: str) -> bool:
    """Whether it says that it is a bundle of Sigstore."""
    from srcnet_compiler.trust.bundle import MARK

    return MARK in text


def _proven(
    path: Path, text: str, identities: "Sequence[TrustedIdentity]", root: str | None
) -> "Verified":
    from srcnet_compiler.trust.bundle import (
        BundleError,
        MissingLibraryError,
        TrustRootError,
        verified,
    )

    if not identities:
        raise StopError(
            Exit.REFUSED,
            f"no identity is trusted here, so that `{path}` proves nothing",
            _SIGN,
        )
    try:
        return verified(text, identities, root)
    except MissingLibraryError:
        raise StopError(
            Exit.REFUSED, f"what verifies `{path}`, a bundle of Sigstore, is not installed", INSTALL
        ) from None
    except TrustRootError as trouble:
        raise StopError(
            Exit.REFUSED, f"the `{TRUST_ROOT}` by which `{path}` is verified: {trouble}", None
        ) from None
    except BundleError as trouble:
        raise StopError(Exit.REFUSED, f"`{path}`: {trouble}", _SIGN_KEYLESS) from None


def _fitting(
    path: Path, envelope: "Envelope", trusted: "Sequence[TrustedKey]"
) -> "tuple[TrustedKey, ...]":
    from srcnet_compiler.trust.envelope import verified

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
    return keys


def _insist_on_this(plan: "Plan", path: Path, payload: bytes) -> None:
    from srcnet_compiler.plan.file import digest
    from srcnet_compiler.trust.statement import plan_of

    if (about := plan_of(payload)) is None:
        raise StopError(Exit.REFUSED, f"what `{path}` signs is no plan of srcnet", _SIGN)
    if about != digest(plan):
        raise StopError(
            Exit.REFUSED,
            f"`{path}` signs another plan ({about[:12]}) than this one ({digest(plan)[:12]})",
            "the plan was changed after it was signed, or made anew: review and sign this one",
        )
