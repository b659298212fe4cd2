"""One module call through ansible-runner: start it, watch it, end it.

Ansible transports and nothing more: what may happen and what did is decided and recorded by the
gate (gate.py). What Ansible says of itself is only checked against that, because it calls a run
without hosts a success.
"""

import json
import os
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srcnet_compiler.apply.fence import SYSTEM_PATH, Fence, best_fence, fenced
from srcnet_compiler.apply.gate import Gate
from srcnet_compiler.apply.wire import Call
from srcnet_compiler.change import Json

if TYPE_CHECKING:
    from ansible_runner.config.runner import RunnerConfig

PROJECT = Path(__file__).parent / "project"
PACKAGE_FOLDER = Path(__file__).parents[2]
HOST = "localhost"
JOB_SECONDS = 6 * 3600
GRACE_SECONDS = 15.0
"""How long a call that was asked to stop may take for the change in flight."""
HEARING_SECONDS = 0.2
"""How long ansible-runner may take to notice that a call is to be ended."""
STARTING_SECONDS = 300.0
"""How long a module may take to come to the gate."""
LAST_WORDS = 2000


@dataclass(slots=True)
class Stop:
    """Asks a call to end: `gently` after the change in flight, `now` whatever it does."""

    gently: threading.Event = field(default_factory=threading.Event)
    now: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What Ansible said. `trouble` is None when it reached every host and each said ok."""

    trouble: str | None
    canceled: bool = False


@dataclass(slots=True)
class Events:
    """What is kept of Ansible's events; none is written to disk."""

    hosts: frozenset[str]
    stats: Mapping[str, Mapping[str, int]] | None = None
    no_hosts: bool = False
    complaints: list[str] = field(default_factory=list)
    last_words: str = ""

    def __call__(self, event: Mapping[str, Any]) -> bool:
        data = event.get("event_data") or {}
        match event.get("event"):
            case "playbook_on_stats":
                self.stats = data
            case "playbook_on_no_hosts_matched":
                self.no_hosts = True
            case "runner_on_failed" | "runner_on_unreachable":
                result = data.get("res") or {}
                self.complaints.append(str(result.get("msg") or "no reason given"))
        self.last_words = (self.last_words + str(event.get("stdout") or ""))[-LAST_WORDS:]
        return False  # do not keep the event in a file

    def trouble(self, status: str) -> str | None:
        """Why the run was no success; None when it was."""
        if self.no_hosts:
            return "no host matched: nothing was done"
        if self.complaints:
            return "; ".join(dict.fromkeys(self.complaints))
        if status != "successful":
            return f"ansible-playbook ended as `{status}` {self.last_words.strip()}".strip()
        stats = self.stats or {}
        missing = sorted(self.hosts - set(stats.get("ok", {})))
        bad = sorted({*stats.get("dark", {}), *stats.get("failures", {})})
        if missing or bad:
            return f"not every host said ok: {', '.join(missing + bad)}"
        return None


def run(
    call: Call,
    changes: list[Json],
    gate: Gate,
    folder: Path,
    lock: Path,
    stop: Stop,
    *,
    rehearsal: bool = False,
    fence: Fence | None = None,
) -> Outcome:
    """Make one call and wait for its end; the thread that calls must live as long.

    `folder` is private and ends with the run, `lock` is the target's lock. Nothing of the call is
    running any more on return, provided the fence holds.
    """
    import ansible_runner

    path = folder / "changes.json"
    private_text(path, json.dumps(changes, ensure_ascii=False))
    scratch = folder / "scratch"
    scratch.mkdir(mode=0o700)
    (folder / "runner").mkdir(mode=0o700)
    hosts = {
        HOST: {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "srcnet_changes": str(path),
            "srcnet_gate": str(gate.path),
            "srcnet_lock": str(lock),
            "srcnet_package": str(PACKAGE_FOLDER),
        }
    }
    environment = _environment(scratch)
    events = Events(frozenset(hosts))
    runner = ansible_runner.interface.init_runner(
        private_data_dir=str(folder / "runner"),
        project_dir=str(PROJECT),
        playbook=f"apply-{call.system.target}.yml",
        inventory={"all": {"hosts": hosts}},
        cmdline="--check" if rehearsal else None,
        envvars=environment,
        quiet=True,
        suppress_env_files=True,
        event_handler=events,
        cancel_callback=lambda: stop.now.is_set() or _is_stuck(gate),
        settings={
            "pexpect_timeout": HEARING_SECONDS,
            "job_timeout": JOB_SECONDS,
            "suppress_output_file": True,
        },
    )
    _confine(runner.config, environment, best_fence() if fence is None else fence)
    runner.run()
    # Ansible's record of how it was called; ours is the ledger.
    (Path(runner.config.artifact_dir) / "command").unlink(missing_ok=True)
    if runner.status == "canceled":
        why = "stopped" if stop.now.is_set() else "Ansible hung after its module had ended"
        return Outcome(why, canceled=True)
    return Outcome(gate.hide(events.trouble(runner.status) or "") or None)


def _is_stuck(gate: Gate) -> bool:
    """Whether Ansible goes on although its module cannot be: gone for long, or never come."""
    return gate.silence > (GRACE_SECONDS if gate.was_used else STARTING_SECONDS)


def _environment(scratch: Path) -> dict[str, str]:
    """All that Ansible and its module get to see of an environment."""
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return (
        {"LC_ALL": "C.UTF-8"}
        | environment
        | {
            "PATH": SYSTEM_PATH,
            "HOME": str(scratch),
            "TMPDIR": str(scratch),
            "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg"),
            "ANSIBLE_HOME": str(scratch / "ansible"),
            "ANSIBLE_CALLBACK_PLUGINS": "",
            "ANSIBLE_PIPELINING": "1",
            "ANSIBLE_HOST_KEY_CHECKING": "1",
            # The only strategy that notices when a worker of Ansible was killed: the others wait
            # for it for ever. With one host in a run there is nothing to gain from them.
            "ANSIBLE_STRATEGY": "linear",
            "ANSIBLE_NOCOLOR": "1",
        }
    )


_PASSED_ON = (
    *("LANG", "LC_ALL", "LC_CTYPE", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
)
_SET_BY_RUNNER = (
    *("ANSIBLE_STDOUT_CALLBACK", "ANSIBLE_RETRY_FILES_ENABLED", "AWX_ISOLATED_DATA_DIR"),
    *("ANSIBLE_CACHE_PLUGIN", "ANSIBLE_CACHE_PLUGIN_CONNECTION"),
    *("RUNNER_OMIT_EVENTS", "RUNNER_ONLY_FAILED_EVENTS"),
)


def _confine(config: "RunnerConfig", environment: Mapping[str, str], fence: Fence) -> None:
    """Take our own environment out of what the runner has prepared, and put the fence in."""
    config.env = {name: config.env[name] for name in (*environment, *_SET_BY_RUNNER)}
    playbook = [sys.executable, "-m", "ansible", "playbook", *config.command[1:]]
    config.command = fenced(fence, playbook)


def private_text(path: Path, text: str) -> None:
    """Write a file that only we can read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
