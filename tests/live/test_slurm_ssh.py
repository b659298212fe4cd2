"""A controller that is reached by ssh: what is done there, who is not let in, and connections that
are cut."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Timer
from typing import Any

import pytest
from slurm_apply_cases import (
    bad,
    bounds,
    carry_out,
    lent,
    nothing,
    seen,
    to_reach,
    wanted,
)

from srcnet_compiler.apply.receipt import Status, exit_code
from srcnet_compiler.demo import sshd
from srcnet_compiler.demo.processes import free_port
from srcnet_compiler.demo.slurm_clusters import Cluster, Slurm, ask
from srcnet_compiler.demo.sshd import Sshd
from srcnet_compiler.targets.protocol import RefusedError, UnreachableError
from srcnet_compiler.targets.slurm import diff
from srcnet_compiler.targets.slurm.live import (
    Host,
    SshRunner,
    here,
    open_connection,
    read,
    rights,
    ssh,
)
from srcnet_compiler.targets.slurm.model.things import Partition, Qos, Reservation

pytestmark = [pytest.mark.live("slurm"), pytest.mark.live("sshd")]


@pytest.fixture
def cluster(fresh_slurm: Slurm) -> Iterator[Cluster]:
    yield from lent(fresh_slurm)


@pytest.fixture
def server(cluster: Cluster, sshd_of: Callable[[Cluster], Sshd]) -> Sshd:
    return sshd_of(cluster)


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder in which a unix socket still has a name."""
    with TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)


def by_ssh(there: Cluster, server: Sshd, **other: Any) -> dict[str, Any]:
    """As the specs of a site say how its controller is reached."""
    return {
        **here(bounds(there), str(there.slurm_conf)),
        "host": "127.0.0.1",
        "port": server.port,
        "user": server.user,
        "private_key": server.key.read_text("ascii"),
        "host_key": server.host_key,
        **other,
    }


def test_every_kind_of_change_is_done_and_undone_by_ssh(
    cluster: Cluster, server: Sshd, tmp_path: Path
):
    connections = {f"slurm/{cluster.name}": by_ssh(cluster, server)}
    before = server.log.read_text().count("Accepted publickey")
    for model in (wanted(cluster), nothing(wanted(cluster))):
        plan = to_reach(cluster, model)
        assert bad(carry_out(cluster, plan, tmp_path, connections=connections)) == []
        assert diff.diff(model, seen(cluster)) == ()
    assert server.log.read_text().count("Accepted publickey") == before + 2, "one login each"


def test_what_is_read_by_ssh_is_what_is_there(cluster: Cluster, server: Sshd):
    controller = open_connection(by_ssh(cluster, server))
    try:
        assert read(controller.runner, bounds(cluster)) == seen(cluster)
        assert str(controller.files.conf) == str(cluster.slurm_conf)
    finally:
        controller.close()


def test_the_configuration_is_found_where_the_specs_do_not_name_it(cluster: Cluster, server: Sshd):
    said = by_ssh(cluster, server)
    del said["slurm_conf"]  # the sessions of this host have it in their environment
    controller = open_connection(said)
    controller.close()
    assert str(controller.files.conf) == str(cluster.slurm_conf)


def test_no_key_is_in_a_file_or_among_the_arguments_of_a_process(
    cluster: Cluster, server: Sshd, short: Path, monkeypatch: pytest.MonkeyPatch
):
    scratch = short
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    controller = open_connection(by_ssh(cluster, server))
    try:
        secret = server.key.read_text("ascii").splitlines()[2]
        listed = subprocess.run(["ps", "axwwe"], capture_output=True, text=True, check=True)
        assert "ssh" in listed.stdout
        assert secret not in listed.stdout
        for path in scratch.rglob("*"):
            assert not path.is_file() or secret not in path.read_text("utf-8", "replace")
    finally:
        controller.close()
    assert list(scratch.iterdir()) == []


def other_key(folder: Path, *options: str) -> str:
    path = folder / secrets.token_hex(4)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-f", str(path), *options], check=True)
    return path.read_text("ascii")


def test_whoever_is_not_let_in_is_told_why(cluster: Cluster, server: Sshd, tmp_path: Path):
    stranger = other_key(tmp_path, "-N", "")
    locked = other_key(tmp_path, "-N", "a passphrase")
    for said, error, words in (
        ({"private_key": stranger}, RefusedError, "does not accept our key"),
        ({"private_key": locked}, RefusedError, "has a passphrase"),
        ({"private_key": "-----BEGIN x PRIVATE KEY-----"}, RefusedError, "cannot be used"),
        ({"user": "nobody-of-ours"}, RefusedError, "does not accept our key"),
        ({"port": free_port()}, UnreachableError, "cannot be reached by ssh"),
        ({"host": "no-such-host.invalid"}, UnreachableError, "cannot be reached by ssh"),
        ({"cluster": "another"}, RefusedError, "not `another`"),
    ):
        with pytest.raises(error, match=words) as told:
            open_connection(by_ssh(cluster, server, **said))
        assert stranger.splitlines()[2] not in str(told.value)


def host(server: Sshd) -> Host:
    return Host("127.0.0.1", server.port, server.user, server.key.read_text("ascii"),
                server.host_key)  # fmt: skip


def test_a_shell_that_talks_before_commands_is_said(tmp_path: Path):
    talks = 'echo Welcome; exec sh -c "$SSH_ORIGINAL_COMMAND"'
    with (
        sshd.running(tmp_path / "sshd", forced=talks) as server,
        pytest.raises(UnreachableError, match="says `Welcome` before any command is run"),
    ):
        SshRunner(host(server))


