"""The host that changes are applied on by ssh: it lets our key in, and ends with the test."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from process_table import descendants, is_running

from srcnet_compiler.demo import sshd as sshd_server
from srcnet_compiler.demo.processes import wait_until
from srcnet_compiler.demo.slurm_clusters import Cluster, Slurm
from srcnet_compiler.demo.sshd import Sshd

pytestmark = pytest.mark.live("sshd")


def ssh(argv: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_command_runs_there_as_our_account(sshd: Sshd):
    done = ssh(sshd.command("id", "-un"))
    assert (done.stdout.strip(), done.returncode) == (sshd.user, 0)
    assert ssh(sshd.command("exit", "3")).returncode == 3


def test_another_key_is_refused(sshd: Sshd, tmp_path: Path):
    ssh(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "other")])
    config = tmp_path / "config"
    text = sshd.client_config.read_text()
    config.write_text(text.replace(f"File {sshd.key}", f"File {tmp_path / 'other'}"))
    done = ssh(["ssh", "-F", str(config), sshd.name, "true"])
    assert done.returncode == 255
    assert "Permission denied" in done.stderr


def test_a_host_that_shows_another_key_is_not_talked_to(sshd: Sshd, tmp_path: Path):
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{sshd.port} {Path(f'{sshd.key}.pub').read_text()}")
    done = ssh(["ssh", "-F", str(sshd.client_config), f"-oUserKnownHostsFile={known}", sshd.name])
    assert "Host key verification failed" in done.stderr


def test_a_unix_socket_is_reached_through_it(sshd: Sshd, tmp_path: Path):
    there, here = tmp_path / "there", tmp_path / "here"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(there))
        listener.listen()
        answering = threading.Thread(target=say_hello, args=[listener])
        answering.start()
        tunnel = subprocess.Popen(
            [*sshd.command()[:-1], "-N", f"-L{here}:{there}", sshd.name], stdin=subprocess.DEVNULL
        )
        try:
            wait_until(here.exists, what="the tunnel", log=sshd.log, seconds=30)
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(here))
                assert client.recv(5) == b"hello"
        finally:
            tunnel.terminate()
            tunnel.wait()
        answering.join()


def say_hello(listener: socket.socket) -> None:
    with listener.accept()[0] as connection:
        connection.sendall(b"hello")


def test_files_are_copied_by_sftp(sshd: Sshd, tmp_path: Path):
    (tmp_path / "here").write_text("text")
    target = f"{sshd.name}:{tmp_path / 'there'}"
    done = ssh(["scp", "-q", "-F", str(sshd.client_config), str(tmp_path / "here"), target])
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "there").read_text() == "text"


def test_nothing_is_left_after_the_end_not_even_a_session(tmp_path: Path):
    with sshd_server.running(tmp_path / "host", environment={"SITE": "a b"}) as server:
        session = subprocess.Popen(
            server.command('echo "$SITE $$"; exec sleep 600'), stdout=subprocess.PIPE, text=True
        )
        *site, shell = session.stdout.readline().split()
        assert site == ["a", "b"]
        family = {int(shell)} | descendants({int(shell)})
    assert not any(map(is_running, family))
    assert session.wait(30) == 255
    session.stdout.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port)).close()


@pytest.mark.live("slurm")
def test_slurms_commands_meet_the_cluster_of_the_host(
    slurm: Slurm, sshd_of: Callable[[Cluster], Sshd]
):
    for cluster in slurm.clusters:
        done = ssh(sshd_of(cluster).command("sinfo -h -N -o %N"))
        assert done.stdout.split() == list(cluster.spec.node_names)
