"""Slurm's own judgement of a candidate fragment, before a byte of the site's is changed.

First its parser, then a real slurmctld on a scratch copy of the site's configuration, in
namespaces of its own: no network, no munge, its own state. Takes the rights to make namespaces:
root, or a kernel that lets users have their own. There is no `slurmctld -t` in any version.
"""

import base64
import io
import re
import tarfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from srcnet_compiler.targets.slurm.live.runner import LocalRunner, Runner
from srcnet_compiler.targets.slurm.model.fragment import FragmentLine, fragment_lines
from srcnet_compiler.targets.slurm.model.objection import Objection

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
    r"|No such file or directory$|get_addr_info|xgetaddrinfo|Unable to resolve|hash plugin"
    r"|gettimeofday|accounting information gathered, but not stored|accounting_storage/none",
    re.IGNORECASE,
)
_SAYS = re.compile(r"^(?:\[[^\]]*\] )?(?:\w+: )?(error|fatal): (.*)$")
_PARSED = re.compile(r'Parse error in file (\S+) line (\d+): "\s*(.*)"')
_PARTITION = re.compile(r"[Pp]artition (\S+?)[,.]?(?:\s|$)")
_QUOTED = re.compile(r'"([^"]*)"')
_PARTS = re.compile(r"[,\[\]:]")
_TOKEN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_SCRATCH = "@SCRATCH@"
_ETC = f"{_SCRATCH}/etc"
_OUR_PLACE = re.compile(r"/tmp/srcnet-slurm-\w+/(etc/)?")

_FETCH = r"""
for name; do
    if test -f "$name" && test -r "$name"; then
        printf '%s\0' "$name"; cat -- "$name"; printf '\0'
    fi
done
"""
_READ_BY_SLURM = (
    *("acct_gather.conf", "burst_buffer.conf", "cgroup.conf", "cli_filter.lua", "gres.conf"),
    *("helpers.conf", "job_container.conf", "job_submit.lua", "knl_cray.conf", "knl_generic.conf"),
    *("mpi.conf", "oci.conf", "plugstack.conf", "topology.conf", "topology.yaml"),
)
"""What stands beside slurm.conf. Nothing else of the folder is looked at but what these include:
keys, passwords and the files of others have no part in a copy."""
_SCRIPT = r"""
umask 077
host=$1; state=$2; shift 2
scratch=$(mktemp -d /tmp/srcnet-slurm-XXXXXX) || exit 90
trap 'rm -rf -- "$scratch"' EXIT
trap 'exit 91' HUP INT TERM PIPE
base64 -d | tar -x -C "$scratch" || exit 92
mkdir -p "$scratch/state" "$scratch/spool"
find "$scratch/etc" -type f -exec sed -i "s|@SCRATCH@|$scratch|g; s|@USER@|$(id -un)|g" {} +
say() { printf '@@ %s\n' "$1"; }
say missing
for name; do test -e "$name" || printf '%s\n' "$name"; done | tee "$scratch/missing"
test -s "$scratch/missing" && exit 0
export SLURM_CONF="$scratch/etc/slurm.conf"
say parser
timeout 10 scontrol show hostnames x1 >/dev/null 2>"$scratch/parser"
code=$?
cat "$scratch/parser"
say parsed
echo $code
test $code = 0 || exit 0
for name in assoc_mgr_state assoc_usage qos_usage last_tres clustername; do
    if test -n "$state" && test -r "$state/$name"; then cp -- "$state/$name" "$scratch/state/"; fi
done
mv "$scratch/etc/slurm.conf.daemon" "$scratch/etc/slurm.conf"
if ! test -e "$scratch/state/assoc_mgr_state"; then
    # without what the daemon knows of the database it would not start: then nobody is asked of QOS
    say blind
    echo yes
    find "$scratch/etc" -name '*.conf' -exec sed -i -E \
        -e 's/[[:space:]](QOS|AllowQos|DenyQos)=[^[:space:]]*//Ig' \
        -e '/^[[:space:]]*(AccountingStorage[A-Za-z]*|PriorityWeightTRES)[[:space:]]*=/Id' {} +
fi
cat >"$scratch/inside" <<'END'
ip link set lo up 2>/dev/null; ip addr add 10.255.255.1/32 dev lo 2>/dev/null; hostname "$2"
mount -t tmpfs tmpfs /run 2>/dev/null
$3 slurmctld -D >"$1/said" 2>&1 &
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
END
user=; again=
if test "$(id -u)" != 0; then
    # root of a namespace may set it up, but not drop groups as slurmctld does when root runs it
    user="--user --map-root-user"
    again="unshare --user --map-user=$(id -u) --map-group=$(id -g)"
fi
timeout -s KILL 20 unshare $user --net --uts --mount --pid --fork --kill-child \
    sh "$scratch/inside" "$scratch" "$host" "$again" 2>"$scratch/trouble"
code=$?
for name in said trouble partitions nodes; do
    say $name
    test -e "$scratch/$name" && cat "$scratch/$name"
done
say daemon
echo $code
"""
"""Runs where the site's files are; the candidate and its surroundings come as a tar on stdin."""


