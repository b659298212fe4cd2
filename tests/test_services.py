"""What documents say of services, templates and clusters, as the rest of the compiler sees it."""

from dataclasses import fields

import pytest
from hypothesis import given
from random_specs import Built, federations
from specs import GOLDEN, compile_texts, texts

from srcnet_compiler.analysis.cron import wrong_in
from srcnet_compiler.analysis.environment import Told, check_variables
from srcnet_compiler.analysis.object_names import plain
from srcnet_compiler.diagnostic import Code, error
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.span import Span

FILES = texts(GOLDEN)
SERVICES = "policies/services/soda.yaml"
CSCS = "site-specs/chsrc-cscs.yaml"
END = """\
apiVersion: srcnet.skao.int/v1alpha2
kind: Retired
metadata: {name: over}
spec: {WHAT, reason: a test, approvedBy: {group: /roles/int/oper}, until: 2027-03-01}
"""


@pytest.fixture
def federation(golden) -> Federation:
    assert golden.federation is not None
    return golden.federation


def read(*changes: tuple[str, str, str], end: str = "") -> Federation:
    files = dict(FILES)
    for name, old, new in changes:
        assert files[name].count(old) == 1, (name, old)
        files[name] = files[name].replace(old, new)
    if end:
        files["policies/over.yaml"] = END.replace("WHAT", end)
    found = compile_texts(files).federation
    assert found is not None
    return found


# ── exact amounts ─────────────────────────────────────────────────────────────────────────────


def test_parts_of_cores_are_exact_thousandths(federation):
    amounts = {name: each.container.amounts for name, each in federation.services.items()}
    assert {name: each and each.millicores for name, each in amounts.items()} == {
        "gatekeeper": 250,
        "jupyterhub": 1000,
        "monitoring": 100,
        "perfsonar": 1000,
        "soda_sync": 500,
    }


@pytest.mark.parametrize(
    ("written", "thousandths"),
    [
        ("0.001", 1),
        ("0.3", 300),
        ("1.005", 1005),
        ("2", 2000),
        ("64.125", 64_125),
        ("1e2", 100_000),
    ],
)
def test_no_part_of_a_core_is_rounded(written, thousandths):
    changed = read((SERVICES, "cores: 0.25,", f"cores: {written},"))
    amounts = changed.services["gatekeeper"].container.amounts
    assert amounts is not None
    assert amounts.millicores == thousandths


# ── what is deployed ──────────────────────────────────────────────────────────────────────────


def test_what_sites_run_on_their_clusters_is_in_order_and_nothing_else_is(federation):
    assert [(each.cluster, each.service) for each in federation.deployed] == [
        ("edge", "gatekeeper"),
        *(("services", name) for name in sorted(federation.services)),
    ]
    (soda,) = [each for each in federation.deployed if each.service == "soda_sync"]
    assert (soda.replicas, soda.area, soda.variables) == (
        3,
        "CHSRC-CSCS-T0",
        {"LOG_LEVEL": "debug"},
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("at: services, host: perfsonar", "at: common, host: perfsonar"),
        ("at: services, host: perfsonar", "at: services, enabled: false, host: perfsonar"),
        ("at: services, host: perfsonar", "host: perfsonar"),
    ],
    ids=["on Slurm", "not enabled", "nowhere"],
)
def test_what_does_not_run_on_kubernetes_is_not_deployed(old, new):
    names = {each.service for each in read((CSCS, old, new)).deployed}
    assert names == {"gatekeeper", "jupyterhub", "monitoring", "soda_sync"}


def test_a_service_without_a_document_is_not_deployed():
    """It is a type of the catalogue, and nobody has said what it is."""
    table, new = "    perfsonar:", "    echo: {storage: none}\n    perfsonar:"
    changed = read(
        (CSCS, "{service: perfsonar, at: services", "{service: echo, at: services"),
        ("policies/federation.yaml", table, new),
    )
    assert "echo" not in {each.service for each in changed.deployed}


# ── ends ──────────────────────────────────────────────────────────────────────────────────────


def test_a_service_ends_everywhere_or_at_one_site():
    everywhere = read(end="service: gatekeeper")
    here = read(end="service: CHSRC-CSCS/gatekeeper")
    assert everywhere.services["gatekeeper"].retired
    assert not here.services["gatekeeper"].retired
    for federation in (everywhere, here):
        ended = {each.service for each in federation.deployed if each.retired}
        assert ended == {"gatekeeper"}


def test_a_template_and_a_cluster_end():
    assert read(end="template: notebook").templates["notebook"].retired
    ended = [c.label for c in read(end="cluster: CHSRC-CSCS/edge").kubernetes if c.retired]
    assert ended == ["CHSRC-CSCS/edge"]


@pytest.mark.parametrize(
    "end", ["service: gatekeper", "service: JPSRC-NAOJ/gatekeeper", "template: notebok"]
)
def test_what_there_is_not_cannot_end(end):
    files = {**FILES, "policies/over.yaml": END.replace("WHAT", end)}
    (found,) = compile_texts(files).diagnostics
    assert (found.code, found.labels[0].span.file) == (Code.UNKNOWN_NAME, "policies/over.yaml")


