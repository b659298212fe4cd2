"""The real Rucio that demo and live tests stand on: it comes up, works, and leaves nothing."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import urllib.error
import urllib.request
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from process_table import descendants, is_running, wait_for_end
from rucio_daemons import Daemons, RucioRefusedError
from rucio_data import add_account, add_datasets, add_file_area, connect, link, path_of, put_files

from srcnet_compiler.demo import postgresql, rucio_server
from srcnet_compiler.demo.rucio_server import RucioServer, ServerError

pytestmark = pytest.mark.live("rucio")


def test_it_answers_and_knows_its_root_account(rucio: RucioServer):
    client = connect(rucio)
    assert client.ping() == {"version": "41.5.1"}
    assert client.whoami()["account"] == "root"
    assert connect(rucio, username="admin").whoami()["account"] == "root"


def test_a_wrong_password_is_refused(rucio: RucioServer):
    from rucio.common.exception import CannotAuthenticate

    with pytest.raises(CannotAuthenticate):
        connect(rucio, password="wrong")


def test_a_datasets_rule_becomes_ok_when_its_file_was_copied(
    rucio: RucioServer, daemons: Daemons, tmp_path: Path
):
    client = connect(rucio)
    areas = [add_file_area(client, name, tmp_path) for name in ("MOVE-A", "MOVE-B")]
    link(client, ("MOVE-A", "MOVE-B"))
    client.add_scope("root", "move")
    files = put_files(client, "MOVE-A", "move", ["first.fits", "second.fits"], size=5000)
    add_datasets(client, "move", {"observation": files})
    (rule,) = client.add_replication_rule([{"scope": "move", "name": "observation"}], 1, "MOVE-B")
    assert client.get_replication_rule(rule)["state"] == "REPLICATING"

    daemons.cycle_until(lambda: client.get_replication_rule(rule)["state"] == "OK")

    done = client.get_replication_rule(rule)
    assert (done["locks_ok_cnt"], done["locks_replicating_cnt"], done["locks_stuck_cnt"]) == (
        2,
        0,
        0,
    )
    for file in files:
        copy = path_of(client, "MOVE-B", "move", file["name"])
        assert copy.is_relative_to(areas[1])
        assert f"{zlib.adler32(copy.read_bytes()):08x}" == file["adler32"]


def test_a_transfer_that_cannot_be_done_is_not_called_done(
    rucio: RucioServer, daemons: Daemons, tmp_path: Path
):
    client = connect(rucio)
    for name in ("LOST-A", "LOST-B"):
        add_file_area(client, name, tmp_path)
    link(client, ("LOST-A", "LOST-B"))
    client.add_scope("root", "lost")
    files = put_files(client, "LOST-A", "lost", ["gone.fits"])
    path_of(client, "LOST-A", "lost", "gone.fits").unlink()
    add_datasets(client, "lost", {"observation": files})
    (rule,) = client.add_replication_rule([{"scope": "lost", "name": "observation"}], 1, "LOST-B")

    daemons.cycle_until(lambda: client.get_replication_rule(rule)["state"] == "STUCK")

    assert not path_of(client, "LOST-B", "lost", "gone.fits").exists()


def test_a_subscription_gives_arriving_data_its_rules_and_the_reaper_takes_what_expired(
    rucio: RucioServer, daemons: Daemons, tmp_path: Path
):
    client = connect(rucio)
    add_file_area(client, "ARRIVE-A", tmp_path)
    add_file_area(client, "ARRIVE-B", tmp_path, attributes={"arrive": "here"})
    link(client, ("ARRIVE-A", "ARRIVE-B"))
    client.add_scope("root", "arrive")
    client.add_subscription(
        "arrivals",
        "root",
        {"scope": ["^arrive$"], "did_type": ["DATASET"]},
        [{"copies": 1, "rse_expression": "arrive=here", "activity": "User Subscriptions"}],
        "",
        lifetime=None,
        retroactive=False,
        dry_run=False,
    )
    add_datasets(
        client, "arrive", {"night": put_files(client, "ARRIVE-A", "arrive", ["night.fits"])}
    )
    copy = path_of(client, "ARRIVE-B", "arrive", "night.fits")

    daemons.cycle_until(copy.exists)
    (rule,) = client.list_did_rules("arrive", "night")
    assert (rule["rse_expression"], rule["state"]) == ("arrive=here", "OK")

    client.update_replication_rule(rule["id"], {"lifetime": -1})
    daemons.run("cleaner", "abacus-rse", "greedy-reaper")
    assert not copy.exists()


def test_hundreds_of_datasets_are_made_fast_and_counted_by_the_observer(
    rucio: RucioServer, daemons: Daemons, tmp_path: Path
):
    client = connect(rucio)
    add_file_area(client, "MANY-A", tmp_path)
    client.add_scope("root", "many")
    names = [f"file-{number:03}" for number in range(300)]
    files = put_files(client, "MANY-A", "many", names, size=10)
    add_datasets(client, "many", {f"data-{file['name']}": [file] for file in files}, closed=True)
    rows = daemons.sql(
        "SELECT is_open, count(*) AS number FROM dids"
        " WHERE scope = :scope AND did_type = 'D' GROUP BY is_open",
        scope="many",
    )
    assert [(bool(row["is_open"]), row["number"]) for row in rows] == [(False, 300)]


def test_many_writers_at_once_do_not_lock_each_other_out(rucio: RucioServer, daemons: Daemons):
    add_account(connect(rucio), "busy", password="busy", admin=True)
    connect(rucio).add_scope("busy", "busy")

    def write(worker: int) -> list[str]:
        client = connect(rucio, "busy", "busy", "busy")
        made = [f"BUSY-{worker}-{number}" for number in range(10)]
        for rse in made:
            client.add_rse(rse)
            client.add_rse_attribute(rse, "busy", "True")
            client.set_local_account_limit("busy", rse, -1)
            client.add_dataset("busy", rse.lower())
            client.add_replication_rule([{"scope": "busy", "name": rse.lower()}], 1, rse)
        return made

    with ThreadPoolExecutor(6) as pool:
        writing = [pool.submit(write, worker) for worker in range(6)]
        daemons.cycle(3)
        made = {rse for each in writing for rse in each.result()}
    assert daemons.evaluate_expression("busy=True") == made
    (row,) = daemons.sql("SELECT count(*) AS rules FROM rules WHERE account = 'busy'")
    assert row == {"rules": 60}


def test_the_observer_cannot_write(rucio: RucioServer, daemons: Daemons):
    with pytest.raises(RucioRefusedError):
        daemons.sql("DELETE FROM accounts")
    assert connect(rucio).whoami()["account"] == "root"


def test_expressions_are_answered_by_the_servers_own_parser(rucio: RucioServer, daemons: Daemons):
    client = connect(rucio)
    for name, tier in (("EXPR-A", "1"), ("EXPR-B", "2")):
        client.add_rse(name)
        client.add_rse_attribute(name, "expr", tier)
    assert daemons.evaluate_expression("expr=1|expr=2&EXPR-B") == {"EXPR-B"}
    found, empty, malformed = daemons.evaluate_expressions(["expr<2", "expr=9", "expr=1||"])
    assert found == {"EXPR-A"}
    assert isinstance(empty, RucioRefusedError)
    assert empty.kind == "InvalidRSEExpression"
    assert isinstance(malformed, RucioRefusedError)


def test_an_account_of_its_own_has_only_its_own_rights(rucio: RucioServer):
    from rucio.common.exception import AccessDenied

    add_account(connect(rucio), "visitor", password="visiting")
    visitor = connect(rucio, "visitor", "visitor", "visiting")
    assert visitor.whoami()["account"] == "visitor"
    with pytest.raises(AccessDenied):
        visitor.add_rse("VISITORS-OWN")


def test_kill_and_restart_keep_the_data_and_the_address(fresh_rucio: RucioServer):
    from rucio.common.exception import ServerConnectionException

    client = connect(fresh_rucio)
    client.add_rse("KEPT")
    rucio_server.kill(fresh_rucio)
    with pytest.raises(ServerConnectionException):
        client.ping()
    rucio_server.restart(fresh_rucio)
    assert [rse["rse"] for rse in client.list_rses()] == ["KEPT"]


def test_a_paused_server_gives_no_answer_until_it_goes_on(fresh_rucio: RucioServer):
    ping = f"{fresh_rucio.url}/ping"
    rucio_server.pause(fresh_rucio)
    with pytest.raises(TimeoutError):
        urllib.request.urlopen(ping, timeout=0.5)
    rucio_server.resume(fresh_rucio)
    with urllib.request.urlopen(ping, timeout=60) as answer:
        assert answer.status == 200


def test_nothing_runs_and_nothing_listens_after_stop(fresh_rucio: RucioServer):
    before = processes_of(fresh_rucio)
    assert set(rucio_server.pids(fresh_rucio)) <= before
    assert len(before) >= 3  # gunicorn, its two workers; PostgreSQL has more
    rucio_server.stop(fresh_rucio)
    assert processes_of(fresh_rucio) & before == set()
    assert rucio_server.pids(fresh_rucio) == ()
    with pytest.raises(urllib.error.URLError, match="refused"):
        urllib.request.urlopen(f"{fresh_rucio.url}/ping", timeout=5)
    rucio_server.stop(fresh_rucio)  # once more does no harm


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_it_dies_with_the_process_that_started_it(
    rucio_sqlite: RucioServer, tmp_path: Path, database: str
):
    program = (
        "import sys, time; from pathlib import Path; from srcnet_compiler.demo import rucio_server;"
        "folder, venv = map(Path, sys.argv[1:3]);"
        "server = rucio_server.start(folder, database=sys.argv[3], venv=venv);"
        "print(server.url, *rucio_server.pids(server), flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, tmp_path / "doomed", rucio_sqlite.venv, database],
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        url, *started = parent.stdout.readline().split()
        family = {int(each) for each in started}
        family |= descendants(family)
        assert all(is_running(each) for each in family)
        parent.send_signal(signal.SIGKILL)
    for each in family:
        wait_for_end(each)
    with pytest.raises(urllib.error.URLError, match="refused"):
        urllib.request.urlopen(f"{url}/ping", timeout=5)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's PostgreSQL lies outside the folder")
def test_what_a_killed_servers_database_left_is_removed_by_the_next(
    rucio_postgresql: RucioServer, tmp_path: Path
):
    program = (
        "import os, sys; from pathlib import Path; from srcnet_compiler.demo import postgresql;"
        "print(postgresql.start(Path(sys.argv[1])).data, flush=True); os.kill(os.getpid(), 9)"
    )
    (tmp_path / "log").mkdir()
    killed = subprocess.run(
        [sys.executable, "-c", program, tmp_path], stdout=subprocess.PIPE, text=True, check=False
    )
    left = Path(killed.stdout.strip())
    assert killed.returncode == -signal.SIGKILL
    assert left.is_dir()
    postgresql.stop(postgresql.start(tmp_path))
    assert not left.parent.exists()
    assert connect(rucio_postgresql).whoami()["account"] == "root"  # a living one's was not


def test_files_with_passwords_are_for_us_alone_and_no_command_line_has_one(rucio: RucioServer):
    with_password = [
        path
        for path in rucio.folder.rglob("*")
        if path.is_file() and rucio.password in path.read_bytes().decode(errors="replace")
    ]
    assert {path.name for path in with_password} == {"server.cfg", "client.cfg"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in with_password} == {0o600}
    for each in processes_of(rucio):
        shown = (
            Path(f"/proc/{each}/cmdline").read_bytes() + Path(f"/proc/{each}/environ").read_bytes()
        )
        assert rucio.password.encode() not in shown
    assert rucio.password not in repr(rucio)


def test_a_folder_with_something_in_it_is_refused(rucio_sqlite: RucioServer, tmp_path: Path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ServerError, match="not empty"):
        rucio_server.start(tmp_path, database="sqlite", venv=rucio_sqlite.venv)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_server_that_does_not_come_up_says_what_its_log_says(
    rucio_sqlite: RucioServer, tmp_path: Path
):
    venv = tmp_path / "venv"  # has a Python, and no Rucio
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(sys.executable)
    with pytest.raises(ServerError) as caught:
        rucio_server.start(tmp_path / "server", database="sqlite", venv=venv)
    assert "making Rucio's tables ended with status 1" in str(caught.value)
    assert "Error" in str(caught.value)


def processes_of(server: RucioServer) -> set[int]:
    """The server's processes that run, with all that descend from them."""
    family = {pid for pid in rucio_server.pids(server) if is_running(pid)}
    return family | descendants(family)
