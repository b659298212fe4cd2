"""Plan to JSON and back: canonical bytes, with a digest that apply insists on."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from srcnet_compiler.change import Action, Address, Change, FieldChange, Impact, SystemName, Wait
from srcnet_compiler.diagnostic import Code, Diagnostic, Label, Severity
from srcnet_compiler.plan.model import Binding, Held, Plan, Unseen
from srcnet_compiler.span import Span
from srcnet_compiler.task import Task

FORMAT_VERSION = 3


class PlanFileError(ValueError):
    """A file is not a plan of ours, or was changed after it was made. The text is for the user."""


def digest(plan: Plan) -> str:
    """What the plan is known by: the same for the same content."""
    return sha256(_canonical(_as_data(plan)).encode()).hexdigest()


def to_json(plan: Plan) -> str:
    """The plan as a file: one line per change, so that two plans can be compared as text."""
    data = _as_data(plan)
    head = {key: value for key, value in data.items() if key != "waves"}
    lines = [f"{_canonical({key: value})[1:-1]}," for key, value in sorted(head.items())]
    waves = ",\n".join(
        "[\n" + ",\n".join(_canonical(change) for change in wave) + "\n]" for wave in data["waves"]
    )
    tail = f'"digest":"{digest(plan)}"'
    return "{\n" + "\n".join(lines) + f'\n"waves":[{waves}],\n{tail}\n}}\n'


def from_json(text: str) -> Plan:
    """The plan in a file. Raises PlanFileError where it is not one, or was changed by hand."""
    try:
        data = json.loads(text)
        claimed = data.pop("digest")
        if data["formatVersion"] != FORMAT_VERSION:
            raise PlanFileError(
                f"it has format {data['formatVersion']}, and this version reads {FORMAT_VERSION}"
            )
        plan = _plan(data)
        # what was put into it may be nothing that can be written
        intact = digest(plan) == claimed and _canonical(data) == _canonical(_as_data(plan))
    except PlanFileError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise PlanFileError("it is not a plan, or not all of one") from None
    if not intact:
        raise PlanFileError("it was changed after it was made")
    return plan


def _canonical(data: object) -> str:
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _as_data(plan: Plan) -> dict[str, Any]:
    return {
        "formatVersion": FORMAT_VERSION,
        "systems": [name._asdict() for name in plan.systems],
        "binding": {
            "specs": plan.binding.specs,
            "artifacts": plan.binding.artifacts,
            "tool": plan.binding.tool,
            "members": plan.binding.members,
        },
        "waves": [[change_data(change) for change in wave] for wave in plan.waves],
        "unseen": [{"under": _address_data(u.under), "reason": u.reason} for u in plan.unseen],
        "held": [{"what": held.what, "reason": held.reason} for held in plan.held],
        "findings": [finding_data(found) for found in plan.findings],
        "proven": list(plan.proven),
        **({"notes": list(plan.notes)} if plan.notes else {}),
        "tasks": [
            {"system": system._asdict(), "tasks": [_task_data(task) for task in tasks]}
            for system, tasks in sorted(plan.tasks.items())
        ],
        "supersedes": plan.supersedes,
    }


def _task_data(task: Task) -> dict[str, Any]:
    return {
        "title": task.title,
        "why": task.why,
        "where": task.where,
        "lines": list(task.lines),
        "spans": [_span_data(span) for span in task.spans],
    }


def _task(data: Mapping[str, Any]) -> Task:
    spans = tuple(Span(*each) for each in data["spans"])
    return Task(data["title"], data["why"], data["where"], tuple(data["lines"]), spans)


def change_data(change: Change) -> dict[str, Any]:
    """One change as plain data."""
    return {
        "id": change.id,
        "address": _address_data(change.address),
        "action": change.action.value,
        "impact": change.impact.value,
        "reason": change.reason,
        "fields": [
            {"name": f.name, "before": f.before, "after": f.after, "origin": _span_data(f.origin)}
            for f in change.fields
        ],
        "needs": [_address_data(address) for address in change.needs],
        "waits": [{"kind": w.kind, "subject": w.subject, "text": w.text} for w in change.waits],
        "drafts": [_span_data(span) for span in change.drafts],
        "moves": change.moves,
        "drains": change.drains,
        "until": change.until,
        **({"recalls": change.recalls} if change.recalls else {}),
    }


def _address_data(address: Address) -> dict[str, str]:
    return {
        "target": address.target,
        "instance": address.instance,
        "kind": address.kind,
        "name": address.name,
    }


def finding_data(found: Diagnostic) -> dict[str, Any]:
    """One finding as plain data."""
    return {
        "code": found.code.value,
        "severity": found.severity.value,
        "message": found.message,
        "labels": [{"span": _span_data(each.span), "text": each.text} for each in found.labels],
        "help": found.help,
        "subject": found.subject,
    }


def _finding(data: Mapping[str, Any]) -> Diagnostic:
    return Diagnostic(
        Code(data["code"]),
        Severity(data["severity"]),
        data["message"],
        tuple(Label(Span(*each["span"]), each["text"]) for each in data["labels"]),
        data["help"],
        data["subject"],
    )


def _span_data(span: Span | None) -> list[str | int] | None:
    if span is None:
        return None
    return [span.file, span.line, span.column, span.end_line, span.end_column]


def _plan(data: Mapping[str, Any]) -> Plan:
    return Plan(
        systems=tuple(SystemName(**name) for name in data["systems"]),
        binding=Binding(**data["binding"]),
        waves=tuple(tuple(change_from(change) for change in wave) for wave in data["waves"]),
        unseen=tuple(Unseen(Address(**u["under"]), u["reason"]) for u in data["unseen"]),
        held=tuple(Held(**held) for held in data["held"]),
        findings=tuple(_finding(found) for found in data["findings"]),
        proven=tuple(data["proven"]),
        notes=tuple(data.get("notes", ())),
        tasks={
            SystemName(**each["system"]): tuple(_task(task) for task in each["tasks"])
            for each in data["tasks"]
        },
        supersedes=data["supersedes"],
    )


def change_from(data: Mapping[str, Any]) -> Change:
    """The change that `change_data` wrote."""
    return Change(
        address=Address(**data["address"]),
        action=Action(data["action"]),
        fields=tuple(
            FieldChange(f["name"], f["before"], f["after"], _span(f["origin"]))
            for f in data["fields"]
        ),
        impact=Impact(data["impact"]),
        reason=data["reason"],
        needs=tuple(Address(**address) for address in data["needs"]),
        waits=tuple(Wait(**wait) for wait in data["waits"]),
        drafts=tuple(span for item in data["drafts"] if (span := _span(item)) is not None),
        moves=data["moves"],
        drains=data["drains"],
        until=data["until"],
        recalls=data.get("recalls", 0),
    )


def _span(data: list[Any] | None) -> Span | None:
    return None if data is None else Span(*data)
