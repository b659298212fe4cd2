"""Slurm's own judgement of a candidate fragment, before a byte of the site's is changed.

First its parser, then a real slurmctld on a scratch copy of the site's configuration, in
namespaces of its own: no network, no munge, its own state. Takes the rights to make namespaces:
root, or a kernel that lets users have their own. There is no `slurmctld -t` in any version.
"""

import os
import re
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from srcnet_compiler.targets.slurm.live.runner import LocalRunner, Ran
from srcnet_compiler.targets.slurm.model.fragment import FragmentLine, fragment_lines
from srcnet_compiler.targets.slurm.model.objection import Objection

_STATE = ("assoc_mgr_state", "assoc_usage", "qos_usage", "last_tres", "clustername")
"""What slurmctld must find of the database to judge QOS without it."""
_REPLACED = re.compile(
    r"^\s*(AuthType|CredType|AuthInfo|AuthAlt[A-Za-z]*|StateSaveLocation|SlurmctldPidFile"
    r"|SlurmctldLogFile|SlurmUser|SlurmctldDebug|SlurmctldSyslogDebug|AccountingStoragePass"
    r"|SlurmSchedLogFile|SlurmctldHost|SlurmctldPrimaryOnProg|SlurmctldParameters|MailProg"
    r"|JobCompType|SwitchType|TopologyPlugin)\s*=",
    re.IGNORECASE,
)
_INCLUDE = re.compile(r"^\s*Include\s+(\S+)", re.IGNORECASE | re.MULTILINE)
_HOST = re.compile(r"^\s*SlurmctldHost\s*=\s*([^(\s]+)", re.IGNORECASE | re.MULTILINE)
# What a daemon without a network, a database and a past complains of in any case.
_NOISE = re.compile(
    r"pmi|state file|state save|MailProg|backup|fed_mgr|persist|slurmdbd|with accounting|DBD"
    r"|auth_none|auth/none|cred/none|NOTE: Trying|no_consume|gethostbyname|chdir|clusterid"
    r"|No such file or directory$|get_addr_info|xgetaddrinfo|Unable to resolve|hash plugin",
    re.IGNORECASE,
)
_SAYS = re.compile(r"^(?:\[[^\]]*\] )?(?:\w+: )?(error|fatal): (.*)$")
_PARSED = re.compile(r'Parse error in file (\S+) line (\d+): "\s*(.*)"')
_PARTITION = re.compile(r"[Pp]artition (\S+?)[,.]?(?:\s|$)")
_QUOTED = re.compile(r'"([^"]*)"')
_PARTS = re.compile(r"[,\[\]:]")
_TOKEN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_SECONDS = 10.0

_SCRIPT = """
ip link set lo up 2>/dev/null; ip addr add 10.255.255.1/32 dev lo 2>/dev/null; hostname "$2"
mount -t tmpfs tmpfs /run 2>/dev/null
export SLURM_CONF="$1/etc/slurm.conf"
slurmctld -D >"$1/said" 2>&1 &
daemon=$!
for _ in $(seq 1 400); do
    kill -0 $daemon 2>/dev/null || exit 2
    if grep -q 'Running as primary controller' "$1/said"; then
        sleep 0.05
        kill -0 $daemon 2>/dev/null || exit 2
        timeout 5 scontrol -a -o show partition >"$1/partitions" 2>/dev/null
        timeout 5 scontrol -o show node >"$1/nodes" 2>/dev/null
        exit 0
    fi
    sleep 0.02
done
exit 4
"""


@dataclass(frozen=True, slots=True)
class SiteFiles:
    """A site's folder with slurm.conf, and its StateSaveLocation where it can be read.

    `fragment` is our file as slurm.conf includes it, an absolute path.
    """

    folder: Path
    fragment: Path
    state: Path | None = None


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What Slurm objects to, and the partitions and nodes there would be, as `scontrol -a -o` shows
    them: empty where it does not come up, or does not answer."""

    objections: tuple[Objection, ...]
    partitions: str = ""
    nodes: str = ""


def rehearse(site: SiteFiles, candidate: str) -> tuple[Objection, ...]:
    """What Slurm objects to when the fragment is `candidate`; nothing is written to the site.

    Raises OSError where the site's files cannot be read.
    """
    return foresee(site, candidate).objections


def foresee(site: SiteFiles, candidate: str) -> Rehearsal:
    """As `rehearse`, with what a daemon makes of the files alone: a reconfigure forgets what was
    changed by hand since they were written."""
    with TemporaryDirectory(prefix="srcnet-slurm-") as scratch:
        ours = _copy(site, candidate, Path(scratch))
        lines = tuple(fragment_lines(candidate))
        missing = tuple(_missing_includes(Path(scratch) / "etc"))
        if missing:  # the parser would try again for a minute
            return Rehearsal(missing)
        if first := tuple(_parser(Path(scratch), ours, lines)):
            return Rehearsal(first)
        objections = tuple(_daemon(Path(scratch), lines))
        shown = (Path(scratch) / name for name in ("partitions", "nodes"))
        return Rehearsal(objections, *(p.read_text("utf-8") if p.exists() else "" for p in shown))


def _copy(site: SiteFiles, candidate: str, scratch: Path) -> Path:
    """The site's configuration with the candidate in it; gives the place of the candidate."""
    etc = scratch / "etc"
    shutil.copytree(site.folder, etc, ignore=_secrets)
    inside = site.fragment.is_relative_to(site.folder)
    ours = etc / site.fragment.relative_to(site.folder) if inside else etc / site.fragment.name
    ours.parent.mkdir(parents=True, exist_ok=True)
    for path in etc.rglob("*.conf"):
        text = path.read_text("utf-8", "surrogateescape")
        moved = text.replace(str(site.fragment), str(ours)).replace(str(site.folder), str(etc))
        path.write_text(moved, "utf-8", "surrogateescape")
    ours.write_text(candidate, "utf-8")
    (scratch / "state").mkdir()
    (scratch / "spool").mkdir()
    for name in _STATE:
        if site.state and (site.state / name).is_file():
            shutil.copy(site.state / name, scratch / "state" / name)
    return ours


