"""Keys: ed25519, made, read and named. No text of a private key leaves this module."""

import base64
import binascii
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from srcnet_compiler.change import SystemName

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KIND = "ed25519"
FEDERATION = "federation"
"""The part that is of no site, as pipelines call it too."""
_PUBLIC_BYTES = 32
_MOST = 10_000
"""Bytes of a key file that are read."""
_OTHERS = 0o077


class KeyTroubleError(Exception):
    """A key cannot be used. The text is for the user, and has nothing of the key in it."""


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A public key, whose it is, and for which `parts` it signs; empty: for all.

    A part is a site, `federation` (what is of no site), or a system such as `rucio/srcnet`.
    """

    name: str
    public: bytes
    parts: tuple[str, ...] = ()

    @property
    def key_id(self) -> str:
        """What the key is known by: it does not tell the key, and no two keys share it."""
        return sha256(self.public).hexdigest()

    def signs_for(self, system: SystemName) -> bool:
        """Whether it may sign what changes this system."""
        return may_sign(self.parts, system)

    def __str__(self) -> str:
        """As srcnet.toml has it."""
        return f"{KIND}:{base64.b64encode(self.public).decode()} {self.name}"


def parse_trusted(text: str) -> TrustedKey:
    """Read `ed25519:BASE64 name`. Raises ValueError where it is nothing like that."""
    found = re.fullmatch(rf"{KIND}:(\S+)\s+(\S.*)", text.strip())
    if found is None:
        raise ValueError(f"it is not like `{KIND}:BASE64 name`")
    try:
        public = base64.b64decode(found[1], validate=True)
    except binascii.Error:
        public = b""
    if len(public) != _PUBLIC_BYTES:
        raise ValueError("it is no public key of ed25519: `srcnet sign --new-key FILE` prints one")
    return TrustedKey(found[2], public)


def may_sign(parts: tuple[str, ...], system: SystemName) -> bool:
    """Whether who signs for these parts may sign what changes this system. The system's own name
    tells the site, not the specs, which come with what is to be signed."""
    site, dot, _ = system.instance.partition(".")
    named = {str(system).casefold(), (site if dot else FEDERATION).casefold()}
    return not parts or any(part.casefold() in named for part in parts)


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """A private key that signs."""

    private: "Ed25519PrivateKey"

    @property
    def public(self) -> bytes:
        return self.private.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message)


def new_key(path: Path) -> TrustedKey:
    """Make a key and write it into a file that only its owner can read; its public part.

    Raises FileExistsError for a file that is there, OSError where it cannot be written.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.generate()
    text = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(file, "wb") as stream:
            stream.write(text)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return TrustedKey(path.stem, private.public_key().public_bytes_raw())


def read_key(place: str, environment: Mapping[str, str]) -> SigningKey:
    """The private key at `env:NAME` or `file:PATH`. Raises KeyTroubleError."""
    kind, _, name = place.partition(":")
    if kind == "env" and name:
        if not environment.get(name):
            raise KeyTroubleError(f"the environment has no `{name}`")
        return _parse(environment[name].encode(), place)
    if kind == "file" and name:
        return _parse(_read(Path(name)), place)
    raise KeyTroubleError("a key is named as `env:NAME` or `file:PATH`")


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & _OTHERS:
                raise KeyTroubleError(f"others can read `{path}`: `chmod 600 {path}`")
            return file.read(_MOST)
    except OSError as trouble:
        raise KeyTroubleError(f"cannot read `{path}`: {trouble.strerror}") from None


def _parse(text: bytes, place: str) -> SigningKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        private = load_pem_private_key(text, password=None)
    except TypeError:
        raise KeyTroubleError(f"the key at `{place}` has a passphrase; give it without") from None
    except (ValueError, UnsupportedAlgorithm):
        raise KeyTroubleError(f"what is at `{place}` is no private key in PEM") from None
    if not isinstance(private, Ed25519PrivateKey):
        raise KeyTroubleError(f"the key at `{place}` is not of the kind {KIND}")
    return SigningKey(private)
