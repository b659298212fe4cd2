"""Whom srcnet.toml trusts: keys, and identities for which a forge vouches."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from srcnet_compiler.change import SystemName
from srcnet_compiler.trust.keys import FEDERATION, TrustedKey, may_sign, parse_trusted


@dataclass(frozen=True, slots=True)
class TrustedIdentity:
    """What a certificate of Sigstore says of a job: who issued its token, and what it is, such as
    a workflow on a branch. It signs for `parts` as a key does; empty: for all."""

    issuer: str
    identity: str
    parts: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.identity

    @property
    def key_id(self) -> str:
        """What it is known by among those that are trusted: no two share it."""
        return sha256(f"{self.issuer}\n{self.identity}".encode()).hexdigest()

    def signs_for(self, system: SystemName) -> bool:
        """Whether it may sign what changes this system."""
        return may_sign(self.parts, system)


Trusted = TrustedKey | TrustedIdentity


def trusted_in(said: object) -> Trusted:
    """Read an entry of `trusted` in srcnet.toml: a key, or a table of one or of an identity with
    the parts `for` which it signs. Raises ValueError."""
    if not isinstance(said, Mapping):
        return parse_trusted(str(said))
    if "key" in said or not {"issuer", "identity"} & said.keys():
        if said.keys() != {"key", "for"}:
            raise ValueError('a table here is like `{key = "ed25519:… name", for = ["SITE"]}`')
        return replace(parse_trusted(str(said["key"])), parts=_parts(said["for"]))
    if said.keys() - {"for"} != {"issuer", "identity"}:
        raise ValueError(
            'an identity is like `{issuer = "https://…", identity = "https://…", for = ["SITE"]}`'
        )
    return TrustedIdentity(
        _address("issuer", said["issuer"]),
        _words("identity", said["identity"]),
        _parts(said["for"]) if "for" in said else (),
    )


def _parts(said: object) -> tuple[str, ...]:
    if not said or not isinstance(said, list) or not all(isinstance(p, str) for p in said):
        raise ValueError(f"`for` lists parts: sites, `{FEDERATION}`, or systems such as `rucio/x`")
    return tuple(said)


def _address(key: str, said: object) -> str:
    text = _words(key, said)
    if not text.startswith("https://"):
        raise ValueError(f"`{key}` is an address that begins with `https://`")
    return text


def _words(key: str, said: object) -> str:
    """Text as the certificate has it, to the letter: nothing in it stands for something else."""
    if not isinstance(said, str) or not said or said != said.strip() or not said.isprintable():
        raise ValueError(f"`{key}` is text, just as the certificate has it")
    if "*" in said:
        raise ValueError(f"`{key}` is said to the letter: no `*` stands for others")
    return said
