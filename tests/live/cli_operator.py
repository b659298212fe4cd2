"""A person at the command line, with specs in a folder and real systems that they describe."""

from __future__ import annotations

import json
import secrets
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cli_runner import TODAY, Ran, begin, edit, golden_specs, srcnet, to_end

from srcnet_compiler.demo.rucio_server import RucioServer

ACCOUNT, IDENTITY = "srcnet-compiler", "srcnet"


@dataclass(kw_only=True)
class Typist:
    """`environment` holds secrets; `said` is all that any command has ever printed; `unsure`:
    something went wrong before."""

    specs: Path
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    said: list[str] = field(default_factory=list)
    unsure: bool = False

    def __call__(self, *args: str | Path, code: int = 0, before: Sequence[str] = ()) -> Ran:
        """Type `srcnet …`, which must end with this code; `before`: under which program."""
        ran = srcnet(*args, cwd=self.specs, env=self.environment, before=before)
        return self.ended(ran, code, *args)

    @contextmanager
    def begin(self, *args: str | Path) -> Iterator[subprocess.Popen[str]]:
        """Type it, and look at something else meanwhile; `end` it before the block does."""
        process = begin(*args, cwd=self.specs, env=self.environment)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()

    def end(self, process: subprocess.Popen[str], code: int) -> Ran:
        """Wait for what was begun."""
        return self.ended(to_end(process), code)

    def ended(self, ran: Ran, code: int, *args: str | Path) -> Ran:
        self.said.append(f"{args} {ran}")
        assert ran.code == code, f"srcnet {' '.join(map(str, args))}: {ran}"
        return ran

    def edit(self, name: str, before: str, after: str) -> None:
        edit(self.specs / name, before, after)

    def done(self) -> int:
        """How many changes the ledger of this folder knows to be carried out."""
        ledger = self.specs / ".srcnet/state/ledger.sqlite"
        try:
            with sqlite3.connect(f"file:{ledger}?mode=ro", uri=True) as db:
                (count,) = db.execute("SELECT count(*) FROM entry WHERE status = 'done'").fetchone()
        except sqlite3.OperationalError:
            return 0  # it is just being made
        finally:
            if "db" in locals():
                db.close()
        return int(count)

    def wait_for(self, process: subprocess.Popen[str], count: int) -> None:
        """Until so many changes are carried out and the process is still at work."""
        wait_until(lambda: self.done() >= count or process.poll() is not None)
        assert process.poll() is None, process.communicate()


@dataclass(kw_only=True)
class Operator(Typist):
    """One whose secret for Rucio is in a file."""

    credentials: Path
    password: str

    def use_password(self, password: str) -> None:
        give_credentials(self.credentials, IDENTITY, password)


def wait_until(true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.02)


def operator(folder: Path, url: str) -> Operator:
    """The golden federation, described as served at `url`; no day changes what it means."""
    specs = golden_specs(folder / "specs")
    federation = specs / "policies/federation.yaml"
    edit(federation, "server: https://rucio.example.org", f"server: {url}")
    edit(federation, "auth: https://auth.example.org", f"auth: {url}")
    credentials = folder / "credentials.json"
    site = specs / "site-specs/chsrc-cscs.yaml"
    without_catalogue(federation)
    (specs / "policies/allocation/cycle-0.yaml").unlink()
    for name in (
        "common",
        "own",
        "services",
        "edge",
    ):  # its clusters are nowhere: they are out of use here
        edit(site, f"    - name: {name} ", f"    - enabled: false\n      name: {name} ")
    edit(federation, "{env: GOLDEN_RUCIO_TOKEN}", f"{{file: {credentials}}}")
    days = "".join(f"[{name}]\ntoday = {TODAY}\n" for name in ("plan", "apply", "verify"))
    (specs / "srcnet.toml").write_text(days)
    password = f"canary-{secrets.token_hex(12)}"
    someone = Operator(specs=specs, credentials=credentials, password=password)
    someone.use_password(someone.password)
    return someone


def without_catalogue(federation: Path) -> None:
    """Its site catalogue is nowhere as well."""
    text = federation.read_text("utf-8")
    federation.write_text(text[: text.index("  siteCatalogue:\n")], "utf-8")


def give_credentials(path: Path, username: str, password: str) -> None:
    path.touch(mode=0o600)
    path.write_text(json.dumps({"username": username, "password": password}))


def bootstrap(someone: Operator, server: RucioServer) -> None:
    """What happens once: accounts by root, and an identity that is let in as the compiler's."""
    from rucio_data import connect

    root = someone.credentials.with_name("root.json")
    give_credentials(root, server.username, server.password)
    ran = someone("bootstrap", "--root-credentials", root, "--yes")
    assert f"done  account {ACCOUNT}" in ran.out
    connect(server).add_identity(
        ACCOUNT, IDENTITY, "USERPASS", "srcnet@localhost", default=True, password=someone.password
    )