def test_a_login_that_never_answers_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ssh, "ANSWER_SECONDS", 2)
    quiet = '[ "$SSH_ORIGINAL_COMMAND" = true ] || exec sleep 300'
    with (
        sshd.running(tmp_path / "sshd", forced=quiet) as server,
        pytest.raises(UnreachableError, match="no answer comes in 2 s"),
    ):
        SshRunner(host(server))


def test_a_host_with_another_key_than_the_specs_pin_is_not_logged_in_to(
    cluster: Cluster, server: Sshd, tmp_path: Path
):
    other_key(tmp_path, "-N", "")
    public = next(tmp_path.glob("*.pub")).read_text("ascii")
    kind, key, *_ = public.split()
    for host_key in (f"{kind} {key}", None):  # None: nobody has ever seen this host
        said = by_ssh(cluster, server, host_key=host_key)
        if host_key is None:
            del said["host_key"]
        with pytest.raises(UnreachableError, match="has not the key that"):
            open_connection(said)


def test_a_connection_that_is_cut_in_the_middle_leaves_nothing_half_done(
    cluster: Cluster, server: Sshd, tmp_path: Path
):
    connections = {f"slurm/{cluster.name}": by_ssh(cluster, server)}
    plan = to_reach(cluster, wanted(cluster))
    done = 0

    def cut(step: Any) -> None:
        nonlocal done
        done += step.status is not None
        if done == 3:
            server.answer(False)
            server.cut()

    try:
        receipt = carry_out(cluster, plan, tmp_path, connections=connections, progress=cut)
    finally:
        server.answer(True)
    assert exit_code(receipt) == 69
    assert len(receipt.of(Status.DONE)) >= 3
    assert bad(carry_out(cluster, plan, tmp_path, connections=connections)) == []
    assert diff.diff(wanted(cluster), seen(cluster)) == ()
    end = to_reach(cluster, nothing(wanted(cluster)))
    assert bad(carry_out(cluster, end, tmp_path, connections=connections)) == []


def test_a_connection_that_is_cut_while_a_command_runs_is_said(cluster: Cluster, server: Sshd):
    controller = open_connection(by_ssh(cluster, server))
    cutting = Timer(1, server.cut)
    cutting.start()
    try:
        with pytest.raises(UnreachableError, match="cannot be reached by ssh"):
            controller.runner.run(["sleep", "30"])
        assert controller.runner.run(["echo", "again"]).out == "again\n"
    finally:
        cutting.join()
        controller.close()


# ── a login that is not root's ────────────────────────────────────────────────────────────────

LOGIN = "ska-test-b"


@pytest.fixture
def login(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """The controller for a user who may write our file, and is known to Slurm with no rights."""
    folder = tmp_path_factory.mktemp("login") / "sshd"
    site = ("sacctmgr", "-i", "add", "user", f"name={LOGIN}", "account=root")
    ask(cluster, *site)
    owned = (cluster.fragment, cluster.fragment.parent)
    before = [path.stat() for path in owned]
    for path in owned:
        shutil.chown(path, LOGIN, LOGIN)
    environment = {"SLURM_CONF": str(cluster.slurm_conf)}
    with sshd.running(folder, environment=environment, user=LOGIN) as server:
        yield server
    for path, was in zip(owned, before, strict=True):
        os.chown(path, was.st_uid, was.st_gid)
    ask(cluster, "sacctmgr", "-i", "delete", "user", f"name={LOGIN}")


KINDS = ("qos", "reservation", "partition")


def rights_of(cluster: Cluster, login: Sshd) -> list[bool | None]:
    controller = open_connection(by_ssh(cluster, login))
    try:
        manages = ("accounting", "reservations", "partitions")
        return [right.may for right in rights(controller, manages)]
    finally:
        controller.close()


def made(cluster: Cluster, login: Sshd, state: Path, kind: str) -> bool:
    """Whether one thing of a kind can be made; it is taken away again."""
    things: dict[str, Any] = {
        "qos": Qos("ska-one", priority=1),
        "reservation": Reservation(
            "ska_one", "2031-07-22T07:30:00", 3600, cluster.spec.node_names[1], users=(LOGIN,)
        ),
        "partition": Partition("ska", cluster.spec.node_names[0], allow_accounts=("root",)),
    }
    key = {"qos": "qos", "reservation": "reservations", "partition": "partitions"}[kind]
    model = replace(bounds(cluster), **{key: {things[kind].name: things[kind]}})
    plan = to_reach(cluster, model)
    connections = {f"slurm/{cluster.name}": by_ssh(cluster, login)}
    receipt = carry_out(cluster, plan, state, connections=connections)
    if complaints := bad(receipt):
        print(kind, complaints)
        assert diff.diff(model, seen(cluster)) != ()
        return False
    assert bad(carry_out(cluster, to_reach(cluster, nothing(model)), state)) == []
    return True


@pytest.mark.parametrize(
    ("level", "may"),
    [
        ("none", [False, False, False]),
        ("operator", [False, True, False]),
        ("admin", [True, True, True]),
    ],
)
def test_a_login_has_the_rights_that_the_doctor_says(
    level: str, may: list[bool], cluster: Cluster, login: Sshd, tmp_path: Path
):
    where = ("sacctmgr", "-i", "modify", "user", "where", f"name={LOGIN}")
    if level != "none":
        ask(cluster, *where, "set", f"adminlevel={level}")
    ask(cluster, "scontrol", "reconfigure")
    said = rights_of(cluster, login)
    assert said[:3] == may
    assert said[3:] == [True, True], "it may write our file, and try it on a copy"
    assert [made(cluster, login, tmp_path / kind, kind) for kind in KINDS] == may