@dataclass(frozen=True, slots=True)
class SiteFiles:
    """A site's slurm.conf, and its StateSaveLocation where it can be read, where `runner` runs.

    `fragment` is our file as slurm.conf includes it, an absolute path.
    """

    conf: PurePosixPath
    fragment: PurePosixPath
    state: PurePosixPath | None = None
    runner: Runner = field(default_factory=LocalRunner)

    @property
    def folder(self) -> PurePosixPath:
        """Where slurm.conf is."""
        return self.conf.parent


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What Slurm objects to, and the partitions and nodes there would be, as `scontrol -a -o` shows
    them: empty where it does not come up, or does not answer."""

    objections: tuple[Objection, ...]
    partitions: str = ""
    nodes: str = ""
    knows_qos: bool = True
    """Whether it was judged which QOS there are: where nobody may read what the daemon has kept of
    the database, they are taken out."""


def rehearse(site: SiteFiles, candidate: str) -> tuple[Objection, ...]:
    """What Slurm objects to when the fragment is `candidate`; nothing is written to the site.

    Raises OSError where the site's files cannot be read.
    """
    return foresee(site, candidate).objections


def foresee(site: SiteFiles, candidate: str) -> Rehearsal:
    """As `rehearse`, with what a daemon makes of the files alone: a reconfigure forgets what was
    changed by hand since they were written."""
    lines = tuple(fragment_lines(candidate))
    files, elsewhere = _surroundings(site, candidate)
    conf = files["slurm.conf"]
    if missing := tuple(_missing_includes(files)):  # the parser would try again for a minute
        return Rehearsal(missing)
    match = _HOST.search(conf)
    host = match[1] if match else "localhost"
    answer = _answer(site, {**files, "slurm.conf.daemon": _for_the_daemon(conf, host)}, host,
                     elsewhere)  # fmt: skip
    if missing := tuple(_gone(answer)):
        return Rehearsal(missing)
    if first := tuple(_parser(answer, site, lines)):
        return Rehearsal(first)
    objections = tuple(_daemon(answer, lines))
    knows_qos = not answer["blind"]
    return Rehearsal(objections, answer["partitions"], answer["nodes"], knows_qos)


def _surroundings(site: SiteFiles, candidate: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """The site's configuration with the candidate in it, by path below its folder, and the names of
    files elsewhere that it includes."""
    beside = [str(site.folder / name) for name in (site.conf.name, *_READ_BY_SLURM)]
    found = _fetch(site, beside)
    if str(site.conf) not in found:
        raise OSError(f"the site's configuration cannot be read: {site.conf}")
    # what is included, in the folder; what is elsewhere stays there
    while more := [name for name in _included(site, found.values()) if name not in found]:
        found |= dict.fromkeys(more) | _fetch(site, more)
    texts = {
        str(PurePosixPath(path).relative_to(site.folder)): text
        for path, text in found.items()
        if text is not None
    }
    texts["slurm.conf"] = texts.pop(site.conf.name)
    inside = site.fragment.is_relative_to(site.folder)
    ours = str(site.fragment.relative_to(site.folder)) if inside else site.fragment.name
    moved = {
        name: text.replace(str(site.fragment), f"{_ETC}/{ours}").replace(str(site.folder), _ETC)
        for name, text in texts.items()
    }
    moved[ours] = candidate
    elsewhere = {
        name
        for text in moved.values()
        for name in _INCLUDE.findall(text)
        if name.startswith("/") and "*" not in name and "%" not in name
    }
    return moved, tuple(sorted(elsewhere))


def _fetch(site: SiteFiles, names: Sequence[str]) -> dict[str, str | None]:
    """The texts of those of these files that are there."""
    pieces = site.runner.run(["sh", "-c", _FETCH, "srcnet", *names]).out.split("\0")
    return dict(zip(pieces[::2], pieces[1::2], strict=False))


def _included(site: SiteFiles, texts: Iterable[str | None]) -> Iterator[str]:
    """The files below the folder that some of these texts include, by their full names."""
    for name in dict.fromkeys(n for text in texts for n in _INCLUDE.findall(text or "")):
        path = site.folder / name
        if path.is_relative_to(site.folder) and ".." not in path.parts:
            yield str(path)


def _missing_includes(files: Mapping[str, str]) -> Iterator[Objection]:
    for path, text in sorted(files.items()):
        for name in _INCLUDE.findall(text):
            inside = name.removeprefix(f"{_ETC}/")
            if inside.startswith("/") or "*" in name or "%" in name or inside in files:
                continue
            yield Objection(1, f"{path} includes {inside}, which is not there", fatal=True)


def _gone(answer: Mapping[str, str]) -> Iterator[Objection]:
    for name in answer["missing"].splitlines():
        yield Objection(1, f"slurm.conf includes {name}, which is not there", fatal=True)


def _for_the_daemon(conf: str, host: str) -> str:
    """The configuration for a daemon without network, munge and database."""
    kept = [line for line in conf.splitlines() if not _REPLACED.match(line)]
    kept += [
        f"SlurmctldHost={host}(127.0.0.1)",
        "AuthType=auth/none",
        "CredType=cred/none",
        "SlurmUser=@USER@",
        f"StateSaveLocation={_SCRATCH}/state",
        f"SlurmctldPidFile={_SCRATCH}/slurmctld.pid",
        "SlurmctldDebug=info",
    ]
    return "\n".join(kept) + "\n"


def _answer(
    site: SiteFiles, files: Mapping[str, str], host: str, elsewhere: tuple[str, ...]
) -> Mapping[str, str]:
    """What the script says, by its headings; empty where it did not come that far."""
    state = str(site.state) if site.state else ""
    script = ["sh", "-c", _SCRIPT, "srcnet", host, state, *elsewhere]
    ran = site.runner.run(script, _bundle(files))
    if ran.code:
        raise OSError(f"nothing can be tried on a copy there: {_last(ran.err, ran.code)}")
    answer: dict[str, str] = defaultdict(str)
    heading = ""
    for line in ran.out.splitlines(keepends=True):
        if line.startswith("@@ "):
            heading = line.removeprefix("@@ ").strip()
        else:
            answer[heading] += line
    return answer


def _bundle(files: Mapping[str, str]) -> str:
    """A tar of them below etc/, as text."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, text in sorted(files.items()):
            content = text.encode("utf-8")
            entry = tarfile.TarInfo(f"etc/{name}")
            entry.size, entry.mode = len(content), 0o600
            tar.addfile(entry, io.BytesIO(content))
    return base64.b64encode(stream.getvalue()).decode("ascii")


