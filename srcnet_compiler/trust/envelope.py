"""DSSE envelopes: a payload with signatures over its type and its bytes.

Source: https://github.com/secure-systems-lab/dsse/blob/master/protocol.md
"""

import base64
import binascii
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from srcnet_compiler.trust.keys import SigningKey, TrustedKey

IN_TOTO = "application/vnd.in-toto+json"


class EnvelopeError(ValueError):
    """A file is not an envelope. The text is for the user."""


@dataclass(frozen=True, slots=True)
class Signature:
    """`key_id` is what the signer claims; only verifying tells."""

    key_id: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """What was signed, and by whom it claims to be."""

    payload: bytes
    signatures: tuple[Signature, ...]
    kind: str = IN_TOTO


def signed(payload: bytes, key: SigningKey, earlier: Iterable[Signature] = ()) -> Envelope:
    """The payload with this key's signature beside those that it has already."""
    key_id = TrustedKey("", key.public).key_id
    others = tuple(each for each in earlier if each.key_id != key_id)
    value = key.sign(_encoded(IN_TOTO, payload))
    return Envelope(payload, (*others, Signature(key_id, value)))


def verified(envelope: Envelope, trusted: Iterable[TrustedKey]) -> Iterator[TrustedKey]:
    """The trusted keys that have signed exactly this."""
    message = _encoded(envelope.kind, envelope.payload)
    for key in trusted:
        if any(_fits(key, each.value, message) for each in envelope.signatures):
            yield key


def _fits(key: TrustedKey, value: bytes, message: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(value, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def to_text(envelope: Envelope) -> str:
    """The envelope as a file."""
    document = {
        "payloadType": envelope.kind,
        "payload": base64.b64encode(envelope.payload).decode(),
        "signatures": [
            {"keyid": each.key_id, "sig": base64.b64encode(each.value).decode()}
            for each in envelope.signatures
        ],
    }
    return json.dumps(document, indent=1) + "\n"


def from_text(text: str) -> Envelope:
    """The envelope in a file. Raises EnvelopeError where it is none."""
    try:
        said: dict[str, Any] = json.loads(text)
        return Envelope(
            base64.b64decode(said["payload"], validate=True),
            tuple(
                Signature(str(each.get("keyid", "")), base64.b64decode(each["sig"], validate=True))
                for each in said["signatures"]
            ),
            str(said["payloadType"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error):
        raise EnvelopeError("it is no DSSE envelope, or not all of one") from None


def _encoded(kind: str, payload: bytes) -> bytes:
    """What is signed: DSSE's pre-authentication encoding."""
    name = kind.encode()
    return b"DSSEv1 %d %s %d %s" % (len(name), name, len(payload), payload)