# ── laws ──────────────────────────────────────────────────────────────────────────────────────


@given(built=federations())
def test_everything_deployed_refers_to_what_is_there(built: Built):
    federation = built.federation
    clusters = {cluster.label for cluster in federation.kubernetes}
    for each in federation.deployed:
        assert each.service in federation.services
        assert f"{each.site}/{each.cluster}" in clusters
        assert each.area is None or federation.areas[each.area].site == each.site


@given(built=federations())
def test_no_finding_about_services_is_without_a_place_and_a_remedy(built: Built):
    for finding in built.findings:
        span = finding.labels[0].span
        if span.file.startswith(("policies/services", "policies/workflows")):
            assert finding.help
            assert finding.subject


# ── rules that stand apart ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "line",
    [
        "* * * * *",
        "0 0 1 1 0",
        "59 23 31 12 6",
        "*/5 1-3,8 */2 JAN-mar Sun,3",
        "10/15 0 * * MON-FRI",
    ],
)
def test_a_line_that_kubernetes_takes_is_right(line):
    assert [*wrong_in(line)] == []


@pytest.mark.parametrize(
    "line",
    ["60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 0 *", "* * * 13 *", "* * * * 7",
     "*-5 * * * *", "5- * * * *", "-5 * * * *", "1,,2 * * * *", "5-1 * * * *", "*/0 * * * *",
     "* * * mon *", "* * * * jan", "a * * * *"],
)  # fmt: skip
def test_a_line_that_kubernetes_refuses_is_found(line):
    assert len([*wrong_in(line)]) == 1


HERE = Span("policies/services/a.yaml", 1, 1, 1, 2)


def codes_of(name: str, value: str) -> list[Code]:
    told = Told(name, value, HERE)
    return [found.code for found in check_variables([told], "a", ("site",), error)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PASSWORD", "hunter2"),
        ("DB_PASS", "x"),
        ("apiKey", "x"),
        ("ACCESS_TOKEN", "abc"),
        ("client-secret", "{not_a word"),
        ("URL", "amqp://user:user@host"),
        ("URL", "redis://:word@host:6379/0"),
        ("KEY", "-----BEGIN PRIVATE KEY-----\nabc"),
    ],
)
def test_what_looks_like_a_secret_is_one(name, value):
    assert codes_of(name, value) == [Code.PLAIN_SECRET]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PASSWORD", ""),
        ("PASSWORD", "$(BROKER_PASSWORD)"),
        ("PASSWORD_FILE", "/run/secrets/password"),
        ("TOKEN", "/run/secrets/token"),
        ("TOKEN_URL", "https://iam.example.org/token"),
        ("TOKEN", "https://iam.example.org/token"),
        ("USE_TOKEN", "true"),
        ("TOKENS_PER_SECOND", "5"),
        ("COMPASS", "north"),
        ("URL", "https://host:8443/a@b"),
        ("URL", "amqp://user:$(PASSWORD)@host"),
        ("SECRET", "{site}"),
    ],
)
def test_what_only_speaks_of_secrets_is_none(name, value):
    assert codes_of(name, value) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SSL_VERIFY", "false"),
        ("VERIFY_SSL", "0"),
        ("verifyTls", "No"),
        ("PYTHONHTTPSVERIFY", "0"),
        ("NODE_TLS_REJECT_UNAUTHORIZED", "0"),
        ("INSECURE", "1"),
        ("insecureSkipVerify", "true"),
        ("SKIP_TLS_VERIFY", "yes"),
        ("GIT_SSL_NO_VERIFY", "true"),
    ],
)
def test_a_check_that_is_off_is_found(name, value):
    assert codes_of(name, value) == [Code.TLS_UNCHECKED]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SSL_VERIFY", "true"),
        ("SSL_VERIFY", "/etc/ca.pem"),
        ("INSECURE", "false"),
        ("INSECURE_REGISTRIES", "a.example.org"),
        ("VERIFICATION_CODE", "0"),
    ],
)
def test_a_check_that_is_on_is_none(name, value):
    assert codes_of(name, value) == []


@pytest.mark.parametrize(
    ("name", "called"),
    [("soda_sync", "soda-sync"), ("SODA", "soda"), ("a__b", "a-b"), ("a-_b", "a-b")],
)
def test_names_are_called_as_kubernetes_lets_them_be(name, called):
    assert plain(name) == called


def test_a_cluster_and_what_runs_there_say_where_they_are_written(federation):
    """Every part of a container that has an origin points into its own document."""
    container = federation.services["soda_sync"].container
    for part in fields(container):
        value = getattr(container, part.name)
        for each in value if isinstance(value, tuple) else (value,):
            origin = getattr(each, "origin", None)
            assert origin is None or origin.at().file == SERVICES
    assert {c.origin.at().file for c in federation.kubernetes} == {CSCS}
