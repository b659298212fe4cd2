"""Federations of a test's own on a real Rucio: specs in a folder, the compiler, data, an observer.

Storage is folders of this machine, so that files really move. Regions, owner, namespaces and areas
carry the case's tag: several cases live on one server and see nothing of each other.
"""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rucio_daemons import Daemons
from rucio_data import add_datasets, connect, path_of, put_files

from srcnet_compiler.apply.receipt import Receipt, Status, exit_code
from srcnet_compiler.apply.state import StateStore
from srcnet_compiler.change import Change
from srcnet_compiler.converge import (
    carry_out,
    known_objects,
    make_plan,
    objections,
    reach,
    rebalancing,
)
from srcnet_compiler.converge import verify as verify_systems
from srcnet_compiler.demo.rucio_server import RucioServer
from srcnet_compiler.federation.model import Secret
from srcnet_compiler.pipeline import Compiled, compile_specs
from srcnet_compiler.plan.model import Plan, Verdict
from srcnet_compiler.targets.rucio import live
from srcnet_compiler.targets.rucio.live import answers
from srcnet_compiler.targets.rucio.model import RucioModel
from srcnet_compiler.targets.rucio.model.expression import RseFacts, parse, resolve

if TYPE_CHECKING:
    from rucio.client import Client

API = "srcnet.skao.int/v1alpha2"
REGIONS = {
    "europe": ["CH", "GB", "SE"],
    "asia-pacific": ["AU", "JP"],
    "africa": ["ZA"],
    "americas": ["CA"],
}
SRCS = {"CH": "CHSRC", "GB": "UKSRC", "SE": "SWESRC", "AU": "AUSSRC", "JP": "JPSRC"}
SRCS |= {"ZA": "ZASRC", "CA": "CANSRC"}


MOVE = ("evaluator", "repairer", "submitter", "poller", "finisher")
"""The daemons that give rules their files and move these."""
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Area:
    """A storage area, alone on a site of its own; `use` is its storage class."""

    country: str
    capacity: str = "10 TB"
    use: str = "T0"

    def name(self, tag: str) -> str:
        return f"{SRCS[self.country]}-{tag.upper()}-{self.use}"


def file_area(name: str, folder: Path, capacity: str, **more: object) -> dict[str, Any]:
    """As a site's spec describes an area that is a folder."""
    endpoint = {"protocol": "file", "host": "localhost", "port": 0, "path": str(folder / name)}
    area = {"name": name, "tier": "online", "system": "posix", "capacity": capacity}
    return {**area, "endpoints": [endpoint], **more}


def two_regions(name: str, namespace: str, ingest: str | None) -> dict[str, Any]:
    """A policy: two copies on the tier `online`, in different regions."""
    arrives: dict[str, Any] = {"deadline": "7 d"}
    if ingest is not None:
        arrives["at"] = {"role": "ingest", "countries": [ingest]}
    copies = [{"count": 2, "tier": "online"}]
    return document(
        "DataPolicy",
        name,
        selects={"namespaces": [namespace]},
        volume=[{"from": 2026, "amount": "1 GB"}],
        arrives=arrives,
        floor=2,
        phases=[{"name": "fresh", "apart": "region", "copies": copies}],
        activity="User Subscriptions",
    )


def document(kind: str, name: str, **spec: object) -> dict[str, Any]:
    return {"apiVersion": API, "kind": kind, "metadata": {"name": name}, "spec": spec}


