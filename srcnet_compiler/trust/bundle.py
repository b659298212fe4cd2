"""Sigstore bundles: a plan signed by a job for which its forge vouches, with no key to keep.

What is verified is the library's: the certificate up to its authority, the log's entry with its
proof and time, the signature. Ours is only whom we trust. Source: https://docs.sigstore.dev/about/bundle
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from srcnet_compiler.trust.envelope import IN_TOTO
from srcnet_compiler.trust.trusted import TrustedIdentity

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from sigstore.models import ClientTrustConfig

MARK = "application/vnd.dev.sigstore.bundle"
"""Begins the media type of every bundle."""
_JOBS = ("GITHUB_ACTIONS", "GITLAB_CI")
"""What forges set for their jobs."""
_ISSUER = "1.3.6.1.4.1.57264.1.8"
"""Where a certificate says who issued the token.
Source: https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md"""


class MissingLibraryError(Exception):
    """The extra `keyless` is not installed."""


class BundleError(Exception):
    """A bundle does not prove what it should. The text is for the user."""


class TrustRootError(Exception):
    """What is said of a private Sigstore cannot be used. The text is for the user."""


class NoIdentityError(Exception):
    """Nobody vouches for who signs here. The text is for the user."""


class UnsignedError(Exception):
    """Sigstore did not sign. The text is for the user, and has nothing of the token in it."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What was signed, by whom of those that are trusted, and the id of the key that the job had
    for some minutes."""

    payload: bytes
    identities: tuple[TrustedIdentity, ...]
    key_id: str


def insist_on_library() -> None:
    """Raise MissingLibraryError where bundles cannot be made or read here."""
    try:
        import sigstore.verify  # noqa: F401 - whether it is there
    except ImportError:
        raise MissingLibraryError from None
    # what it logs is for its own command; without this it would go to our users
    logging.getLogger("sigstore").addHandler(logging.NullHandler())


def verified(text: str, trusted: Sequence[TrustedIdentity], root: str | None) -> Verified:
    """What a bundle proves, given whom we trust; reads no network.

    `root` is a client trust config of a private Sigstore; None: the public one, as the library
    knows it. Raises BundleError, TrustRootError, MissingLibraryError.
    """
    insist_on_library()
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from sigstore.models import Bundle
    from sigstore.verify import Verifier

    try:
        verifier = Verifier(trusted_root=_config(root, offline=True).trusted_root)
    except TrustRootError:
        raise
    except Exception as trouble:  # whatever is amiss in a root of trust
        raise TrustRootError(_told(trouble)) from None
    policy = _Trusted(trusted)
    try:
        bundle = Bundle.from_json(text)
        kind, payload = verifier.verify_dsse(bundle, policy)
        public = bundle.signing_certificate.public_key()
    except BundleError:
        raise
    except Exception as trouble:  # others wrote it: whatever it breaks, it proves nothing
        raise BundleError(f"it proves nothing: {_told(trouble)}") from None
    if kind != IN_TOTO:
        raise BundleError("what it signs is no in-toto statement")
    shown = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return Verified(payload, policy.fitting, sha256(shown).hexdigest())


def signed_by_job(payload: bytes, root: str | None, environment: Mapping[str, str]) -> str:
    """A bundle in which Sigstore and its log say that this job has signed the statement.

    Only jobs of forges sign: the library would also ask the cloud that a machine is of, and put
    into a public log what nobody meant to. The token of the job goes to Sigstore alone.

    Raises NoIdentityError, UnsignedError, TrustRootError, MissingLibraryError.
    """
    insist_on_library()
    from sigstore.dsse import Statement
    from sigstore.oidc import IdentityError, IdentityToken, detect_credential
    from sigstore.sign import SigningContext

    try:
        is_job = any(environment.get(each) for each in _JOBS)
        token = detect_credential() if is_job else None
        if token is None:
            raise NoIdentityError("no forge vouches for who signs here: this is no job of one")
        identity = IdentityToken(token)
    except IdentityError as trouble:
        raise NoIdentityError(f"the forge vouches for nobody here: {_told(trouble)}") from None
    try:
        context = SigningContext.from_trust_config(_config(root, offline=False))
        with context.signer(identity) as signer:
            return signer.sign_dsse(Statement(payload)).to_json() + "\n"
    except TrustRootError:
        raise
    except Exception as trouble:  # of three services, in words of their own
        raise UnsignedError(f"Sigstore has not signed: {_told(trouble)}") from None


def _config(root: str | None, *, offline: bool) -> "ClientTrustConfig":
    from sigstore.models import ClientTrustConfig

    if root is None:
        return ClientTrustConfig.production(offline=offline)
    try:
        return ClientTrustConfig.from_json(root)
    except ValueError:
        raise TrustRootError(
            "it is no client trust config of Sigstore, such as `sigstore --trust-config` reads"
        ) from None


class _Trusted:
    """Asked by the library once a certificate is known to be of its authority; remembers which of
    those that are trusted it is of."""

    def __init__(self, identities: Sequence[TrustedIdentity]) -> None:
        self.identities = identities
        self.fitting: tuple[TrustedIdentity, ...] = ()

    def verify(self, certificate: "Certificate") -> None:
        self.fitting = tuple(each for each in self.identities if _is_of(each, certificate))
        if not self.fitting:
            raise BundleError(f"it is signed by {_named(certificate)}, whom nobody trusts here")


def _is_of(trusted: TrustedIdentity, certificate: "Certificate") -> bool:
    from sigstore.errors import VerificationError
    from sigstore.verify.policy import AllOf, Identity, OIDCIssuerV2

    asked = AllOf([Identity(identity=trusted.identity), OIDCIssuerV2(trusted.issuer)])
    try:
        asked.verify(certificate)
    except VerificationError:
        return False
    return True


def _named(certificate: "Certificate") -> str:
    """Whom a certificate names, as srcnet.toml would have it."""
    from cryptography.x509 import ObjectIdentifier, SubjectAlternativeName, UnrecognizedExtension

    names = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
    said = [str(each.value) for each in names]
    found = certificate.extensions.get_extension_for_oid(ObjectIdentifier(_ISSUER)).value
    issuer = found.value[2:] if isinstance(found, UnrecognizedExtension) else b""
    return _printable(f"`{', '.join(said)}` of `{issuer.decode('utf-8', 'replace')}`")


def _told(trouble: BaseException) -> str:
    """What the library says, in one line; some of its errors say it by their cause alone."""
    text = str(trouble) or str(trouble.__cause__ or "") or type(trouble).__name__
    return _printable(text.splitlines()[0].strip().rstrip("."))


def _printable(text: str) -> str:
    """Without what would move a terminal's cursor: others chose the words."""
    return "".join(each if each.isprintable() else "?" for each in text)