def _parser(
    answer: Mapping[str, str], site: SiteFiles, lines: tuple[FragmentLine, ...]
) -> Iterator[Objection]:
    """Level 1, some 10 ms: a client reads the configuration, as each of them does."""
    if answer["parsed"].strip() == "0":
        return
    said = [match[2] for line in answer["parser"].splitlines() if (match := _SAYS.match(line))]
    reason = next((text for text in said if "Parsing error" in text or "not a valid" in text), "")
    parsed = next((match for text in said if (match := _PARSED.search(text))), None)
    if parsed is None:
        text = said[0] if said else _last(answer["parser"], answer["parsed"].strip())
        yield Objection(1, _plain(text), line_meant(text, lines), fatal=True)
        return
    ours = PurePosixPath(parsed[1]).name == site.fragment.name
    text = reason or f"cannot read `{parsed[3]}`"
    yield Objection(1, _plain(text), line=int(parsed[2]) if ours else None, fatal=True)


def _daemon(answer: Mapping[str, str], lines: tuple[FragmentLine, ...]) -> Iterator[Objection]:
    """Level 2, some 0.2 s: the daemon itself, until it is up or gone."""
    found = dict.fromkeys(
        (match[1], match[2])
        for line in answer["said"].splitlines()
        if (match := _SAYS.match(line)) and not _NOISE.search(line)
    )
    for severity, message in found:
        yield Objection(
            2,
            _plain(message),
            line=line_meant(message, lines),
            fatal=severity == "fatal",
        )
    code = answer["daemon"].strip()
    if code != "0" and not any(severity == "fatal" for severity, _ in found):
        yield Objection(2, _why_not_up(answer, code), fatal=True)


def _why_not_up(answer: Mapping[str, str], code: str) -> str:
    if "unshare" in answer["trouble"]:
        return (
            "this login may make no namespaces, so that nothing can be tried on a copy:"
            f" {_last(answer['trouble'], code)}"
        )
    return f"it does not come up: {_last(answer['trouble'] + answer['said'], code)}"


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


def _plain(text: str) -> str:
    return _OUR_PLACE.sub("", text).strip()


def _last(said: str, code: int | str) -> str:
    lines = [line for line in said.splitlines() if line.strip()]
    return _plain(lines[-1]) if lines else f"it ends with {code} and says nothing"