@dataclass
class Case:
    """A federation on `server`. `documents` are its specs by file; change them, then `compile`.

    `day` is the one that ages are judged by; None: today.
    """

    server: RucioServer
    daemons: Daemons
    folder: Path
    tag: str = field(default_factory=lambda: f"fed{next(_numbers)}")
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    day: date | None = None

    # ── specs ─────────────────────────────────────────────────────────────────────────────────

    @property
    def owner(self) -> str:
        return f"{self.tag}-policy"

    @property
    def scope(self) -> str:
        """The namespace of the policy that `describe` makes."""
        return self.tag

    def rse(self, country: str, use: str = "T0") -> str:
        return Area(country, use=use).name(self.tag)

    def tagged(self, rule: str) -> str:
        """The comment of a rule of the policy, such as `fresh/0`."""
        return f"srcnet:{self.tag}-products/{rule}"

    def region(self, name: str) -> str:
        return f"{self.tag}-{name}"

    def describe(self, *areas: Area, ingest: str | None = None) -> None:
        """The specs: a federation of these areas with one policy, of two copies in two regions;
        data come in at an ingest area of the country `ingest`, or anywhere."""
        policy = two_regions(f"{self.tag}-products", self.scope, ingest)
        rucio = {
            "name": self.tag,
            "server": self.server.url,
            "auth": self.server.url,
            "credentials": {"secretRef": {"file": str(self.folder / "credentials.json")}},
            "owner": self.owner,
            "actsAs": f"{self.tag}-compiler",
            "namespaces": [{"name": self.scope}],
            "metadata": {"product": "datatype", "telescope": "project", "campaign": "campaign"},
            "activities": ["User Subscriptions"],
            "distances": {"sameSite": 1, "sameRegion": 2, "otherwise": 4},
        }
        self.documents["policies/federation.yaml"] = document(
            "Federation",
            self.tag,
            members=sorted(set(SRCS.values())),
            regions={self.region(name): list(found) for name, found in REGIONS.items()},
            tiers={"online": {"media": ["hdd"], "reachable": "immediately"}},
            storageClasses={
                "T0": {"tier": "online"},
                "INGEST": {"tier": "online", "role": "ingest"},
                "TEST": {"tier": "online", "role": "test"},
            },
            naming={"area": "{src}-{site}-{class}[-{label}]", "existing": "error", "new": "error"},
            identity={"issuer": "https://iam.example.org/", "groups": {"operators": "/oper"}},
            rucio=rucio,
            limits={
                **{"deletedCollections": 0, "movedData": "1 TB"},
                **{"drainedNodes": 0, "retiredAreas": 0},
            },
        )
        self.documents["policies/data/products.yaml"] = policy
        for area in areas:
            self.add(area)

    def add(self, area: Area) -> None:
        """A site with the area, or the area added to a site that is there."""
        src = SRCS[area.country]
        site = f"{src}-{self.tag.upper()}"
        path = f"site-specs/{site.lower()}.yaml"
        if path not in self.documents:
            place = document("Site", site, src=src, country=area.country, storage=[])
            self.documents[path] = place
        name, role = area.name(self.tag), {"INGEST": "ingest", "TEST": "test"}.get(area.use, "data")
        more = {} if role == "data" else {"role": role}
        described = file_area(name, self.folder / "storage", area.capacity, **more)
        self.documents[path]["spec"]["storage"].append(described)

    def site(self, country: str) -> dict[str, Any]:
        """The spec of the site in the country."""
        path = f"site-specs/{SRCS[country]}-{self.tag}.yaml".lower()
        spec: dict[str, Any] = self.documents[path]["spec"]
        return spec

    def compile(self) -> Compiled:
        """The specs, written as files and compiled. They must have no error."""
        specs = self.folder / "specs"
        for path in specs.rglob("*.yaml"):
            path.unlink()
        for name, content in self.documents.items():
            path = specs / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(content, indent=1), "utf-8")  # JSON is YAML
        compiled = compile_specs(specs, self.day or now().date())
        assert not compiled.failed, [
            f"{d.labels[0].span}: {d.message}" for d in compiled.diagnostics
        ]
        return compiled

    def model(self) -> RucioModel:
        """What the specs want of this Rucio."""
        (lowered,) = self.compile().models
        model: RucioModel = lowered.model
        return model

    # ── the compiler at work ──────────────────────────────────────────────────────────────────

    def bootstrap(self) -> None:
        """The accounts of the case, as `srcnet bootstrap` makes them."""
        federation = self.compile().federation
        assert federation is not None
        root, own = self.folder / "root.json", self.folder / "credentials.json"
        name, password = f"{self.tag}-srcnet", secrets.token_urlsafe(12)
        for path, pair in (
            (root, (self.server.username, self.server.password)),
            (own, (name, password)),
        ):
            path.write_text(json.dumps(dict(zip(("username", "password"), pair, strict=True))))
        identity = live.Identity("USERPASS", name, "srcnet@localhost", password)
        secret = Secret("file", str(root))
        with live.connect(federation.data, {}, account="root", secret=secret) as client:
            steps = live.bootstrap(client, federation.data, [identity])
        assert {step.state for step in steps} == {"done"}

    def plan(self, *, rebalance: bool = False) -> Plan:
        """What would make the server as the specs say; everything is seen, and nothing objects."""
        compiled = self.compile()
        with reach(compiled, {}) as systems:
            asked = [rebalancing(system) if rebalance else system for system in systems]
            plan = make_plan(compiled, asked, known_objects(self.store))
        assert plan.unseen == (), plan.unseen
        against = objections(plan, compiled, now().date())
        assert against == (), [finding.message for finding in against]
        return plan

    def apply(self, plan: Plan | None = None) -> Receipt:
        """The plan (None: a new one) carried out as far as it can be now."""
        made = self.plan() if plan is None else plan
        with reach(self.compile(), {}) as systems:
            return carry_out(made, systems, self.store, now)

    def verify(self) -> Verdict:
        with reach(self.compile(), {}) as systems:
            (verdict,) = verify_systems(systems)
            return verdict

    def converge(self) -> Receipt:
        """Plan, apply, verify: all must be done, and no difference left."""
        receipt = self.apply()
        assert exit_code(receipt) == 0, said(receipt)
        verdict = self.verify()
        assert verdict.is_converged, [words(c) for c in verdict.differences]
        assert verdict.waiting == ()
        return receipt

    @property
    def store(self) -> StateStore:
        return StateStore(self.folder / "state")

    def assert_expressions_agree(self) -> int:
        """The server understands each emitted expression as we do, over all RSEs that it has.
        Gives how many expressions there are."""
        rses = {}
        for row in self.client.list_rses():
            seen = answers.rse(row, self.client.list_rse_attributes(row["rse"]), {}, {})
            columns = {k: v for k, v in seen.settings.items() if isinstance(v, str | bool)}
            rses[seen.name] = RseFacts(columns=columns, attributes=seen.attributes)
        rules = (rule for each in self.model().subscriptions.values() for rule in each.rules)
        emitted = sorted({rule.rse_expression for rule in rules})
        ours = [resolve(parse(text), rses) for text in emitted]
        assert self.daemons.evaluate_expressions(emitted) == ours
        assert all(ours)
        return len(emitted)

    # ── data, and what became of them ─────────────────────────────────────────────────────────

    @cached_property
    def client(self) -> Client:
        """A client as root."""
        return connect(self.server)

    def arrive(self, rse: str, scope: str, names: Sequence[str], files: int = 1) -> None:
        """Closed datasets, each with so many files that lie on the area."""
        lfns = [f"{name}.{number}" for name in names for number in range(files)]
        made = put_files(self.client, rse, scope, lfns)
        contents = {n: made[i * files : (i + 1) * files] for i, n in enumerate(names)}
        add_datasets(self.client, scope, contents)

    def rules(self, scope: str, name: str) -> list[dict[str, Any]]:
        """The owner's rules on the dataset, by comment."""
        found = [r for r in self.client.list_did_rules(scope, name) if r["account"] == self.owner]
        return sorted(found, key=lambda rule: (rule["comments"] or "", rule["id"]))

    def settle(self, scope: str, names: Iterable[str], at_most: int = 10) -> None:
        """Daemons run until all rules of ours on the datasets are OK."""
        named = list(names)

        def ready() -> bool:
            return all(
                bool(rules) and all(rule["state"] == "OK" for rule in rules)
                for rules in (self.rules(scope, name) for name in named)
            )

        for _ in range(at_most):
            if ready():
                return
            warnings = self.daemons.run(*MOVE)
        assert ready(), warnings

    def on_disk(self, scope: str, files: Sequence[str], rses: Iterable[str]) -> dict[str, set[str]]:
        """By file, the areas in whose folders it lies."""
        return {
            file: {rse for rse in rses if path_of(self.client, rse, scope, file).exists()}
            for file in files
        }

    def held(self, scope: str) -> dict[str, tuple[int, int]]:
        """By dataset, the fewest valid copies of any of its files, and the fewest regions.

        An observer's own account, from the tables alone.
        """
        query = OBSERVER.replace("HORIZON", HORIZON[self.server.database])
        rows = self.daemons.sql(query, owner=self.owner, scope=scope)
        return {row["name"]: (row["copies"], row["regions"]) for row in rows}


