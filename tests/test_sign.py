"""What was reviewed is what is applied: signatures on plans, and where artifacts come from."""

from __future__ import annotations

import base64
import json
import shutil
import stat
import subprocess
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from cli_runner import TODAY, Ran, contents, golden_specs, srcnet

from srcnet_compiler.apply.ledger import Ledger
from srcnet_compiler.apply.receipt import Signer, as_json
from srcnet_compiler.apply.run import apply_plan
from srcnet_compiler.apply.state import StateStore
from srcnet_compiler.change import Action, Address, Change, FieldChange, Impact, SystemName
from srcnet_compiler.converge import binding
from srcnet_compiler.pipeline import compile_specs
from srcnet_compiler.plan.build import build_plan
from srcnet_compiler.plan.file import digest, from_json, to_json
from srcnet_compiler.plan.model import Plan
from srcnet_compiler.report.receipt import render_receipt

DAY = date.fromisoformat(TODAY)


def a_change(name: str = "x") -> Change:
    place = Address("rucio", "golden", "scope", name)
    return Change(place, Action.CREATE, (FieldChange("account", None, "root"),), Impact.ADDITIVE)


def a_plan(specs: Path, *changes: Change) -> Plan:
    """A plan from these specs, as if a server had been read."""
    bound = binding(compile_specs(specs, DAY))
    return build_plan([SystemName("rucio", "golden")], changes, (), frozenset(), bound)


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    return to_json(a_plan(golden_specs(tmp_path_factory.mktemp("made") / "specs"), a_change()))


@pytest.fixture
def specs(tmp_path: Path, text: str) -> Path:
    folder = golden_specs(tmp_path / "specs")
    (folder / "plan.json").write_text(text)
    return folder


def new_key(specs: Path, name: str) -> str:
    ran = srcnet("sign", "--new-key", f"../{name}.pem", cwd=specs)
    assert ran.code == 0, ran
    return ran.out.strip()


def trust(specs: Path, *keys: str, required: bool = True) -> None:
    listed = ", ".join(f'"{key}"' for key in keys)
    said = f"[signatures]\ntrusted = [{listed}]\nrequired = {str(required).lower()}\n"
    (specs / "srcnet.toml").write_text(said)


def sign(specs: Path, name: str, *more: str) -> Ran:
    return srcnet("sign", "plan.json", "--key", f"file:../{name}.pem", *more, cwd=specs)


def apply(specs: Path, *more: str) -> Ran:
    return srcnet("apply", "plan.json", "--today", TODAY, *more, cwd=specs)


def is_let_through(ran: Ran) -> bool:
    """Whether it came as far as the server, of which nobody here has the credentials."""
    return ran.code == 77


def test_a_key_is_for_its_owner_alone_and_only_its_public_part_is_shown(specs: Path):
    ran = srcnet("sign", "--new-key", "../ada.pem", cwd=specs)
    kind, name = ran.out.split()
    assert (kind[:8], name) == ("ed25519:", "ada")
    path = specs.parent / "ada.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    secret = path.read_text().splitlines()[1]
    assert secret not in ran.out + ran.err
    again = srcnet("sign", "--new-key", "../ada.pem", cwd=specs)
    assert (again.code, again.out) == (74, "")
    assert "a key is never written over" in again.err
    assert path.read_text().splitlines()[1] == secret


def test_a_signed_plan_is_let_through(specs: Path):
    trust(specs, new_key(specs, "ada"))
    signed = sign(specs, "ada")
    assert signed.code == 0, signed
    assert signed.out.endswith(": signed in plan.dsse\n")
    assert is_let_through(apply(specs)), apply(specs)


def test_the_signature_is_what_others_read_too(specs: Path):
    """The envelope is DSSE and in-toto as they are published, and openssl verifies it."""
    public = new_key(specs, "ada")
    sign(specs, "ada")
    envelope = json.loads((specs / "plan.dsse").read_text())
    payload = base64.b64decode(envelope["payload"])
    statement = json.loads(payload)
    plan = from_json((specs / "plan.json").read_text())
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://srcnet.skao.int/plan/v1"
    assert [(each["name"], each["digest"]) for each in statement["subject"]] == [
        ("plan", {"sha256": sha256((specs / "plan.json").read_bytes()).hexdigest()}),
        ("plan-content", {"sha256": digest(plan)}),
    ]
    assert statement["predicate"]["specs"]["digest"]["sha256"] == plan.binding.specs
    (signature,) = envelope["signatures"]
    raw = base64.b64decode(public.split()[0].removeprefix("ed25519:"))
    assert signature["keyid"] == sha256(raw).hexdigest()
    head = f"DSSEv1 28 application/vnd.in-toto+json {len(payload)} ".encode()
    (specs / "message").write_bytes(head + payload)
    (specs / "sig").write_bytes(base64.b64decode(signature["sig"]))
    key = specs.parent / "ada.pem"
    subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", specs / "pub"], check=True)
    verify = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "pub", "-rawin"]
    subprocess.run([*verify, "-in", "message", "-sigfile", "sig"], cwd=specs, check=True)