def _secrets(folder: str, names: list[str]) -> list[str]:
    """Keys and the database's password have no part in it."""
    return [n for n in names if n in ("slurmdbd.conf", "munge.key") or n.endswith(".key")]


def _missing_includes(etc: Path) -> Iterator[Objection]:
    for path in sorted(etc.rglob("*.conf")):
        for name in _INCLUDE.findall(path.read_text("utf-8", "surrogateescape")):
            if "*" not in name and "%" not in name and not (etc / name).exists():
                yield Objection(1, f"{path.name} includes {name}, which is not there", fatal=True)


def _parser(scratch: Path, ours: Path, lines: tuple[FragmentLine, ...]) -> Iterator[Objection]:
    """Level 1, some 10 ms: a client reads the configuration, as each of them does."""
    runner = LocalRunner({"SLURM_CONF": str(scratch / "etc" / "slurm.conf")}, seconds=_SECONDS)
    ran = runner.run(["scontrol", "show", "hostnames", "x1"])
    if ran.code == 0:
        return
    said = [match[2] for line in ran.err.splitlines() if (match := _SAYS.match(line))]
    reason = next((text for text in said if "Parsing error" in text or "not a valid" in text), "")
    parsed = next((match for text in said if (match := _PARSED.search(text))), None)
    if parsed is None:
        text = said[0] if said else _last(ran)
        yield Objection(1, _plain(scratch, text), line_meant(text, lines), fatal=True)
        return
    line = int(parsed[2]) if Path(parsed[1]) == ours else None
    text = reason or f"cannot read `{parsed[3]}`"
    yield Objection(1, _plain(scratch, text), line=line, fatal=True)


def _daemon(scratch: Path, lines: tuple[FragmentLine, ...]) -> Iterator[Objection]:
    """Level 2, some 0.2 s: the daemon itself, until it is up or gone."""
    conf = scratch / "etc" / "slurm.conf"
    text = conf.read_text("utf-8", "surrogateescape")
    match = _HOST.search(text)
    host = match[1] if match else socket.gethostname()
    kept = [line for line in text.splitlines() if not _REPLACED.match(line)]
    kept += [
        f"SlurmctldHost={host}(127.0.0.1)",
        "AuthType=auth/none",
        "CredType=cred/none",
        "SlurmUser=root",
        f"StateSaveLocation={scratch}/state",
        f"SlurmctldPidFile={scratch}/slurmctld.pid",
        "SlurmctldDebug=info",
    ]
    conf.write_text("\n".join(kept) + "\n", "utf-8", "surrogateescape")
    unshare = ["unshare", "--net", "--uts", "--mount", "--pid", "--fork", "--kill-child"]
    if os.geteuid() != 0:
        unshare[1:1] = ["--user", "--map-root-user"]
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    runner = LocalRunner({"PATH": path}, seconds=_SECONDS)
    ran = runner.run([*unshare, "bash", "-c", _SCRIPT, "rehearsal", str(scratch), host])
    said = scratch / "said"
    output = said.read_text("utf-8", "replace") if said.exists() else ""
    found = dict.fromkeys(
        (match[1], match[2])
        for line in output.splitlines()
        if (match := _SAYS.match(line)) and not _NOISE.search(line)
    )
    for severity, message in found:
        yield Objection(
            2,
            _plain(scratch, message),
            line=line_meant(message, lines),
            fatal=severity == "fatal",
        )
    if ran.code and not any(severity == "fatal" for severity, _ in found):
        yield Objection(2, f"it does not come up: {_last(ran, output)}", fatal=True)


def line_meant(message: str, lines: tuple[FragmentLine, ...]) -> int | None:
    """The line of the fragment that a message is about; None: none of them.

    By the partition it names; else by a value it names, the last that has it, since a second one
    is the one that is wrong; else by a key.
    """
    named = _PARTITION.search(message)
    if named is not None:
        for line in reversed(lines):
            if line.name and line.name == named[1]:
                return line.number
    tokens = {*_TOKEN.findall(message), *_QUOTED.findall(message)}
    for line in reversed(lines):
        words = line.words[1:] if line.name else line.words
        values = {part for _, value in words for part in (value, *_PARTS.split(value))}
        if tokens & values - {"", line.name, "UP", "YES", "NO"}:
            return line.number
    for line in reversed(lines):
        if not line.name and tokens & {key for key, _ in line.words}:
            return line.number
    return None


def _plain(scratch: Path, text: str) -> str:
    return text.replace(f"{scratch}/", "").strip()


def _last(ran: Ran, output: str = "") -> str:
    lines = [line for line in (*output.splitlines(), *ran.err.splitlines()) if line.strip()]
    return lines[-1].strip() if lines else f"it ends with {ran.code} and says nothing"
