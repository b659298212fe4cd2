"""in-toto statements: what a signature says of a plan, and where artifacts come from."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from srcnet_compiler.plan.file import digest, to_json
from srcnet_compiler.plan.model import Plan

STATEMENT = "https://in-toto.io/Statement/v1"
PLAN = "https://srcnet.skao.int/plan/v1"
CONTENT = "plan-content"
"""What the plan says, whatever its layout."""
PROVENANCE = "https://slsa.dev/provenance/v1"
BUILD = "https://srcnet.skao.int/compile/v1"
COMPILER = "https://srcnet.skao.int/compiler"


@dataclass(frozen=True, slots=True)
class Agreed:
    """A record of who agreed, by the digest of its bytes, and the commits it is about."""

    digest: str
    merged: tuple[str, ...]


def plan_statement(plan: Plan, commit: str | None, agreed: Agreed | None = None) -> bytes:
    """That a plan is what was reviewed: the same bytes for the same plan, commit and record.

    Its subjects are the plan's file as it is written, and its content, by the digest on which
    `apply` insists. Both are SHA-256: verifiers of Sigstore refuse digests by other names.
    """
    subjects: list[dict[str, Any]] = [
        {"name": "plan", "digest": {"sha256": _sha256(to_json(plan))}},
        {"name": CONTENT, "digest": {"sha256": digest(plan)}},
    ]
    predicate = {
        "specs": {"digest": {"sha256": plan.binding.specs}, "commit": commit},
        "artifacts": {"digest": {"sha256": plan.binding.artifacts}},
        "members": None
        if plan.binding.members is None
        else {"digest": {"sha256": plan.binding.members}},
        "tool": {"name": "srcnet", "version": plan.binding.tool},
        "observation": {"digest": {"sha256": _observation(plan)}},
        "systems": [str(system) for system in plan.systems],
        "changes": len(plan.changes),
        "impact": plan.impact.value,
        "approvals": None
        if agreed is None
        else {"digest": {"sha256": agreed.digest}, "merged": [*agreed.merged]},
    }
    return _statement(subjects, PLAN, predicate).encode()


def plan_of(payload: bytes) -> str | None:
    """The digest of the plan that a statement is about; None where it is about something else."""
    try:
        said = json.loads(payload)
        if said["_type"] != STATEMENT or said["predicateType"] != PLAN:
            return None
        (subject,) = [each for each in said["subject"] if each["name"] == CONTENT]
        return str(subject["digest"]["sha256"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


@dataclass(frozen=True, slots=True)
class Inputs:
    """What artifacts were made from: digests of the specs and of what the identity provider said,
    the commit that has exactly these specs, the version of the compiler."""

    specs: str
    commit: str | None
    members: str | None
    version: str


def provenance(artifacts: Mapping[str, str], inputs: Inputs) -> str:
    """Where artifacts come from, in SLSA's shape, given the SHA-256 of each by its name: the same
    text for the same input.

    Neither the time nor the machine is in it: who compiles the same again gets the same.
    """
    subjects = [{"name": name, "digest": {"sha256": digest}} for name, digest in artifacts.items()]
    specs: dict[str, Any] = {"name": "specs", "digest": {"sha256": inputs.specs}}
    if inputs.commit is not None:
        specs["digest"]["gitCommit"] = inputs.commit
    read = [specs]
    if inputs.members is not None:
        read.append({"name": "members", "digest": {"sha256": inputs.members}})
    predicate = {
        "buildDefinition": {
            "buildType": BUILD,
            "externalParameters": {},
            "resolvedDependencies": read,
        },
        "runDetails": {"builder": {"id": COMPILER, "version": {"srcnet": inputs.version}}},
    }
    return _statement(subjects, PROVENANCE, predicate) + "\n"


def _statement(subjects: list[dict[str, Any]], kind: str, predicate: Mapping[str, Any]) -> str:
    document = {
        "_type": STATEMENT,
        "subject": subjects,
        "predicateType": kind,
        "predicate": predicate,
    }
    return json.dumps(document, indent=1, sort_keys=True)


def _observation(plan: Plan) -> str:
    """A digest of what was seen: the values from which each change starts, and what was not."""
    seen = [
        [str(change.address), change.action.value, [[f.name, f.before] for f in change.fields]]
        for change in plan.changes
    ]
    unseen = [[str(each.under), each.reason] for each in plan.unseen]
    return _sha256(json.dumps([seen, unseen], sort_keys=True, separators=(",", ":")))


def _sha256(text: str) -> str:
    return sha256(text.encode()).hexdigest()
