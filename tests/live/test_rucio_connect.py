"""Getting in to a Rucio: whatever stands at the address, one sentence says what is the matter."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from meddler import Handler, meddling
from rucio_data import add_account
from rucio_data import connect as rucio_connect
from rucio_wanted import SECRET, connection, data_management

from srcnet_compiler.demo.rucio_server import RucioServer
from srcnet_compiler.federation.model import Secret
from srcnet_compiler.targets.protocol import RefusedError, UnreachableError
from srcnet_compiler.targets.rucio.live import connect, open_connection, read
from srcnet_compiler.targets.rucio.live import connection as connection_of
from srcnet_compiler.targets.rucio.model import RucioModel

PASSWORD = "c0rrect-horse"
ENVIRONMENT = {SECRET: json.dumps({"username": "me", "password": PASSWORD})}
JSON = {"Content-Type": "application/json"}
TOKEN = {"X-Rucio-Auth-Token": "a-token"}


# ── credentials ───────────────────────────────────────────────────────────────────────────────


def secret_of(text: str, kind: str = "env", place: str = SECRET) -> Any:
    data = data_management("https://rucio.example.org/")
    return connection_of(data, {SECRET: text}, secret=Secret(kind, place))


def test_a_secret_is_a_token_or_a_user_name_with_a_password():
    assert secret_of("  a.b-c_d=\n")["creds"] == {"token": "a.b-c_d="}
    assert secret_of("  a.b-c_d=\n")["auth_type"] == "token"
    named = secret_of('{"username": "é", "password": " x "}')
    assert (named["auth_type"], named["creds"]) == (
        "userpass",
        {"username": "é", "password": " x "},
    )
    assert named["rucio_host"] == "https://rucio.example.org"


def test_a_secret_may_be_in_a_file(tmp_path: Path):
    (tmp_path / "secret").write_text("token\n")
    assert secret_of("", "file", str(tmp_path / "secret"))["creds"] == {"token": "token"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("  \n", "is empty"),
        ("two words-hidden", "neither a token nor JSON"),
        ("tökèn-hidden", "neither a token nor JSON"),
        ('{"username": "hidden"', "JSON with `username` and `password`"),
        ('{"username": "hidden"}', "JSON with `username` and `password`"),
        ('{"username": "x", "password": ["hidden"]}', "JSON with `username` and `password`"),
        ('{"username": "x", "password": ""}', "JSON with `username` and `password`"),
    ],
)
def test_a_secret_that_is_neither_is_refused_without_being_shown(text: str, message: str):
    with pytest.raises(RefusedError, match=message) as caught:
        secret_of(text)
    assert SECRET in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_a_secret_that_is_not_there_is_refused(tmp_path: Path):
    data = data_management("https://rucio.example.org")
    with pytest.raises(RefusedError, match=f"variable {SECRET} is not set"):
        connect(data, {})
    with pytest.raises(RefusedError, match="No such file"):
        secret_of("", "file", str(tmp_path / "none"))
    with pytest.raises(RefusedError, match="Is a directory"):
        secret_of("", "file", str(tmp_path))
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(RefusedError, match="UTF-8"):
        secret_of("", "file", str(tmp_path / "binary"))
    with pytest.raises(RefusedError, match="vault"):
        secret_of("", "vault", "kv/rucio")


@pytest.mark.parametrize("password", ["пароль", "line\nbreak"])
def test_a_password_that_cannot_be_sent_is_refused(password: str):
    creds = {"username": "me", "password": password}
    with (
        meddling(meddle=lambda handler: handler.say(200, b"", **TOKEN)) as there,
        pytest.raises(RefusedError, match="cannot be sent"),
    ):
        open_connection(stranger(there.url, creds=creds))


# ── what may stand at the address ─────────────────────────────────────────────────────────────


def stranger(url: str, **more: object) -> dict[str, object]:
    return {
        "rucio_host": url,
        "auth_host": url,
        "auth_type": "userpass",
        "account": "root",
        "creds": {"username": "me", "password": PASSWORD},
        "timeout": 1,
        **more,
    }


def after_login(*answer: Any, **headers: str):
    """Lets everybody in, and then gives this answer."""

    def meddle(handler: Handler) -> bool:
        if handler.path.startswith("/auth/"):
            return handler.say(200, b"", **TOKEN)
        return handler.say(*answer, **headers)

    return meddle


def at_once(*answer: Any, **headers: str):
    return lambda handler: handler.say(*answer, **headers)


def breaks_off(handler: Handler) -> bool:
    if handler.path.startswith("/auth/"):
        return handler.say(200, b"", **TOKEN)
    return handler.say(200, b'{"account":', Content_Length="5000", Content_Type="application/json")


def hangs_up(handler: Handler) -> bool:
    handler.connection.shutdown(socket.SHUT_RDWR)
    return True


def says_nothing(handler: Handler) -> bool:
    time.sleep(2)
    return True


HTML = {"Content-Type": "text/html"}


@pytest.mark.parametrize(
    ("meddle", "message"),
    [
        (at_once(200, b"<html>It works!</html>", **HTML), "nonsense: a login gives status 200"),
        (at_once(404, b"<html>Not found</html>", **HTML), "nonsense: a login gives status 404"),
        (at_once(500, b"Internal Error"), "nonsense: a login gives status 500"),
        (at_once(503, b"busy"), "answers 503"),
        (at_once(302, b"", Location="https://login.example.org/"), "another server, login.exam"),
        (at_once(302, b"", Location="/auth/userpass"), "redirects without end"),
        (after_login(200, b"<html>Welcome</html>", **HTML), "nonsense: text/html"),
        (after_login(200, b""), "nonsense: nothing that it gives a type"),
        (after_login(200, b'{"account": "ro', **JSON), "nonsense"),
        (after_login(200, b"\xff\xfe\x00", **JSON), "nonsense"),
        (after_login(500, b"oops"), "http status code: 500"),
        (after_login(404, b"oops"), "http status code: 404"),
        (breaks_off, "broken|IncompleteRead|Read timed out|nonsense"),
        (hangs_up, "cannot be reached"),
        (says_nothing, "does not answer"),
    ],
)  # fmt: skip
def test_a_server_that_answers_nonsense_is_out_of_reach(
    meddle: Any, message: str, capfd: pytest.CaptureFixture[str]
):
    with (
        meddling(meddle=meddle) as there,
        pytest.raises(UnreachableError, match=message) as caught,
    ):
        open_connection(stranger(there.url))
    assert_one_plain_sentence(caught.value, there.url)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://127.0.0.1:1", "Connection refused"),
        ("http://no-such-host.invalid", "cannot be reached: .*([Nn]ame|resol)"),
        ("rucio.example.org", "is no address"),
        ("ftp://rucio.example.org", "is no address"),
        ("http://", "is no address"),
        ("http://[::1", "is no address"),
        ("http://127.0.0.1:70000", "is no address"),
        ("http://exa mple.org", "cannot be reached"),
        ("http://.example.org", "cannot be reached"),
    ],
)
def test_an_address_where_nothing_is_is_out_of_reach(
    url: str, message: str, capfd: pytest.CaptureFixture[str]
):
    with pytest.raises(UnreachableError, match=message) as caught:
        open_connection(stranger(url))
    assert_one_plain_sentence(caught.value, url)
    assert capfd.readouterr() == ("", "")


def test_something_that_speaks_no_http_is_out_of_reach():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.listen()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(UnreachableError, match="does not answer") as caught:
            open_connection(stranger(url))
    assert_one_plain_sentence(caught.value, url)


def test_a_password_is_not_sent_to_where_a_server_redirects():
    with meddling(meddle=at_once(200, b"", **TOKEN)) as elsewhere:
        port = elsewhere.url.rpartition(":")[2]
        there = {"Location": f"http://localhost:{port}/auth/userpass"}
        with (
            meddling(meddle=at_once(307, b"", **there)) as here,
            pytest.raises(UnreachableError, match="another server, localhost"),
        ):
            open_connection(stranger(here.url))
    assert elsewhere.paths == []


def test_an_overloaded_server_is_asked_again():
    answers = iter([503, 502])

    def meddle(handler: Handler) -> bool:
        if (status := next(answers, None)) is not None:
            return handler.say(status)
        if handler.path.startswith("/auth/"):
            return handler.say(200, b"", **TOKEN)
        return handler.say(200, b'{"account": "root"}', **JSON)

    with meddling(meddle=meddle) as there, open_connection(stranger(there.url)) as client:
        assert client.whoami() == {"account": "root"}
    assert there.paths[:3] == ["/auth/userpass"] * 3


@contextmanager
def tls_server(folder: Path) -> Iterator[tuple[str, Path]]:
    """A server of whose certificate only its own file knows."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-keyout", key, "-out", certificate, "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    meddle = after_login(200, b'{"account": "root"}', **JSON)
    with meddling(meddle=meddle, tls=context) as there:
        yield there.url, certificate