HORIZON = {
    "postgresql": "now() at time zone 'utc' + interval '1 hour'",
    "sqlite": "datetime('now', '+1 hour')",
}
OBSERVER = """
WITH p AS (SELECT DISTINCT l.scope, l.name, l.rse_id FROM locks l JOIN rules r ON r.id = l.rule_id
  WHERE l.state = 'O' AND r.account = :owner
    AND (r.expires_at IS NULL OR r.child_rule_id IS NOT NULL OR r.expires_at > HORIZON)),
v AS (SELECT p.*, a.value region FROM p
  JOIN replicas x ON x.scope = p.scope AND x.name = p.name AND x.rse_id = p.rse_id
  JOIN rses s ON s.id = p.rse_id AND NOT s.deleted AND NOT s.volatile AND NOT s.staging_area
  JOIN rse_attr_map t ON t.rse_id = s.id AND t.key = 'srcnet_tier'
  JOIN rse_attr_map a ON a.rse_id = s.id AND a.key = 'srcnet_region' WHERE x.state = 'A'),
f AS (SELECT c.name, c.child_name, count(DISTINCT v.rse_id) n, count(DISTINCT v.region) g
  FROM contents c LEFT JOIN v ON v.scope = c.child_scope AND v.name = c.child_name
  WHERE c.scope = :scope GROUP BY c.name, c.child_name)
SELECT name, min(n) copies, min(g) regions FROM f GROUP BY name
"""
"""A copy is valid where the replica is available and a lasting rule of the owner has it locked OK;
an area that does not count has no `srcnet_tier`."""


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - a clock for those who take one


def words(change: Change) -> str:
    """A change in short: action, kind, name."""
    return f"{change.action.value} {change.address.kind} {change.address.name}"


def kinds(plan: Plan) -> Counter[str]:
    """How many changes of each action and kind."""
    return Counter(f"{change.action.value} {change.address.kind}" for change in plan.changes)


def said(receipt: Receipt) -> list[str]:
    """What did not go well, for a failing assertion."""
    bad = [r for r in receipt.results if r.status not in (Status.DONE, Status.ALREADY)]
    return [f"{words(r.change)}: {r.status.value} {r.text}" for r in bad] + list(receipt.trouble)