def test_who_agreed_is_signed_with_the_plan(specs: Path):
    """Whoever asks later finds by what record it was let through: it cannot be another."""
    new_key(specs, "ada")
    merged = "ab" * 20
    record = f"# merged {merged}\n@olga @golden/operators\n"
    (specs / "approved.txt").write_text(record)
    assert sign(specs, "ada", "--approved-by", "approved.txt").code == 0
    payload = base64.b64decode(json.loads((specs / "plan.dsse").read_text())["payload"])
    assert json.loads(payload)["predicate"]["approvals"] == {
        "digest": {"sha256": sha256(record.encode()).hexdigest()},
        "merged": [merged],
    }
    sign(specs, "ada")
    payload = base64.b64decode(json.loads((specs / "plan.dsse").read_text())["payload"])
    assert json.loads(payload)["predicate"]["approvals"] is None
    absent = sign(specs, "ada", "--approved-by", "gone.txt")
    assert (absent.code, "gone.txt" in absent.err) == (74, True)


def test_who_is_missing_foreign_or_wrong_is_told_apart(specs: Path):
    ada, eve = new_key(specs, "ada"), new_key(specs, "eve")
    trust(specs, ada)
    missing = apply(specs)
    assert missing.code == 3
    assert "the plan is not signed (there is no `plan.dsse`), and `srcnet.toml:3`" in missing.err
    unmade = srcnet("apply", "--yes", cwd=specs)
    assert (unmade.code, "only a signed plan is applied here" in unmade.err) == (3, True)

    sign(specs, "eve")
    foreign = apply(specs)
    assert foreign.code == 3
    assert "`plan.dsse` is signed by a key that is not trusted here: " in foreign.err

    (specs / "plan.dsse").unlink()
    sign(specs, "ada")
    envelope = json.loads((specs / "plan.dsse").read_text())
    payload = base64.b64decode(envelope["payload"]).replace(b'"changes": 1', b'"changes": 2')
    changed = {**envelope, "payload": base64.b64encode(payload).decode()}
    (specs / "plan.dsse").write_text(json.dumps(changed))
    wrong = apply(specs)
    assert wrong.code == 3
    assert "the signature of ada in `plan.dsse` is wrong" in wrong.err

    (specs / "plan.dsse").write_text('{"payload": "')
    rubbish = apply(specs)
    assert (rubbish.code, "signs nothing: it is no DSSE envelope" in rubbish.err) == (3, True)

    trust(specs, ada, eve)
    (specs / "plan.dsse").unlink()
    sign(specs, "eve")
    assert is_let_through(apply(specs))


def test_a_signature_is_of_one_plan(specs: Path):
    trust(specs, new_key(specs, "ada"))
    sign(specs, "ada")
    other = to_json(a_plan(specs, a_change(), a_change("y")))
    (specs / "plan.json").write_text(other)
    refused = apply(specs)
    assert refused.code == 3
    assert "`plan.dsse` signs another plan (" in refused.err


def test_a_signed_plan_from_other_specs_is_stale(specs: Path):
    trust(specs, new_key(specs, "ada"))
    sign(specs, "ada")
    changed = next(iter(sorted((specs / "site-specs").glob("*.yaml"))))
    changed.write_text(changed.read_text() + "# a word\n")
    stale = apply(specs)
    assert (stale.code, "was made from other specs than those" in stale.err) == (5, True)
    again = sign(specs, "ada")
    assert (again.code, "was made from other specs than those" in again.err) == (5, True)


def test_two_reviewers_sign_one_plan(specs: Path):
    keys = new_key(specs, "ada"), new_key(specs, "bob")
    sign(specs, "ada")
    second = sign(specs, "bob")
    assert second.out.endswith("signed in plan.dsse; it has 2 signatures\n")
    assert sign(specs, "bob").out.endswith("it has 2 signatures\n")
    for key in keys:
        trust(specs, key)
        assert is_let_through(apply(specs))


