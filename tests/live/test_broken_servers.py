"""Servers that answer nonsense: every command says so in one sentence and ends with 69."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from cli_operator import Operator, operator
from meddler import Handler, Meddler, meddling
from test_cli_files import saved_plan

COMMANDS = (["plan"], ["verify"], ["catalogue", "snapshot"], ["doctor"], ["apply", "--yes"])
PAGE = b"<!DOCTYPE html><html><body><h1>Welcome to nginx!</h1></body></html>"


@pytest.fixture(scope="module")
def server() -> Iterator[Meddler]:
    with meddling() as meddler:
        yield meddler


@pytest.fixture(scope="module")
def someone(server: Meddler, tmp_path_factory: pytest.TempPathFactory) -> Operator:
    someone = operator(tmp_path_factory.mktemp("broken"), server.url)
    saved_plan(someone.specs, someone.specs / "plan.json")
    return someone


def page(handler: Handler) -> bool:
    return handler.say(200, PAGE, Content_Type="text/html")


def garbage(handler: Handler) -> bool:
    return handler.say(200, b'{"account": [[[[', Content_Type="application/json")


def other_json(handler: Handler) -> bool:
    return handler.say(200, b'[[1, null], {"a": "b"}, 3]', Content_Type="application/json")


def binary(handler: Handler) -> bool:
    return handler.say(200, bytes(range(256)) * 9, Content_Type="application/x-json-stream")


def fault(handler: Handler) -> bool:
    return handler.say(500, b"Internal Server Error", Content_Type="text/plain")


def overload(handler: Handler) -> bool:
    return handler.say(503, PAGE, Content_Type="text/html")


def missing(handler: Handler) -> bool:
    return handler.say(404, PAGE, Content_Type="text/html")


def around(handler: Handler) -> bool:
    return handler.say(302, Location=handler.path)


def elsewhere(handler: Handler) -> bool:
    return handler.say(302, Location="http://127.0.0.2:1/login")


def breaks_off(handler: Handler) -> bool:
    handler.say(200, b'{"status": "ACT', Content_Type="application/json", Content_Length="9999")
    handler.close_connection = True
    return True


def hangs_up(handler: Handler) -> bool:
    handler.close_connection = True
    return True


def drips(handler: Handler) -> bool:
    """Slowly, and nonsense all the same."""
    time.sleep(0.1)
    return page(handler)


NONSENSE = (
    *(page, garbage, other_json, binary, fault, overload, missing),
    *(around, elsewhere, breaks_off, hangs_up, drips),
)
Answer = Callable[[Handler], bool]


def from_the_first_word(answer: Answer) -> Answer:
    return answer


def after_the_login(answer: Answer) -> Answer:
    def say(handler: Handler) -> bool:
        if handler.path.startswith("/auth/"):
            return handler.say(200, X_Rucio_Auth_Token="a-token", Content_Type="text/plain")
        return answer(handler)

    return say


@pytest.mark.parametrize("answer", NONSENSE, ids=lambda answer: answer.__name__)
@pytest.mark.parametrize("when", [from_the_first_word, after_the_login], ids=lambda w: w.__name__)
def test_nonsense_is_69_for_one_command_after_the_other(
    when: Callable[[Answer], Answer], answer: Answer, someone: Operator, server: Meddler
):
    server.meddle = when(answer)
    for args in COMMANDS if answer in (page, other_json) else COMMANDS[:1]:
        ran = someone(*args, code=69)
        if args == ["doctor"]:
            assert "  NO  reach the server: " in ran.out or "   ?  " in ran.out
            continue
        (message,) = [line for line in ran.err.splitlines() if line.startswith("error: ")]
        assert message.startswith((f"error: {server.url} ", "error: rucio/golden ")), message
        assert len(message) < 400
    assert someone.password not in "".join(someone.said)


@pytest.mark.parametrize("answer", [page, garbage, fault], ids=lambda answer: answer.__name__)
def test_a_plan_that_meets_nonsense_changes_nothing_and_is_69(
    answer: Answer, someone: Operator, server: Meddler
):
    server.meddle = after_the_login(answer)
    server.paths.clear()
    someone("apply", "plan.json", code=69)
    assert someone.done() == 0


def test_a_token_is_never_sent_to_another_server(someone: Operator, server: Meddler):
    with meddling(meddle=page) as other:
        server.meddle = after_the_login(lambda handler: handler.say(302, Location=other.url))
        someone("plan", code=69)
        assert other.paths == []


def test_an_interrupt_does_not_wait_for_a_server_that_says_nothing(
    someone: Operator, server: Meddler
):
    """Ctrl-C while many questions are open, none of which will be answered."""
    asked, over = threading.Semaphore(0), threading.Event()

    def silence(handler: Handler) -> bool:
        if "whoami" in handler.path:
            return other_json(handler)
        asked.release()
        over.wait()
        handler.close_connection = True
        return True

    server.meddle = after_the_login(silence)
    try:
        with someone.begin("plan") as process:
            for _ in range(4):
                assert asked.acquire(timeout=60)
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)
            someone.end(process, 130)
    finally:
        over.set()