def test_a_certificate_must_be_vouched_for_by_the_system_or_a_named_file(tmp_path: Path):
    with tls_server(tmp_path) as (url, certificate):
        data = data_management(url)
        with pytest.raises(UnreachableError, match="certificate") as caught:
            connect(data, ENVIRONMENT)
        assert_one_plain_sentence(caught.value, url)
        with connect(data, {**ENVIRONMENT, "SSL_CERT_FILE": str(certificate)}) as client:
            assert client.whoami() == {"account": "root"}


def assert_one_plain_sentence(error: Exception, url: str) -> None:
    text = str(error)
    assert url in text
    assert "\n" not in text
    assert "Traceback" not in text
    assert "object at 0x" not in text
    assert PASSWORD not in text
    assert len(text) < 400


# ── the real one ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.live("rucio")
def test_the_specs_and_the_environment_are_enough_to_get_in(rucio: RucioServer):
    secret = {"username": rucio.username, "password": rucio.password}
    with connect(data_management(rucio.url), {SECRET: json.dumps(secret)}) as client:
        assert client.whoami()["account"] == "root"
        token = client.auth_token
    with connect(data_management(rucio.url), {SECRET: token}) as client:
        assert client.whoami()["account"] == "root"


@pytest.mark.live("rucio")
@pytest.mark.parametrize(
    "wrong",
    [
        {"creds": {"username": "admin", "password": "wrong"}},
        {"creds": {"username": "nobody", "password": "wrong"}},
        {"account": "nobody"},
        {"auth_type": "token", "creds": {"token": "nothing"}},
        {"auth_type": "token", "creds": {"token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."}},
    ],
)
def test_whoever_is_not_known_is_refused(
    rucio: RucioServer, wrong: dict[str, Any], capfd: pytest.CaptureFixture[str]
):
    with pytest.raises(RefusedError) as caught:
        open_connection(connection(rucio, **wrong))
    assert rucio.url in str(caught.value)
    assert "wrong" not in str(caught.value)
    assert rucio.password not in str(caught.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.live("rucio")
def test_an_account_without_rights_reads_what_it_may(rucio_sqlite: RucioServer):
    add_account(rucio_connect(rucio_sqlite), "conn-guest", password="guest")
    mine = {"account": "conn-guest", "creds": {"username": "conn-guest", "password": "guest"}}
    from rucio_wanted import wanted

    model = wanted("conn")
    with open_connection(connection(rucio_sqlite, **mine)) as client:
        reading = read(client, model)
    assert {gap.under.kind for gap in reading.gaps} == {"config"}
    # what others have on the shared server may look like one of ours, and is read to say so
    assert reading.model.rses.keys().isdisjoint(model.rses)


@pytest.mark.live("rucio")
def test_nothing_of_the_machine_is_read_written_or_changed(
    rucio_sqlite: RucioServer, tmp_path: Path
):
    """A program with a hostile configuration, a .netrc, and a folder that shows what is written."""
    (tmp_path / "home").mkdir()
    (tmp_path / "tmp").mkdir()
    (tmp_path / "home" / ".netrc").write_text("machine 127.0.0.1 login x password y\n")
    hostile = tmp_path / "rucio.cfg"
    hostile.write_text(
        "[database]\ndefault = sqlite:////nowhere\n[client]\nrucio_host = http://127.0.0.1:1\n"
        f"auth_token_file_path = {tmp_path}/tmp/token\naccount = nobody\nauth_type = x509\n"
    )
    program = (
        "import json, os, sys\n"
        "from srcnet_compiler.targets.rucio.live import open_connection\n"
        "before = dict(os.environ), list(sys.argv)\n"
        "with open_connection(json.load(sys.stdin)) as client:\n"
        "    print(client.whoami()['account'])\n"
        "assert (dict(os.environ), list(sys.argv)) == before\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(connection(rucio_sqlite)),
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(sys.path),
            "RUCIO_CONFIG": str(hostile),
            "RUCIO_ACCOUNT": "nobody",
            "HOME": str(tmp_path / "home"),
            "TMPDIR": str(tmp_path / "tmp"),
            "http_proxy": "http://127.0.0.1:1",
        },
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("root\n", "")
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.live("rucio")
def test_a_call_without_the_right_does_not_log_in_again(rucio_sqlite: RucioServer):
    from rucio.common.exception import AccessDenied

    add_account(rucio_connect(rucio_sqlite), "conn-other", password="other")
    mine = {"account": "conn-other", "creds": {"username": "conn-other", "password": "other"}}
    with meddling(rucio_sqlite.url) as between:
        settings = connection(rucio_sqlite, rucio_host=between.url, auth_host=between.url, **mine)
        with open_connection(settings) as client:
            before = len(between.paths)
            with pytest.raises(AccessDenied):
                client.export_data()
        assert len(between.paths) == before + 1
        assert all("Authorization" not in headers for headers in between.received)


def test_an_empty_model_asks_next_to_nothing():
    def meddle(handler: Handler) -> bool:
        if handler.path.startswith("/auth/"):
            return handler.say(200, b"", **TOKEN)
        if "whoami" in handler.path:
            return handler.say(200, b'{"account": "root"}', **JSON)
        if "scopes" in handler.path:
            return handler.say(200, b"[]", **JSON)
        return handler.say(200, b"", Content_Type="application/x-json-stream")

    with meddling(meddle=meddle) as there, open_connection(stranger(there.url)) as client:
        assert read(client, RucioModel("srcnet", "policy")).gaps == ()
        assert len(there.paths) <= 6
