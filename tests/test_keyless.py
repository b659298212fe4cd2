"""Plans signed by jobs for which their forge vouches, at a Sigstore of the test's own."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cli_runner import TODAY, Ran, environment, golden_specs, srcnet
from cryptography.x509 import load_der_x509_certificate
from cryptography.x509.oid import ExtendedKeyUsageOID
from sigstore_world import GITHUB, GITLAB, PROJECT, WORKFLOW, World, a_key, answering
from specs import compiled

from srcnet_compiler.apply.ledger import Ledger
from srcnet_compiler.apply.state import StateStore
from srcnet_compiler.change import Action, Address, Change, FieldChange, Impact, SystemName
from srcnet_compiler.converge import binding
from srcnet_compiler.plan.build import build_plan
from srcnet_compiler.plan.file import digest, from_json, to_json
from srcnet_compiler.plan.model import Plan

EVE = WORKFLOW.replace("golden/specs", "eve/specs")


def a_plan(specs: Path, *names: str) -> Plan:
    """A plan from these specs, as if a server had been read."""
    changes = [
        Change(
            Address("rucio", "golden", "scope", name),
            Action.CREATE,
            (FieldChange("account", None, "root"),),
            Impact.ADDITIVE,
        )
        for name in names
    ]
    system = SystemName("rucio", "golden")
    return build_plan([system], changes, (), frozenset(), binding(compiled(specs)))


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    return to_json(a_plan(golden_specs(tmp_path_factory.mktemp("made") / "specs"), "x"))


@pytest.fixture
def specs(tmp_path: Path, text: str) -> Path:
    folder = golden_specs(tmp_path / "specs")
    (folder / "plan.json").write_text(text)
    return folder


@pytest.fixture
def world() -> Iterator[World]:
    with answering(World()) as made:
        yield made


def entry(identity: str = WORKFLOW, issuer: str = GITHUB, *parts: str) -> str:
    listed = f", for = {json.dumps(parts)}" if parts else ""
    return f'{{issuer = "{issuer}", identity = "{identity}"{listed}}}'


def trust(specs: Path, world: World | None, *entries: str) -> None:
    said = f"[signatures]\nrequired = true\ntrusted = [{', '.join(entries)}]\n"
    if world is not None:
        (specs / "sigstore.json").write_text(world.trust_config())
        said += 'trust-root = "sigstore.json"\n'
    (specs / "srcnet.toml").write_text(said)


def sign(specs: Path, world: World, *more: str) -> Ran:
    return srcnet("sign", "plan.json", "--keyless", *more, cwd=specs, env=world.job())


def apply(specs: Path, *more: str) -> Ran:
    """Where no Sigstore can be reached: verifying needs none."""
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    home = {"HOME": str(specs.parent), "XDG_CACHE_HOME": str(specs.parent / "cache")}
    return srcnet("apply", "plan.json", "--today", TODAY, *more, cwd=specs, env=nowhere | home)


def is_let_through(ran: Ran) -> bool:
    """Whether it came as far as the server, of which nobody here has the credentials."""
    return ran.code == 77


def test_a_job_signs_without_a_key_and_is_let_through(specs: Path, world: World):
    trust(specs, world, entry())
    signed = sign(specs, world)
    assert signed.code == 0, signed
    assert signed.out.endswith(": signed in plan.sigstore.json, without a key\n")
    assert signed.err == ""
    bundle = json.loads((specs / "plan.sigstore.json").read_text())
    statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    plan = from_json((specs / "plan.json").read_text())
    assert [(each["name"], each["digest"]) for each in statement["subject"]] == [
        ("plan", {"sha256": sha256((specs / "plan.json").read_bytes()).hexdigest()}),
        ("plan-content", {"sha256": digest(plan)}),
    ]
    ran = apply(specs)
    assert is_let_through(ran), ran
    assert is_let_through(apply(specs, "--signature", "plan.sigstore.json"))
    assert not (specs / "plan.dsse").exists()


def test_a_job_of_gitlab_signs_with_the_token_that_it_was_given(specs: Path, world: World):
    world.issuer, world.identity = GITLAB, PROJECT
    trust(specs, world, entry(PROJECT, GITLAB))
    job = {"GITLAB_CI": "true", "SIGSTORE_ID_TOKEN": world.token()}
    signed = srcnet("sign", "plan.json", "--keyless", cwd=specs, env=job)
    assert signed.code == 0, signed
    assert is_let_through(apply(specs))


@pytest.mark.parametrize(
    ("identity", "issuer"),
    [
        (EVE, GITHUB),
        (WORKFLOW, GITLAB),
        (WORKFLOW.replace("heads/main", "heads/mine"), GITHUB),
        (WORKFLOW.replace("srcnet-merge", "other"), GITHUB),
        (WORKFLOW + "2", GITHUB),
        (WORKFLOW.upper(), GITHUB),
    ],
)
def test_who_is_not_trusted_is_named_and_refused(
    specs: Path, world: World, identity: str, issuer: str
):
    trust(specs, world, entry())
    world.issuer, world.identity = issuer, identity
    assert sign(specs, world).code == 0
    ran = apply(specs)
    assert ran.code == 3, ran
    told = f"`plan.sigstore.json`: it is signed by `{identity}` of `{issuer}`, whom nobody trusts"
    assert told in ran.err
    assert "help: `srcnet sign PLAN --keyless` in a job that srcnet.toml trusts" in ran.err
    trust(specs, world, entry(), entry(identity, issuer))
    assert is_let_through(apply(specs))


def test_an_identity_signs_for_its_own_part_and_for_no_other(specs: Path, world: World):
    trust(specs, world, entry(WORKFLOW, GITHUB, "CHSRC-CSCS"))
    assert sign(specs, world).code == 0
    ran = apply(specs)
    told = (
        "the plan is for rucio/golden, and `plan.sigstore.json` is signed by"
        f" {WORKFLOW} (for CHSRC-CSCS) alone"
    )
    assert (ran.code, told in ran.err) == (3, True), ran
    for part in ("federation", "rucio/golden"):
        trust(specs, world, entry(WORKFLOW, GITHUB, part))
        assert is_let_through(apply(specs))


def test_a_key_and_a_job_sign_beside_each_other(specs: Path, world: World):
    public = srcnet("sign", "--new-key", "../ada.pem", cwd=specs).out.strip()
    site = f'{{key = "{public}", for = ["CHSRC-CSCS"]}}'
    trust(specs, world, site, entry(WORKFLOW, GITHUB, "federation"))
    key = ("sign", "plan.json", "--key", "file:../ada.pem")
    assert srcnet(*key, cwd=specs).code == 0
    assert apply(specs).code == 3
    assert sign(specs, world).code == 0
    assert is_let_through(apply(specs))
    trust(specs, world, f'"{public}"')
    ran = apply(specs)
    told = "no identity is trusted here, so that `plan.sigstore.json` proves nothing"
    assert (ran.code, told in ran.err) == (3, True), ran
    over = srcnet(*key, "--out", "plan.sigstore.json", cwd=specs)
    assert (over.code, "exists, and is not a signature of srcnet" in over.err) == (74, True), over
    over = sign(specs, world, "--out", "plan.dsse")
    assert (over.code, "exists, and is not a bundle of Sigstore" in over.err) == (74, True), over


def test_a_bundle_is_of_one_plan(specs: Path, world: World):
    trust(specs, world, entry())
    assert sign(specs, world).code == 0
    (specs / "plan.json").write_text(to_json(a_plan(specs, "x", "y")))
    ran = apply(specs)
    assert (ran.code, "`plan.sigstore.json` signs another plan (" in ran.err) == (3, True), ran


# ── what proves nothing ───────────────────────────────────────────────────────────────────────

Bundle = dict[str, Any]


def other_payload(bundle: Bundle) -> None:
    payload = base64.b64decode(bundle["dsseEnvelope"]["payload"])
    changed = payload.replace(b'"changes": 1', b'"changes": 2')
    assert changed != payload
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(changed).decode()


def other_kind(bundle: Bundle) -> None:
    bundle["dsseEnvelope"]["payloadType"] = "text/plain"


def other_signature(bundle: Bundle) -> None:
    (signature,) = bundle["dsseEnvelope"]["signatures"]
    raw = base64.b64decode(signature["sig"])
    signature["sig"] = base64.b64encode(raw[:-1] + bytes([raw[-1] ^ 1])).decode()


def logged(bundle: Bundle) -> Bundle:
    found: list[Bundle] = bundle["verificationMaterial"]["tlogEntries"]
    return found[0]


def other_time(bundle: Bundle) -> None:
    found = logged(bundle)
    found["integratedTime"] = str(int(found["integratedTime"]) + 1)


def other_proof(bundle: Bundle) -> None:
    hashes = logged(bundle)["inclusionProof"]["hashes"]
    hashes[0] = base64.b64encode(bytes(32)).decode()


def no_entry(bundle: Bundle) -> None:
    bundle["verificationMaterial"]["tlogEntries"] = []


def no_time(bundle: Bundle) -> None:
    del logged(bundle)["inclusionPromise"]


def other_certificate(bundle: Bundle) -> None:
    certificate = bundle["verificationMaterial"]["certificate"]
    raw = base64.b64decode(certificate["rawBytes"])
    named = raw.replace(b"golden/specs", b"golden/specz")
    assert load_der_x509_certificate(named)
    assert named != raw
    certificate["rawBytes"] = base64.b64encode(named).decode()


def no_certificate(bundle: Bundle) -> None:
    bundle["verificationMaterial"]["certificate"]["rawBytes"] = "AAAA"


def no_words(bundle: Bundle) -> None:
    for key in [key for key in bundle if key != "mediaType"]:
        del bundle[key]


@pytest.fixture(scope="module")
def bundled(tmp_path_factory: pytest.TempPathFactory, text: str) -> tuple[World, str]:
    """A bundle for the plan, and the Sigstore that has made it: it is not asked any more."""
    folder = golden_specs(tmp_path_factory.mktemp("bundled") / "specs")
    (folder / "plan.json").write_text(text)
    with answering(World()) as world:
        trust(folder, world, entry())
        assert sign(folder, world).code == 0
    return world, (folder / "plan.sigstore.json").read_text()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (other_payload, "DSSE: invalid signature"),
        (other_kind, "DSSE: invalid signature"),
        (other_signature, "DSSE: invalid signature"),
        (other_time, "SET: invalid inclusion promise"),
        (other_proof, "inclusion proof contains invalid root hash"),
        (no_entry, "expected exactly one log entry"),
        (no_time, "bundle must contain an inclusion promise or signed timestamp"),
        (other_certificate, "failed to build timestamp certificate chain"),
        (no_certificate, ""),
        (no_words, "failed to load bundle"),
    ],
)
def test_a_bundle_that_was_changed_proves_nothing(
    specs: Path, bundled: tuple[World, str], change: Callable[[Bundle], None], told: str
):
    world, made = bundled
    trust(specs, world, entry())
    bundle = json.loads(made)
    change(bundle)
    (specs / "plan.sigstore.json").write_text(json.dumps(bundle))
    ran = apply(specs)
    assert ran.code == 3, ran
    assert "`plan.sigstore.json`: it proves nothing: " in ran.err
    assert told in ran.err


def test_a_log_of_certificates_that_is_not_trusted_promises_nothing(specs: Path, world: World):
    """The library looks at this when it signs, too: so here it trusts who promised."""
    honest, world.promised_by = world.trust_config(), a_key()
    promises, world.promises = world.promises, world.promised_by
    trust(specs, world, entry())
    assert sign(specs, world).code == 0
    assert is_let_through(apply(specs))
    world.promises = promises
    (specs / "sigstore.json").write_text(honest)
    ran = apply(specs)
    assert (ran.code, "failed to verify SCT on signing certificate" in ran.err) == (3, True), ran


@pytest.mark.parametrize(
    ("bend", "told"),
    [
        ({"logged_by": a_key()}, "invalid log entry: checkpoint: invalid signature"),
        ({"logged_later": timedelta(hours=1)}, "failed to build timestamp certificate chain"),
        ({"logged_later": -timedelta(hours=1)}, "failed to build timestamp certificate chain"),
        ({"usage": ExtendedKeyUsageOID.CLIENT_AUTH}, "Extended usage does not contain"),
    ],
    ids=["strange log", "certificate run out", "before the certificate", "not for signing"],
)
def test_what_the_log_or_the_authority_did_not_mean_is_refused(
    specs: Path, world: World, bend: dict[str, Any], told: str
):
    trust(specs, world, entry())
    for name, value in bend.items():
        setattr(world, name, value)
    assert sign(specs, world).code == 0
    ran = apply(specs)
    assert (ran.code, told in ran.err) == (3, True), ran


def test_another_sigstore_vouches_for_nobody_here(specs: Path, world: World):
    """Nor does the public one, as the library knows it, know what a private one signed."""
    with answering(World()) as other:
        trust(specs, other, entry())
        assert sign(specs, other).code == 0
        assert is_let_through(apply(specs))
    for here in (world, None):
        trust(specs, here, entry())
        ran = apply(specs)
        assert ran.code == 3, ran
        (line, _) = ran.err.splitlines()[-2:]
        assert line.startswith("error: `plan.sigstore.json`: it proves nothing: "), ran
        assert "certificate chain" in line
        assert "TUF" not in ran.err


# ── whose Sigstore, and whose word ────────────────────────────────────────────────────────────


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@localhost")
    done = subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def commit(specs: Path) -> str:
    git(specs, "add", "site-specs", "policies", "srcnet.toml", "sigstore.json")
    git(specs, "commit", "--quiet", "--message", "a change")
    return git(specs, "rev-parse", "HEAD")


@pytest.fixture
def repository(specs: Path, world: World) -> Path:
    """Specs of which a commit was applied that trusts a workflow at our Sigstore."""
    git(specs, "init", "--quiet")
    trust(specs, world, entry())
    facts = {"commit": commit(specs), "specs": "0" * 64}
    (specs / ".srcnet/state").mkdir(parents=True)
    with Ledger(StateStore(specs / ".srcnet/state").ledger_path) as ledger:
        ledger.begin(at="2026-03-01T12:00:00+00:00", run="1", plan="1", facts=facts)
    return specs


def test_an_identity_that_a_merge_brings_along_does_not_sign_it(repository: Path, world: World):
    trust(repository, world, entry(), entry(EVE))
    commit(repository)
    world.identity = EVE
    assert sign(repository, world).code == 0
    ran = apply(repository)
    assert (ran.code, f"it is signed by `{EVE}`" in ran.err) == (3, True), ran
    world.identity = WORKFLOW
    assert sign(repository, world).code == 0
    assert is_let_through(apply(repository))


def test_a_sigstore_that_a_merge_brings_along_vouches_for_nobody(repository: Path, world: World):
    with answering(World()) as evil:
        trust(repository, evil, entry())
        commit(repository)
        assert sign(repository, evil).code == 0
        ran = apply(repository)
        assert (ran.code, "certificate chain" in ran.err) == (3, True), ran
        trust(repository, world, entry())
        assert sign(repository, world).code == 0
        trust(repository, evil, entry())
        assert is_let_through(apply(repository))


def test_another_sigstore_is_a_change_of_the_rules(repository: Path, world: World):
    """As of the keys: all groups are asked, also where the plan changes nothing."""
    plan = Plan((SystemName("rucio", "golden"),), binding(compiled(repository)), ())
    (repository / "plan.json").write_text(to_json(plan))
    words = ("approvals", "--plan", "plan.json", "--today", TODAY)
    assert "sign" not in srcnet(*words, cwd=repository).out
    with answering(World()) as evil:
        trust(repository, evil, entry())
        commit(repository)
        ran = srcnet(*words, cwd=repository)
        assert "the keys that sign, or where the journal is, change" in ran.out + ran.err, ran


# ── what does not sign ────────────────────────────────────────────────────────────────────────


def test_outside_of_a_job_nobody_vouches(specs: Path, world: World):
    trust(specs, world, entry())
    job, nobody = world.job(), {"GITHUB_ACTIONS": "", "GITLAB_CI": "", "SIGSTORE_ID_TOKEN": ""}
    for env, told in (
        ({}, "no forge vouches for who signs here: this is no job of one"),
        ({"BUILDKITE": "true"}, "no forge vouches for who signs here: this is no job of one"),
        ({"GITHUB_ACTIONS": "true"}, "insufficient OIDC token permissions"),
        ({"GITLAB_CI": "true"}, "Environment variable SIGSTORE_ID_TOKEN not found"),
        (job | {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "another"}, "OIDC token request failed"),
        ({"GITLAB_CI": "true", "SIGSTORE_ID_TOKEN": "a word"}, "the forge vouches for nobody here"),
        (
            {"GITLAB_CI": "true", "SIGSTORE_ID_TOKEN": world.token("aws")},
            "audience claim mismatch",
        ),
    ):
        ran = srcnet("sign", "plan.json", "--keyless", cwd=specs, env=nobody | env)
        assert (ran.code, told in ran.err) == (77, True), ran
        assert "help: on GitHub `permissions: {id-token: write}` for the job" in ran.err
    assert not (specs / "plan.sigstore.json").exists()


def test_a_sigstore_that_refuses_or_is_away_signs_nothing(specs: Path, world: World):
    trust(specs, world, entry())
    job = {"GITLAB_CI": "true", "SIGSTORE_ID_TOKEN": World().token()}
    refused = srcnet("sign", "plan.json", "--keyless", cwd=specs, env=job)
    assert (refused.code, "Sigstore has not signed: 401" in refused.err) == (69, True), refused
    with answering(World()) as gone:
        trust(specs, gone, entry())
    away = srcnet("sign", "plan.json", "--keyless", cwd=specs, env=job)
    assert (away.code, "Sigstore has not signed: " in away.err) == (69, True), away
    assert job["SIGSTORE_ID_TOKEN"][:20] not in refused.err + away.err
    assert not (specs / "plan.sigstore.json").exists()


def test_with_a_key_or_without_but_not_both(specs: Path):
    ran = srcnet("sign", "plan.json", "--keyless", "--key", "env:K", cwd=specs)
    assert (ran.code, "`--keyless` signs without a key" in ran.err) == (64, True), ran
    ran = srcnet("sign", "plan.json", cwd=specs)
    assert (ran.code, "in a job of a forge also `--keyless`" in ran.err) == (64, True), ran


def test_without_the_library_it_is_said_how_to_install_it(specs: Path, world: World):
    trust(specs, world, entry())
    assert sign(specs, world).code == 0
    for words, code in ((["sign", "plan.json", "--keyless"], 64), (["apply", "plan.json"], 3)):
        absent = "import sys; sys.modules['sigstore'] = None"
        main = "from srcnet_compiler.cli import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", f"{absent}; {main}", *words],
            cwd=specs,
            env=environment(world.job()),
            capture_output=True,
            text=True,
        )
        assert done.returncode == code, done.stderr
        assert "is not installed\n  help: `pip install 'srcnet-compiler[keyless]'`" in done.stderr


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (f'trusted = [{{issuer = "{GITHUB}"}}]', "an identity is like `{issuer = "),
        (f"trusted = [{entry(issuer='http://x')}]", "an address that begins with `https://`"),
        (f"trusted = [{entry('https://github.com/golden/*')}]", "no `*` stands for others"),
        (f"trusted = [{entry('')}]", "`identity` is text, just as the certificate has it"),
        (f'trusted = [{{issuer = "{GITHUB}", identity = 1}}]', "`identity` is text"),
        (f'trusted = [{entry()[:-1]}, for = "X"}}]', "`for` lists parts"),
        (f"trusted = [{entry()[:-1]}, key = 'K'}}]", "a table here is like `{key = "),
        ('trust-root = "/etc/root.json"', "must be a file beside this one, or below"),
        ('trust-root = "../root.json"', "must be a file beside this one, or below"),
        ("trust-root = 3", "must be a file beside this one, or below"),
    ],
)
def test_an_identity_that_is_not_well_said_is_quoted(specs: Path, said: str, told: str):
    (specs / "srcnet.toml").write_text(f"[signatures]\n{said}\n")
    ran = srcnet("status", cwd=specs)
    assert (ran.code, "srcnet.toml:2" in ran.err, told in ran.err) == (64, True, True), ran


def test_a_private_sigstore_that_cannot_be_read_is_said(specs: Path, world: World):
    trust(specs, world, entry())
    assert sign(specs, world).code == 0
    config = json.loads(world.trust_config())
    del config["trustedRoot"]["certificateAuthorities"][0]["certChain"]["certificates"][0]
    for content, told in (
        ("{", "it is no client trust config of Sigstore"),
        (json.dumps(config["trustedRoot"]), "it is no client trust config of Sigstore"),
        (json.dumps(config), "missing a certificate in Certificate Authority"),
    ):
        (specs / "sigstore.json").write_text(content)
        ran = apply(specs)
        assert (ran.code, told in ran.err) == (3, True), ran
        assert "the `trust-root` by which `plan.sigstore.json` is verified: " in ran.err
    (specs / "sigstore.json").unlink()
    ran = apply(specs)
    told = "cannot read `sigstore.json`, which `srcnet.toml:4` names: No such file"
    assert (ran.code, told in ran.err) == (74, True), ran
