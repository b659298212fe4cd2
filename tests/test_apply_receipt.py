"""Receipts: what they are worth as an exit code, and as a document."""

from __future__ import annotations

import json

import pytest

from srcnet_compiler.apply.receipt import Cause, Receipt, Result, Status, as_json, exit_code
from srcnet_compiler.change import Action, Address, Change, Impact, SystemName

CHANGE = Change(Address("rucio", "srcnet", "rse", "A"), Action.ADOPT, (), Impact.COSMETIC)
DONE, ALREADY = Result(CHANGE, Status.DONE), Result(CHANGE, Status.ALREADY)
CONFLICT, WAITING = Result(CHANGE, Status.CONFLICT), Result(CHANGE, Status.WAITING)
LEFT = Result(CHANGE, Status.LEFT)
FAILED = Result(CHANGE, Status.FAILED, "no", Cause.OTHER)
UNREACHABLE = Result(CHANGE, Status.FAILED, "no", Cause.UNREACHABLE)
REFUSED = Result(CHANGE, Status.FAILED, "no", Cause.REFUSED)


def receipt(*results: Result, **more: object) -> Receipt:
    return Receipt("p", "r", (SystemName("rucio", "srcnet"),), "t0", "t1", results, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ((), 0),
        ((DONE, ALREADY), 0),
        ((DONE, WAITING), 6),
        ((WAITING, LEFT), 6),
        ((CONFLICT, WAITING, LEFT), 5),
        ((FAILED, CONFLICT), 1),
        ((LEFT,), 1),
        ((UNREACHABLE, LEFT, WAITING, CONFLICT), 69),
        ((REFUSED, UNREACHABLE), 77),
    ],
)
def test_the_gravest_reason_gives_the_exit_code(results: tuple[Result, ...], code: int):
    assert exit_code(receipt(*results)) == code


def test_an_interrupt_counts_more_than_what_it_left():
    assert exit_code(receipt(LEFT, interrupted=True)) == 130


def test_trouble_beside_the_changes_is_a_failure():
    assert exit_code(receipt(DONE, trouble=("no host matched",))) == 1


def test_as_a_document_it_counts_and_names_every_change():
    told = json.loads(as_json(receipt(DONE, REFUSED, earlier=(CHANGE,))))
    assert told["exitCode"] == 77
    assert told["counts"]["done"] == told["counts"]["failed"] == 1
    assert told["earlier"] == [CHANGE.id]
    assert told["results"][1] == {
        "id": CHANGE.id,
        "address": "rucio/srcnet/rse/A",
        "action": "adopt",
        "status": "failed",
        "text": "no",
        "cause": "refused",
        "seconds": 0.0,
    }
