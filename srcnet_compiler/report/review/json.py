"""A review as JSON of our own, `schemas/review.schema.json`: for whoever builds on it."""

import json
from collections.abc import Iterable
from fractions import Fraction

from srcnet_compiler import __version__
from srcnet_compiler.plan.file import change_data, finding_data
from srcnet_compiler.report.json_report import place_data
from srcnet_compiler.report.model import TOOL, writable
from srcnet_compiler.report.review.movement import movement_data
from srcnet_compiler.report.review.words import values, verdict
from srcnet_compiler.review.model import (
    Amounts,
    AreaYear,
    Edit,
    Effect,
    Flow,
    Reach,
    Requirement,
    Review,
    Revision,
)
from srcnet_compiler.span import Span

FORMAT_VERSION = 1
"""Rises when a reader of the former version would misunderstand; new keys may come without."""


def render_json(review: Review) -> str:
    """The whole review; amounts are whole bytes."""
    numbers = {id(effect): number for number, effect in enumerate(review.effects)}
    document = {
        "formatVersion": FORMAT_VERSION,
        "tool": {"name": TOOL, "version": __version__},
        "base": _revision(review.base),
        "head": _revision(review.head),
        "verdict": verdict(review),
        "impact": review.impact.value,
        "edits": [_edit(edit, review) for edit in review.edits],
        "effects": [_effect(effect) for effect in review.effects],
        "leftAlone": [
            {
                "address": str(left.address),
                "sites": list(left.sites),
                "why": left.why.value,
                "place": _place(left.place),
            }
            for left in review.left
        ],
        "requirements": [_requirement(each) for each in review.requirements],
        "areas": [_area(year) for year in review.years if year.differs],
        "sites": [_reach(reach, numbers) for reach in review.reaches if reach.is_touched],
        "untouched": list(review.untouched),
        "newFindings": [finding_data(found) for found in review.new],
        "goneFindings": [finding_data(found) for found in review.gone],
        "refusals": [finding_data(found) for found in review.refusals],
        "movedMeanwhile": [_edit(edit, review) for edit in review.moved],
        "commits": [
            {"id": c.id, "author": c.author, "title": c.title, "file": c.file}
            for c in review.commits
        ],
        "drift": None
        if review.drift is None
        else [
            {
                "system": str(each.system),
                "changes": [change_data(change) for change in each.changes],
                "unseen": list(each.unseen),
            }
            for each in review.drift
        ],
        "movement": None if review.movement is None else movement_data(review.movement),
    }
    return writable(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def _revision(revision: Revision) -> object:
    return {"name": revision.name, "commit": revision.commit}


def _edit(edit: Edit, review: Review) -> object:
    before, after = values(edit, review)
    return {
        "kind": edit.kind,
        "name": edit.name,
        "path": edit.path,
        "before": before,
        "after": after,
        "base": _place(edit.base),
        "head": _place(edit.head),
    }


def _effect(effect: Effect) -> object:
    return {
        **change_data(effect.change),
        "sites": list(effect.sites),
        "causes": list(effect.causes),
        "basePlaces": {name: _place(span) for name, span in effect.places},
    }


def _requirement(each: Requirement) -> object:
    return {
        "policy": each.policy,
        "what": each.what,
        "before": each.before,
        "after": each.after,
        "turn": each.turn.value,
        "impact": each.impact.value,
        "draft": each.draft,
        "base": _place(each.base),
        "head": _place(each.head),
    }


def _area(year: AreaYear) -> object:
    return {
        "area": year.area,
        "site": year.site,
        "tier": year.tier,
        "year": year.year,
        "before": _amounts(year.before),
        "after": _amounts(year.after),
    }


def _amounts(amounts: Amounts) -> object:
    return {
        "expected": round(amounts.expected),
        "agreed": round(amounts.agreed),
        "pledged": amounts.pledged,
    }


def _reach(reach: Reach, numbers: dict[int, int]) -> object:
    return {
        "site": reach.site,
        "impact": reach.impact.value,
        "effects": [numbers[id(effect)] for effect in reach.effects],
        "edits": list(reach.edits),
        "uplink": reach.uplink,
        "flows": [_flow(flow) for flow in reach.flows],
        "tasks": [
            {"system": str(system), "title": task.title, "why": task.why, "lines": list(task.lines)}
            for system, task in reach.new_tasks
        ],
    }


def _flow(flow: Flow) -> object:
    return {
        "year": flow.year,
        "arrivesPerDay": _pair(flow.arrives),
        "leavesPerDay": _pair(flow.leaves),
    }


def _pair(values: Iterable[Fraction]) -> object:
    before, after = values
    return {"before": round(before), "after": round(after)}


def _place(span: Span | None) -> object:
    return None if span is None else place_data(span)
