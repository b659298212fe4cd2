"""A Sigstore of the test's own: a forge that vouches for jobs, an authority, a log; all of them
answer over HTTP as the real ones do, with keys that are made here."""

from __future__ import annotations

import base64
import json
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

GITHUB = "https://token.actions.githubusercontent.com"
GITLAB = "https://gitlab.com"
WORKFLOW = "https://github.com/golden/specs/.github/workflows/srcnet-merge.yml@refs/heads/main"
PROJECT = "https://gitlab.com/golden/specs//.gitlab-ci.yml@refs/heads/main"
ISSUER_OLD, ISSUER = "1.3.6.1.4.1.57264.1.1", "1.3.6.1.4.1.57264.1.8"
PROMISES = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
RUNNER = "what the runner of this job may ask with"
ORIGIN = "rekor.test"
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fulcio.test")])


def a_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def signed(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    return key.sign(message, ec.ECDSA(hashes.SHA256()))


def shown(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def text(content: bytes) -> str:
    return base64.b64encode(content).decode()


@dataclass
class World:
    """Its keys, and what a test may bend: whom the forge says the job is of, and when."""

    issuer: str = GITHUB
    identity: str = WORKFLOW
    forge: ec.EllipticCurvePrivateKey = field(default_factory=a_key)
    authority: ec.EllipticCurvePrivateKey = field(default_factory=a_key)
    promises: ec.EllipticCurvePrivateKey = field(default_factory=a_key)
    log: ec.EllipticCurvePrivateKey = field(default_factory=a_key)
    promised_by: ec.EllipticCurvePrivateKey | None = None
    logged_by: ec.EllipticCurvePrivateKey | None = None
    logged_later: timedelta = timedelta()
    usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.CODE_SIGNING
    leaves: list[bytes] = field(default_factory=lambda: [b"one", b"two", b"three", b"four"])
    url: str = ""

    def __post_init__(self) -> None:
        moment = _now()
        usage = x509.KeyUsage(
            **dict.fromkeys(_USES, False) | {"key_cert_sign": True, "crl_sign": True}
        )
        self.root = (
            x509.CertificateBuilder(NAME, NAME, self.authority.public_key(), 1)
            .not_valid_before(moment - timedelta(days=9))
            .not_valid_after(moment + timedelta(days=9))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(_key_name(self.authority.public_key()), critical=False)
            .sign(self.authority, hashes.SHA256())
        )

    # ── what it says of itself ──

    def trust_config(self) -> str:
        """A client trust config, in the format of the real ones."""
        since = {"start": "2021-01-01T00:00:00Z"}

        def log(key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
            public = {
                "rawBytes": text(shown(key)),
                "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                "validFor": since,
            }
            known = {"keyId": text(sha256(shown(key)).digest())}
            return {
                "baseUrl": self.url,
                "hashAlgorithm": "SHA2_256",
                "publicKey": public,
                "logId": known,
            }

        chain = [{"rawBytes": text(self.root.public_bytes(Encoding.DER))}]
        service = {
            "url": self.url,
            "majorApiVersion": 1,
            "validFor": since,
            "operator": "golden.test",
        }
        config = {
            "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
            "trustedRoot": {
                "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
                "tlogs": [log(self.log)],
                "ctlogs": [log(self.promises)],
                "certificateAuthorities": [
                    {
                        "subject": {"organization": "golden.test", "commonName": "fulcio.test"},
                        "uri": self.url,
                        "certChain": {"certificates": chain},
                        "validFor": since,
                    }
                ],
            },
            "signingConfig": {
                "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
                "caUrls": [service],
                "rekorTlogUrls": [service],
                "rekorTlogConfig": {"selector": "ANY"},
            },
        }
        return json.dumps(config, indent=1)

    def job(self) -> dict[str, str]:
        """The environment of a job of GitHub."""
        return {
            "GITHUB_ACTIONS": "true",
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.url}/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": RUNNER,
        }

    def token(self, audience: str = "sigstore") -> str:
        """What the forge says of the job."""
        moment = _now()
        claims = {
            "iss": self.issuer,
            "aud": audience,
            "sub": "the job",
            "iat": moment - timedelta(minutes=1),
            "exp": moment + timedelta(minutes=9),
            "job_workflow_ref": self.identity,
        }
        return jwt.encode(claims, self.forge, algorithm="ES256")

    # ── what it answers ──

    def answer(self, path: str, headers: Mapping[str, str], said: bytes) -> dict[str, Any] | None:
        """None: it is refused."""
        if path.startswith("/token?"):
            if (
                headers.get("Authorization") != f"bearer {RUNNER}"
                or "audience=sigstore" not in path
            ):
                return None
            return {"value": self.token()}
        if path == "/api/v2/signingCert":
            bearer = headers.get("Authorization", "").removeprefix("Bearer ")
            try:
                claims = jwt.decode(
                    bearer, self.forge.public_key(), algorithms=["ES256"], audience="sigstore"
                )
            except jwt.InvalidTokenError:
                return None
            request = base64.b64decode(json.loads(said)["certificateSigningRequest"])
            asked = x509.load_pem_x509_csr(request)
            assert asked.is_signature_valid
            chain = self.certified(asked.public_key(), claims), self.root
            texts = [each.public_bytes(Encoding.PEM).decode() for each in chain]
            return {"signedCertificateEmbeddedSct": {"chain": {"certificates": texts}}}
        if path == "/api/v1/log/entries":
            return self.logged(
                json.loads(json.loads(said)["spec"]["proposedContent"]["envelope"]),
                json.loads(said)["spec"]["proposedContent"]["verifiers"][0],
            )
        return None

    def certified(self, public: Any, claims: Mapping[str, Any]) -> x509.Certificate:
        """A certificate for ten minutes, with the promise of a log of certificates in it."""
        moment = _now().replace(microsecond=0)
        issuer = claims["iss"].encode()
        der = bytes([12, len(issuer)]) + issuer
        name = x509.UniformResourceIdentifier(claims["job_workflow_ref"])
        usage = x509.KeyUsage(**dict.fromkeys(_USES, False) | {"digital_signature": True})
        about = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.authority.public_key())
        builder = (
            x509.CertificateBuilder(NAME, x509.Name([]), public, x509.random_serial_number())
            .not_valid_before(moment)
            .not_valid_after(moment + timedelta(minutes=10))
            .add_extension(usage, critical=True)
            .add_extension(x509.ExtendedKeyUsage([self.usage]), critical=False)
            .add_extension(_key_name(public), critical=False)
            .add_extension(about, critical=False)
            .add_extension(x509.SubjectAlternativeName([name]), critical=True)
            .add_extension(_raw(ISSUER_OLD, issuer), critical=False)
            .add_extension(_raw(ISSUER, der), critical=False)
        )
        before = builder.sign(self.authority, hashes.SHA256()).tbs_certificate_bytes
        by = sha256(shown(self.authority)).digest()
        millis = int(moment.timestamp() * 1000)
        entry = by + len(before).to_bytes(3) + before
        value = signed(
            self.promised_by or self.promises,
            struct.pack("!BBQH", 0, 0, millis, 1) + entry + b"\0\0",
        )
        promise = struct.pack("!B32sQH", 0, sha256(shown(self.promises)).digest(), millis, 0)
        promise += struct.pack("!BBH", 4, 3, len(value)) + value
        listed = struct.pack("!HH", len(promise) + 2, len(promise)) + promise
        return builder.add_extension(
            x509.UnrecognizedExtension(PROMISES, _octets(listed)), critical=False
        ).sign(self.authority, hashes.SHA256())

    def logged(self, envelope: Mapping[str, Any], verifier: str) -> dict[str, Any]:
        """An entry of the log, with the proof that it is in it."""
        payload = base64.b64decode(envelope["payload"])
        whole = json.dumps(envelope).encode()
        spec = {
            "envelopeHash": {"algorithm": "sha256", "value": sha256(whole).hexdigest()},
            "payloadHash": {"algorithm": "sha256", "value": sha256(payload).hexdigest()},
            "signatures": [
                {"signature": each["sig"], "verifier": verifier} for each in envelope["signatures"]
            ],
        }
        body = json.dumps({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec}).encode()
        index = len(self.leaves)
        self.leaves.append(body)
        root, size = _tree(self.leaves), len(self.leaves)
        by, key = sha256(shown(self.log)).digest(), self.logged_by or self.log
        moment = int((_now() + self.logged_later).timestamp())
        seen = {"body": text(body), "integratedTime": moment, "logID": by.hex(), "logIndex": index}
        promise = json.dumps(seen, sort_keys=True, separators=(",", ":")).encode()
        note = f"{ORIGIN}\n{size}\n{text(root)}\n"
        line = f"\u2014 {ORIGIN} {text(by[:4] + signed(key, note.encode()))}\n"
        proof = {
            "logIndex": index,
            "rootHash": root.hex(),
            "treeSize": size,
            "hashes": [each.hex() for each in _path(index, self.leaves)],
            "checkpoint": f"{note}\n{line}",
        }
        verification = {
            "inclusionProof": proof,
            "signedEntryTimestamp": text(signed(key, promise)),
        }
        return {sha256(body).hexdigest(): {**seen, "verification": verification}}


_USES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def _now() -> datetime:
    """Tokens and certificates are for minutes, and the library looks at the clock."""
    return datetime.now(UTC)  # noqa: TID251


def _key_name(public: Any) -> x509.SubjectKeyIdentifier:
    return x509.SubjectKeyIdentifier.from_public_key(public)


def _raw(oid: str, value: bytes) -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value)


def _octets(value: bytes) -> bytes:
    """As DER has a string of less than 256 octets."""
    assert len(value) < 256
    return bytes([4, *([0x81] if len(value) > 127 else []), len(value)]) + value


def _tree(leaves: list[bytes]) -> bytes:
    """The root over leaves. Source: RFC 6962, 2.1."""
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    half = _half(len(leaves))
    return sha256(b"\1" + _tree(leaves[:half]) + _tree(leaves[half:])).digest()


def _path(index: int, leaves: list[bytes]) -> list[bytes]:
    """What it takes beside a leaf to come to the root. Source: RFC 6962, 2.1.1."""
    if len(leaves) == 1:
        return []
    half = _half(len(leaves))
    if index < half:
        return [*_path(index, leaves[:half]), _tree(leaves[half:])]
    return [*_path(index - half, leaves[half:]), _tree(leaves[:half])]


def _half(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1


@contextmanager
def answering(world: World) -> Iterator[World]:
    """While it answers at an address of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            said = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            found = world.answer(self.path, dict(self.headers), said)
            content = json.dumps(found or {"message": "it is not said who asks"}).encode()
            self.send_response(200 if found else 401)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    world.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield world
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
