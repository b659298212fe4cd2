"""A secret that somebody wrote into a spec is shown by no report."""

import pytest

from srcnet_compiler import source
from srcnet_compiler.report.conceal import concealed
from srcnet_compiler.report.formats import FORMATS
from srcnet_compiler.report.model import Report
from srcnet_compiler.report.text import render
from srcnet_compiler.schema.validate import validate

SECRET = "hunter2"
HEAD = "apiVersion: srcnet.skao.int/v1alpha2\nkind: Federation\nmetadata: {name: srcnet}\nspec:\n"


@pytest.mark.parametrize(
    "text",
    [
        f"    credentials: {{password: {SECRET}}}",
        f"    credentials: {SECRET}",
        f"    credentials: {{secretRef: {SECRET}}}",
        f"    credentials: {{secretRef: {{env: {SECRET}}}}}",
        f"    credentials:\n      secretRef:\n        env: {SECRET}",
        f"    credentials:\n      user: admin\n      password: {SECRET}",
        f"    credentials:\n      password: |\n        {SECRET}",
        f'    credentials: {{"token": "{SECRET}"}}',
        f"    apiKey: {SECRET}",
        f"    credentials:\n      - {SECRET}",
        f"    client_secret: {SECRET}",
        f"    clientSecret: {SECRET}",
        f"    access_token: {SECRET}",
        f"    bearerToken: {SECRET}",
        f"    secret_id: {SECRET}",
        f"    pwd: {SECRET}",
        f"    pass: {SECRET}",
        f"    credentials:\n      password: |\n        user:{SECRET}",
        f"    auth: https://user:{SECRET}@rucio.example.org",
    ],
)
def test_no_report_shows_a_secret(text):
    assert_concealed(f"{HEAD}  rucio:\n    server: https://rucio.example.org\n{text}\n")


@pytest.mark.parametrize(
    "text",
    [
        f"  secrets: {{DB_LOGIN: {SECRET}}}",
        f"  secrets:\n    DB_LOGIN: {SECRET}",
        f"  secrets:\n    DB_LOGIN: {{secretRef: {SECRET}}}",
        f"  secrets:\n    DB_LOGIN:\n      secretRef: {{vault: {SECRET}}}",
        f"  secrets:\n    - {SECRET}",
    ],
)
def test_no_report_shows_a_secret_of_a_service(text):
    head = HEAD.replace("Federation", "Service").replace("srcnet}", "soda_sync}")
    assert_concealed(f"{head}  image: {{repository: registry.example.org/soda}}\n{text}\n")


def assert_concealed(text: str) -> None:
    (document,) = source.parse("policies/federation.yaml", text.encode()).value
    found = validate(document).diagnostics
    assert found
    report = Report(found, {"policies/federation.yaml": document.source_map.lines})
    assert SECRET not in render(report)
    for form in FORMATS.values():
        assert SECRET not in form(report)
    lines = document.source_map.lines
    shown = "\n".join(concealed(lines, index) for index in range(len(lines)))
    assert SECRET not in shown


@pytest.mark.parametrize(
    "line",
    [
        "    credentials: {secretRef: {env: SRCNET_RUCIO_TOKEN}}",
        "      credentials: {secretRef: {file: /etc/srcnet/token}}",
        "  tokenOnly: true",
        "  secrets: {BROKER_PASSWORD: {secretRef: {vault: /srcnet/soda/broker}}}",
        "      tokens: true",
        "    - {service: soda_sync, path: /soda}",
    ],
)
def test_references_and_everything_else_are_shown_as_written(line):
    assert concealed([line], 0) == line


def test_what_is_hidden_keeps_its_columns():
    line = "    credentials: {password: hunter2, user: x}"
    assert len(concealed([line], 0)) == len(line)
    assert concealed([line], 0).startswith("    credentials: {password: •••••••")
