"""Reading a cluster in bulk: one command for each kind, at once, into one model for every version.

From 23.11 on sacctmgr, and scontrol for nodes and reservations, answer in JSON, which names every
limit. Partitions and jobs are read as text always: the JSON of a partition leaves out what decides
whether it takes the site's default, and that of a job is six kilobytes long.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar
from zoneinfo import ZoneInfo

from srcnet_compiler.change import Address
from srcnet_compiler.targets.protocol import Gap, Reading, UnreachableError
from srcnet_compiler.targets.slurm.live import json_answers, text
from srcnet_compiler.targets.slurm.live.asking import must, telling_line
from srcnet_compiler.targets.slurm.live.runner import Ran, Runner
from srcnet_compiler.targets.slurm.model import Foreign, Job, Node, SlurmModel, subtree
from srcnet_compiler.targets.slurm.model.cost import JSON_SINCE, Version
from srcnet_compiler.targets.slurm.model.fragment import fragment_lines
from srcnet_compiler.targets.slurm.model.things import (
    Account,
    Association,
    Names,
    Partition,
    Qos,
    Reservation,
)

_VERSION = re.compile(r"slurm\S* (\d+)\.(\d+)")
_SETTINGS = (
    *("AccountingStorageEnforce", "AccountingStorageTRES", "ClusterName", "GresTypes"),
    *("JobSubmitPlugins", "PreemptMode", "PreemptType", "PriorityType", "SelectType"),
    *("SLURM_CONF", "SLURM_VERSION", "StateSaveLocation", "SlurmctldHost[0]"),
)
_WORKERS = 4
_ANSWERED_BY = {
    Account.kind: ("assoc", "account"),
    Association.kind: ("assoc",),
    Qos.kind: ("qos",),
    Partition.kind: ("partition",),
    Reservation.kind: ("reservation",),
    "job": ("job",),
    "node": ("node",),
    "user": ("user",),
}

T = TypeVar("T")
Q = TypeVar("Q")


def read(runner: Runner, desired: SlurmModel) -> Reading[SlurmModel]:
    """What is ours on the cluster, and what of others is there.

    What cannot be read or understood is a gap; an object of others that makes no sense is left out.
    Raises UnreachableError when the controller or the database does not answer, RefusedError when
    it does not let us look.
    """
    version = version_of(runner, desired)
    # first of all alone: a controller that is down keeps every command waiting
    settings = _settings(runner, desired)
    with ThreadPoolExecutor(_WORKERS, thread_name_prefix="slurm") as threads:
        return _Look(runner, desired, version, threads).reading(settings)


def look(runner: Runner, desired: SlurmModel, version: Version, *kinds: str) -> Reading[SlurmModel]:
    """As `read`, of these kinds alone (also `job`, `node`, `setting`); all else is empty.

    Other objects of a kind come along, since only the tree says whose an account is.
    """
    settings = _settings(runner, desired) if "setting" in kinds else {}
    wanted = frozenset(question for kind in kinds for question in _ANSWERED_BY.get(kind, ()))
    with ThreadPoolExecutor(_WORKERS, thread_name_prefix="slurm") as threads:
        return _Look(runner, desired, version, threads, wanted).reading(settings)


def version_of(runner: Runner, desired: SlurmModel) -> Version:
    """The version of the cluster's commands. Raises UnreachableError."""
    return _version(must(runner, desired, ["scontrol", "--version"]).out)


def _settings(runner: Runner, desired: SlurmModel) -> Mapping[str, str]:
    return text.settings(must(runner, desired, ["scontrol", "show", "config"]).out)


def _version(answer: str) -> Version:
    match = _VERSION.search(answer)
    if match is None:
        raise UnreachableError(f"`scontrol --version` answers `{answer.strip()[:80]}`")
    return int(match[1]), int(match[2])