def test_a_key_from_the_environment_or_one_that_is_none(specs: Path):
    new_key(specs, "ada")
    secret = (specs.parent / "ada.pem").read_text()
    signed = srcnet("sign", "plan.json", "--key", "env:K", cwd=specs, env={"K": secret})
    assert signed.code == 0, signed
    for key, told in (
        ("env:GONE", "the environment has no `GONE`"),
        ("env:K", "what is at `env:K` is no private key in PEM"),
        ("file:../gone.pem", "cannot read `../gone.pem`: No such file"),
        ("../ada.pem", "a key is named as `env:NAME` or `file:PATH`"),
    ):
        broken = secret[:60] + "\n"
        ran = srcnet("sign", "plan.json", "--key", key, cwd=specs, env={"K": broken})
        assert (ran.code, told in ran.err) == (77, True), ran
        assert secret.splitlines()[1][:20] not in ran.out + ran.err
    (specs.parent / "ada.pem").chmod(0o644)
    ran = sign(specs, "ada")
    assert (ran.code, "others can read `../ada.pem`: `chmod 600 ../ada.pem`" in ran.err) == (
        77,
        True,
    )


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("trusted = 3", "`signatures.trusted` must be a list"),
        ('trusted = ["ed25519:AAAA ada"]', "is no public key of ed25519"),
        ('trusted = ["ada"]', "`ada` cannot be trusted: it is not like `ed25519:BASE64 name`"),
        ("required = 1", "`signatures.required` must be true or false"),
        ("trustet = []", "there is no setting `signatures.trustet`"),
    ],
)
def test_a_table_that_says_something_wrong_is_quoted(specs: Path, said: str, told: str):
    (specs / "srcnet.toml").write_text(f"[signatures]\n{said}\n")
    ran = apply(specs)
    assert (ran.code, "`srcnet.toml:2`" in ran.err, told in ran.err) == (64, True, True), ran


def test_where_nobody_is_trusted_a_named_signature_proves_nothing(specs: Path):
    new_key(specs, "ada")
    sign(specs, "ada")
    assert is_let_through(apply(specs))
    named = apply(specs, "--signature", "plan.dsse")
    assert (named.code, "no key is trusted here" in named.err) == (3, True)


def test_who_signed_stands_in_receipt_and_ledger(specs: Path, tmp_path: Path):
    plan = a_plan(specs, a_change())
    signers = (Signer("Ada", "0123456789abcdef0123"),)
    receipt = apply_plan(
        plan,
        digest=digest(plan),
        store=StateStore(tmp_path / "state"),
        connections={},
        clock=lambda: datetime(2026, 3, 1, tzinfo=UTC),
        commit="c0ffee",
        signers=signers,
    )
    assert json.loads(as_json(receipt))["signers"] == [
        {"name": "Ada", "keyId": "0123456789abcdef0123"}
    ]
    assert "  signed by Ada (key 0123456789abcdef)\n" in render_receipt(receipt)
    with Ledger(tmp_path / "state/ledger.sqlite") as ledger:
        (begun, *_) = ledger.lines()
    assert isinstance(begun.facts, dict)
    assert begun.facts["commit"] == "c0ffee"
    assert begun.facts["signers"] == [{"name": "Ada", "keyId": "0123456789abcdef0123"}]


# ── provenance ────────────────────────────────────────────────────────────────────────────────


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=me", "-c", "user.email=me@localhost")
    done = subprocess.run(
        ["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_every_artifact_says_where_it_comes_from(specs: Path, tmp_path: Path):
    assert srcnet("compile", cwd=specs).code == 0
    first = (specs / "build/provenance.json").read_text()
    told = json.loads(first)
    built = contents(specs / "build")
    subjects = {each["name"]: each["digest"]["sha256"] for each in told["subject"]}
    assert subjects == {
        name: sha256(content).hexdigest()
        for name, content in built.items()
        if name not in ("provenance.json", "source-map.json")
    }
    (read,) = told["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert read == {"name": "specs", "digest": {"sha256": compile_specs(specs, DAY).sources.digest}}

    shutil.copytree(specs, tmp_path / "elsewhere", ignore=shutil.ignore_patterns("build"))
    assert srcnet("compile", cwd=tmp_path / "elsewhere").code == 0
    assert (tmp_path / "elsewhere/build/provenance.json").read_text() == first


def test_the_commit_is_named_only_where_it_has_exactly_these_specs(specs: Path):
    def commit() -> str | None:
        assert srcnet("compile", cwd=specs).code == 0
        told = json.loads((specs / "build/provenance.json").read_text())
        (read,) = told["predicate"]["buildDefinition"]["resolvedDependencies"]
        found = read["digest"].get("gitCommit")
        return None if found is None else str(found)

    git(specs, "init", "--quiet")
    (specs / ".gitignore").write_text("build/\nplan.json\n")
    assert commit() is None
    git(specs, "add", "site-specs", "policies", ".gitignore")
    git(specs, "commit", "--quiet", "--message", "specs")
    assert commit() == git(specs, "rev-parse", "HEAD")
    changed = min((specs / "site-specs").glob("*.yaml"))
    before = changed.read_text()
    changed.write_text(before + "# a word\n")
    assert commit() is None
    changed.write_text(before)
    assert commit() == git(specs, "rev-parse", "HEAD")
    git(specs, "rm", "--quiet", "--cached", str(changed))
    (specs / ".gitignore").write_text(f"build/\nplan.json\n{changed.name}\n")
    git(specs, "commit", "--quiet", "--all", "--message", "one spec is read and in no commit")
    assert git(specs, "status", "--porcelain") == ""
    assert commit() is None
