"""Runs Rucio's own daemons, one request at a time; lives inside the server's environment.

A request is a line of JSON on standard input, its answer a line of JSON on standard output; what
daemons print and log goes to standard error. Ends when its input ends. `Daemons` in
`rucio_daemons.py` is the other side.
"""

import json
import logging
import os
import shutil
import sys
import uuid
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import rucio.daemons.common as daemons_common
from rucio.daemons.abacus import account as abacus_account
from rucio.daemons.abacus import collection_replica as abacus_collection_replica
from rucio.daemons.abacus import rse as abacus_rse
from rucio.daemons.conveyor import finisher, poller, preparer, stager, submitter
from rucio.daemons.judge import cleaner, evaluator, injector, repairer
from rucio.daemons.reaper import reaper
from rucio.daemons.transmogrifier import transmogrifier
from rucio.daemons.undertaker import undertaker
from rucio.db.sqla.constants import RequestState
from rucio.db.sqla.session import get_engine, read_session
from rucio.transfertool.mock import MockTransferStatusReport, MockTransfertool
from sqlalchemy import text

MANY = 10_000  # more than a test has of anything: one run takes all that is ready

PATIENT_QUEUE = daemons_common.db_workqueue


def impatient_queue(*args, **options):
    """As the original, without the wait for other instances of a daemon: there are none."""
    return PATIENT_QUEUE(*args, **options | {"partition_wait_time": 0})


daemons_common.db_workqueue = impatient_queue


def reap(greedy):
    reaper.REGION.invalidate()
    reaper.reaper(
        rses=[], include_rses=None, exclude_rses=None, once=True, chunk_size=MANY, greedy=greedy
    )


DAEMONS = {
    "injector": lambda: injector.rule_injector(once=True),
    "transmogrifier": lambda: transmogrifier.transmogrifier(bulk=MANY, once=True),
    "evaluator": lambda: evaluator.re_evaluator(once=True, sleep_time=0, did_limit=MANY),
    "repairer": lambda: repairer.rule_repairer(once=True),
    "cleaner": lambda: cleaner.rule_cleaner(once=True),
    "undertaker": lambda: undertaker.undertaker(once=True, chunk_size=MANY),
    "preparer": lambda: preparer.preparer(once=True, bulk=MANY, partition_wait_time=0),
    "submitter": lambda: submitter.submitter(
        once=True,
        bulk=MANY,
        partition_wait_time=0,
        transfertools=["mock"],
        transfertype="single",
    ),
    "stager": lambda: stager.stager(once=True, bulk=MANY),
    "poller": lambda: poller.poller(
        once=True, db_bulk=MANY, partition_wait_time=0, older_than=0, transfertool="mock"
    ),
    "finisher": lambda: finisher.finisher(once=True, db_bulk=MANY, partition_wait_time=0),
    "abacus-rse": lambda: abacus_rse.rse_update(once=True),
    "abacus-account": lambda: abacus_account.account_update(once=True),
    "abacus-collection-replica": lambda: abacus_collection_replica.collection_replica_update(
        once=True, limit=MANY
    ),
    "reaper": lambda: reap(greedy=False),
    "greedy-reaper": lambda: reap(greedy=True),
}


# --- transfers between file:// storage: the stock transfer tool only says that it copied

COPIED = {}


def copy_now(self, transfers, job_params, timeout=None):
    """Copy each file, from the first source that has it, when it is submitted."""
    for transfer in transfers:
        target = local_path(transfer.dest_url)
        COPIED[transfer.rws.request_id] = any(
            copied(local_path(transfer.source_url(source)), target) for source in transfer.sources
        )
    return str(uuid.uuid4())


def copied(source, target):
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    except OSError as error:
        logging.info("copy failed: %s", error)
        return False
    return True


def local_path(url):
    return Path(urlsplit(url).path)


def tell_what_was_copied(self, requests_by_eid, timeout=None):
    """DONE for what `copy_now` copied, FAILED for anything else."""
    return {
        transfer: {request: report(request, transfer) for request in requests}
        for transfer, requests in requests_by_eid.items()
    }


def report(request, transfer):
    answer = MockTransferStatusReport(request, transfer)
    answer.state = RequestState.DONE if COPIED.get(request) else RequestState.FAILED
    return answer


MockTransfertool.submit = copy_now
MockTransfertool.bulk_query = tell_what_was_copied


# --- requests


class Warnings(logging.Handler):
    """Keeps what the daemons warn of, for the answer."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.lines = []

    def emit(self, record):
        self.lines.append(f"{record.levelname} {record.name}: {record.getMessage()}")


WARNINGS = Warnings()


def run(names):
    """Run each daemon once, in order; what they warned of."""
    WARNINGS.lines.clear()
    for name in names:
        DAEMONS[name]()
    return list(WARNINGS.lines)


def sql(query, parameters):
    """Rows of a query that may only read."""
    with get_engine().connect() as connection:
        read_only = "PRAGMA query_only = ON"
        if connection.dialect.name == "postgresql":
            read_only = "SET TRANSACTION READ ONLY"
        connection.execute(text(read_only))
        return [dict(row) for row in connection.execute(text(query), parameters).mappings()]


def registered(scope, moment):
    """All datasets of the scope were registered then (UTC), as far as the server knows."""
    then = datetime.fromisoformat(moment).replace(tzinfo=None)
    query = "UPDATE dids SET created_at = :then WHERE scope = :scope AND did_type = 'D'"
    with get_engine().begin() as connection:
        connection.execute(text(query), {"then": then, "scope": scope})


@read_session
def expressions(expressions, *, session):
    """For each RSE expression the names that the server's parser gives, or its refusal."""
    return [evaluated(each, session) for each in expressions]


def evaluated(expression, session):
    from rucio.core.rse_expression_parser import parse_expression

    try:
        return {"rses": sorted(rse["rse"] for rse in parse_expression(expression, session=session))}
    except Exception as error:
        return {"error": described(error)}


REQUESTS = {"run": run, "sql": sql, "registered": registered, "expressions": expressions}


def answer(request):
    try:
        return {"value": REQUESTS[request.pop("do")](**request)}
    except Exception as error:
        logging.exception("request failed")
        return {"error": described(error)}


def described(error):
    return {"kind": type(error).__name__, "message": str(error)}


def plain(value):
    """What JSON has no word for: a binary identifier as hex, a time in ISO 8601."""
    return value.hex() if isinstance(value, bytes) else str(value)


def main():
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # daemons may print
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    logging.getLogger().addHandler(WARNINGS)
    for line in sys.stdin:
        answers.write(json.dumps(answer(json.loads(line)), default=plain) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