class _Look:
    """One reading: the questions go out when it is made."""

    def __init__(
        self,
        runner: Runner,
        desired: SlurmModel,
        version: Version,
        threads: ThreadPoolExecutor,
        only: frozenset[str] | None = None,
    ) -> None:
        self.desired, self.version = desired, version
        self.gaps: list[Gap] = []
        self.in_json = version >= JSON_SINCE
        self.runner = runner
        self.answers = {
            name: threads.submit(must, runner, desired, argv)
            for name, argv in self._questions().items()
            if only is None or name in only
        }
        written = ["cat", "--", desired.fragment]
        has_fragment = desired.fragment and "partition" in self.answers
        self.fragment = threads.submit(runner.run, written) if has_fragment else None

    def _answer(self, question: str) -> str:
        """Empty where nobody asked."""
        return self.answers[question].result().out if question in self.answers else ""

    def _questions(self) -> Mapping[str, Sequence[str]]:
        cluster = f"cluster={self.desired.cluster}"
        zone = ("env", f"TZ={self.desired.time_zone}", "SLURM_TIME_FORMAT=standard")
        always = {
            "partition": ["scontrol", "-a", "-o", "show", "partition"],
            "job": ["squeue", "-h", "-a", "-r", "-o", "|".join(text.JOB)],
        }
        if self.in_json:
            return always | {
                "assoc": ["sacctmgr", "--json", "show", "assoc", cluster, "wopl"],
                "qos": ["sacctmgr", "--json", "show", "qos"],
                "account": ["sacctmgr", "--json", "show", "account"],
                "user": ["sacctmgr", "--json", "show", "user"],
                "node": ["scontrol", "--json", "show", "node"],
                "reservation": ["scontrol", "--json", "show", "reservation"],
            }
        show = ("sacctmgr", "-nP", "show")
        return always | {
            "assoc": [*show, "assoc", cluster, "wopl", _format(text.ASSOCIATION)],
            "qos": [*show, "qos", _format(text.QOS)],
            "account": [*show, "account", _format(text.ACCOUNT)],
            "user": [*show, "user", _format(text.USER)],
            "node": ["scontrol", "-o", "show", "node"],
            "reservation": [*zone, "scontrol", "-o", "show", "reservation"],
        }

    def reading(self, settings: Mapping[str, str]) -> Reading[SlurmModel]:
        desired = self.desired
        accounts, associations, others, members = self._accounts()
        qos = self._qos()
        partitions, default, written = self._partitions()
        reservations = self._reservations()
        ours = {name for name in qos if desired.owns_name(name)}
        windows = {name for name in reservations if desired.owns_name(name)}
        held = {line.name for line in fragment_lines(written)}
        model = SlurmModel(
            instance=desired.instance,
            cluster=desired.cluster,
            prefix=desired.prefix,
            root_account=desired.root_account,
            fragment=desired.fragment,
            time_zone=desired.time_zone,
            site=desired.site,
            accounts=accounts,
            associations=associations,
            qos={name: each for name, each in qos.items() if name in ours},
            partitions={name: each for name, each in partitions.items() if name in held},
            reservations={name: each for name, each in reservations.items() if name in windows},
            version=self.version,
            settings={key: settings[key] for key in _SETTINGS if key in settings},
            jobs=self._jobs(),
            nodes=self._nodes(),
            foreign=Foreign(
                accounts=others,
                qos=frozenset(qos.keys() - ours),
                partitions={n: p.nodes for n, p in partitions.items() if n not in held},
                reservations={
                    name: each.nodes or "" for name, each in reservations.items()
                    if name not in windows
                },
                users=self._users(),
                members=members,
                default_partition=default,
            ),
            written=written,
        )  # fmt: skip
        return Reading(model, tuple(dict.fromkeys(self.gaps)))

    def _accounts(
        self,
    ) -> tuple[dict[str, Account], dict[str, Association], dict[str, str], dict[str, Names]]:
        """Ours, their associations, the parents of all others, and their members by user."""
        found = self._each(
            "assoc",
            Association.kind,
            json_key="associations",
            columns=text.ASSOCIATION,
            from_json=json_answers.association,
            from_text=text.association,
            name=_association_name,
        )
        if any(
            gap.under.kind == Association.kind and "/" not in gap.under.name for gap in self.gaps
        ):
            # what lies below an account that makes no sense, nobody knows
            self._gap(Account.kind, "", "not every account of the tree could be read")
            self._gap(Association.kind, "", "not every account of the tree could be read")
        parents = {each.account: parent for each, parent in found if not each.user}
        inside = subtree(parents, self.desired.root_account)
        words = self._descriptions()
        accounts = {
            name: Account(name, parents[name], *words.get(name, (None, None)))
            for name in sorted(inside)
        }
        ours = {each.name: each for each, _ in found if each.account in inside}
        others = {n: p for n, p in sorted(parents.items()) if n not in inside}
        members: dict[str, set[str]] = {}
        for each, _ in found:
            if each.user and each.account not in inside:
                members.setdefault(each.user, set()).add(each.account)
        in_others = {user: tuple(sorted(names)) for user, names in sorted(members.items())}
        return accounts, ours, others, in_others

    def _descriptions(self) -> dict[str, tuple[str, str]]:
        return {
            name: (description, organization)
            for name, description, organization in self._each(
                "account",
                Account.kind,
                json_key="accounts",
                columns=text.ACCOUNT,
                from_json=lambda raw: (raw["name"], raw["description"], raw["organization"]),
                from_text=lambda row: (row["Account"], row["Descr"], row["Org"]),
                name=lambda raw: str(raw.get("name") or raw.get("Account") or ""),
            )
        }

    def _users(self) -> dict[str, str]:
        found = self._each(
            "user",
            Association.kind,
            json_key="users",
            columns=text.USER,
            from_json=lambda raw: (raw["name"], raw["default"]["account"] or ""),
            from_text=lambda row: (row["User"], row["DefaultAccount"]),
            name=lambda raw: "",
        )
        return dict(sorted(found))

    def _qos(self) -> dict[str, Qos]:
        found = self._each(
            "qos",
            Qos.kind,
            json_key="qos",
            columns=text.QOS,
            from_json=json_answers.qos,
            from_text=text.qos,
            name=lambda raw: str(raw.get("name") or raw.get("Name") or ""),
        )
        return {each.name: each for each in sorted(found, key=lambda each: each.name)}

    def _nodes(self) -> dict[str, Node]:
        answer = self._answer("node")
        found = self._made(
            "node",
            Partition.kind,
            (lambda: json_answers.listed(answer, "nodes"))
            if self.in_json and answer
            else (lambda: text.records(answer)),
            json_answers.node if self.in_json and answer else text.node,
            lambda raw: "",
        )
        return {each.name: each for each in sorted(found, key=lambda each: each.name)}

    def _reservations(self) -> dict[str, Reservation]:
        answer = self._answer("reservation")
        zone = ZoneInfo(self.desired.time_zone)
        found = self._made(
            "reservation",
            Reservation.kind,
            (lambda: json_answers.listed(answer, "reservations"))
            if self.in_json and answer
            else (lambda: text.records(_without_none(answer))),
            (lambda raw: json_answers.reservation(raw, zone)) if self.in_json else text.reservation,
            lambda raw: str(raw.get("name") or raw.get("ReservationName") or ""),
        )
        return {each.name: each for each in sorted(found, key=lambda each: each.name)}

    def _partitions(self) -> tuple[dict[str, Partition], str | None, str]:
        """All of them, the site's default, and the fragment as it stands."""
        records = [*text.records(self._answer("partition"))]
        found = self._made(
            "partition",
            Partition.kind,
            lambda: records,
            text.partition,
            lambda raw: str(raw.get("PartitionName") or ""),
        )
        default = next((r["PartitionName"] for r in records if r.get("Default") == "YES"), None)
        named = {each.name: each for each in sorted(found, key=lambda each: each.name)}
        return named, default, self._written()

    def _written(self) -> str:
        ran = self.fragment.result() if self.fragment else Ran(0, "", "")
        if ran.code and "No such file" not in ran.err:
            self._gap(Partition.kind, "", f"{self.desired.fragment}: {telling_line(ran)}")
        return "" if ran.code else ran.out

    def _jobs(self) -> tuple[Job, ...]:
        """Whoever cannot count the jobs changes nothing that might touch one."""
        lines = filter(None, self._answer("job").splitlines())
        return tuple(self._made("job", "", lambda: lines, text.job, lambda raw: ""))

    def _each(
        self,
        question: str,
        kind: str,
        *,
        json_key: str,
        columns: Sequence[str],
        from_json: Callable[[json_answers.Answer], T],
        from_text: Callable[[text.Row], T],
        name: Callable[[Mapping[str, object]], str],
    ) -> list[T]:
        if question not in self.answers:
            return []
        answer = self._answer(question)
        if self.in_json:
            return self._made(
                question, kind, lambda: json_answers.listed(answer, json_key), from_json, name
            )
        return self._made(question, kind, lambda: text.rows(answer, columns), from_text, name)

    def _made(
        self,
        question: str,
        kind: str,
        rows: Callable[[], Iterable[Q]],
        make: Callable[[Q], T],
        name: Callable[[Q], str],
    ) -> list[T]:
        """What the rows mean; the whole kind, or the one object of a bad row, becomes a gap."""
        made: list[T] = []
        try:
            for row in rows():
                try:
                    made.append(make(row))
                except (ValueError, KeyError, TypeError, OverflowError) as problem:
                    self._gap(kind, name(row), f"{question}: {_sentence(problem)}")
        except (ValueError, KeyError, TypeError) as problem:
            self._gap(kind, "", f"{question}: {_sentence(problem)}")
        return made

    def _gap(self, kind: str, name: str, reason: str) -> None:
        self.gaps.append(Gap(Address("slurm", self.desired.instance, kind, name), reason))


def _association_name(raw: Mapping[str, object]) -> str:
    keys = ("account", "user", "partition") if "account" in raw else text.ASSOCIATION[:3]
    return "/".join(str(raw[key]) for key in keys if raw.get(key))


def _format(columns: Iterable[str]) -> str:
    return f"format={','.join(columns)}"


def _without_none(answer: str) -> str:
    return "" if answer.startswith("No reservations") else answer


def _sentence(problem: Exception) -> str:
    if isinstance(problem, KeyError):
        return f"there is no `{problem.args[0]}`"
    return " ".join(str(problem).split())[:300] or type(problem).__name__
