"""A review and its pages as JSON of our own, of `schemas/review.schema.json`."""

import json
from collections.abc import Iterable, Sequence
from fractions import Fraction

from srcnet_compiler import __version__
from srcnet_compiler.change import Impact, SystemName
from srcnet_compiler.names import SiteName
from srcnet_compiler.plan.file import change_data, finding_data
from srcnet_compiler.quantity import BitsPerSecond
from srcnet_compiler.report.json_report import place_data
from srcnet_compiler.report.model import TOOL, writable
from srcnet_compiler.report.review.meaning import meaning_data
from srcnet_compiler.report.review.movement import movement_data
from srcnet_compiler.report.review.words import site_verdict, turns, values, verdict
from srcnet_compiler.review.model import (
    Access,
    Amounts,
    AreaYear,
    Commit,
    Drift,
    Edit,
    Effect,
    Flow,
    Left,
    Proven,
    Reach,
    Requirement,
    Review,
    Revision,
)
from srcnet_compiler.review.pages import (
    AreaShare,
    SiteYear,
    policy_page,
    site_page,
    site_years,
)
from srcnet_compiler.span import Span
from srcnet_compiler.task import Task

FORMAT_VERSION = 1
"""Rises when a reader of the former version would misunderstand; new keys may come without."""


def render_json(review: Review) -> str:
    """The whole review; amounts are whole bytes."""
    numbers = {id(effect): number for number, effect in enumerate(review.effects)}
    return _written(
        {
            **_head(review, "all", verdict(review), review.impact),
            "edits": [_edit(edit, review) for edit in review.edits],
            "effects": [_effect(effect, effect.causes) for effect in review.effects],
            "pipelines": [_effect(effect, effect.causes) for effect in review.pipelines],
            "leftAlone": [_left(left) for left in review.left],
            "requirements": [_requirement(each) for each in review.requirements],
            "meanings": [meaning_data(each) for each in review.meanings],
            "access": [_access(each) for each in review.access],
            "areas": [_area(year) for year in review.years if year.differs],
            "sites": [_reach(reach, numbers) for reach in review.touched],
            **_findings(review),
            "movedMeanwhile": [_edit(edit, review) for edit in review.moved],
            "commits": [_commit(commit) for commit in review.commits],
            "drift": _drift(review.drift),
            "proofs": [_proven(each) for each in review.proofs],
            "movement": _movement(review),
        }
    )


def render_site_json(review: Review, site: SiteName) -> str:
    """The page of the administrators of one site."""
    page = site_page(review, site)
    reach = page.reach
    numbers = {number: place for place, number in enumerate(reach.edits)}
    return _written(
        {
            **_head(review, "site", site_verdict(page), reach.impact),
            "site": reach.site,
            "touched": reach.is_touched,
            "daemons": {impact.value: number for impact, number in page.daemons},
            "drainedNodes": page.drained,
            "jobs": [
                {
                    "address": str(change.address),
                    "impact": change.impact.value,
                    "reason": change.reason,
                }
                for change in page.jobs
            ],
            "uplink": reach.uplink,
            "years": [_site_year(year, reach.uplink) for year in page.years],
            "edits": [_edit(edit, review) for edit in page.asked],
            "commits": [_commit(commit) for commit in page.commits],
            "access": [_access(each) for each in page.access],
            "effects": [
                _effect(effect, [numbers[cause] for cause in effect.causes])
                for effect in reach.effects
            ],
            "leftAlone": [_left(left) for left in reach.left],
            "tasks": [
                {**_task(duty.system, duty.task), "until": duty.until} for duty in page.duties
            ],
            "until": page.until,
            "movedMeanwhile": [_edit(edit, review) for edit in page.moved],
            "drift": _drift(page.drift),
            "movement": _movement(review),
        }
    )


def render_policy_json(review: Review) -> str:
    """The page of the architecture group."""
    page = policy_page(review)
    return _written(
        {
            **_head(review, "policy", turns(page), review.impact),
            "requirements": [_requirement(each) for each in page.requirements],
            "meanings": [meaning_data(each) for each in review.meanings],
            "access": [_access(each) for each in review.access],
            "areas": [_share(each) for each in (*page.areas, *page.slight)],
            "sites": [
                {
                    "site": reach.site,
                    "impact": reach.impact.value,
                    "slight": reach.is_slight,
                    "years": [_site_year(year, reach.uplink) for year in site_years(reach)],
                }
                for reach in review.touched
            ],
            **_findings(review),
            "proofs": [_proven(each) for each in review.proofs],
            "movement": _movement(review),
        }
    )


def _proven(each: Proven) -> object:
    return {
        "system": str(each.system),
        "proven": not each.objections,
        "kinds": each.kinds,
        "changed": each.changed,
        "orders": each.orders,
        "places": [_place(place) for place in each.places],
        "objections": [finding_data(found) for found in each.objections],
    }


def _movement(review: Review) -> object:
    return None if review.movement is None else movement_data(review.movement)


def _drift(drift: Sequence[Drift] | None) -> object:
    if drift is None:
        return None
    return [
        {
            "system": str(each.system),
            "changes": [change_data(change) for change in each.changes],
            "unseen": list(each.unseen),
        }
        for each in drift
    ]


def _written(document: object) -> str:
    return writable(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def _head(review: Review, page: str, said: str, impact: Impact) -> dict[str, object]:
    return {
        "formatVersion": FORMAT_VERSION,
        "page": page,
        "tool": {"name": TOOL, "version": __version__},
        "base": _revision(review.base),
        "head": _revision(review.head),
        "verdict": said,
        "impact": impact.value,
    }


def _findings(review: Review) -> dict[str, object]:
    """What else is said of a review and of the policies in it."""
    return {
        "untouched": list(review.untouched),
        "newFindings": [finding_data(found) for found in review.new],
        "goneFindings": [finding_data(found) for found in review.gone],
        "refusals": [finding_data(found) for found in review.refusals],
    }


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


def _effect(effect: Effect, causes: Iterable[int]) -> object:
    return {
        **change_data(effect.change),
        "sites": list(effect.sites),
        "causes": list(causes),
        "basePlaces": {name: _place(span) for name, span in effect.places},
    }


def _left(left: Left) -> object:
    return {
        "address": str(left.address),
        "sites": list(left.sites),
        "why": left.why.value,
        "place": _place(left.place),
    }


def _commit(commit: Commit) -> object:
    return {"id": commit.id, "author": commit.author, "title": commit.title, "file": commit.file}


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


def _access(each: Access) -> object:
    return {
        "template": each.template,
        "runs": each.runs,
        "cluster": each.cluster,
        "site": each.site,
        "area": each.area,
        "tier": each.tier,
        "at": each.path,
        "groups": list(each.groups),
        "queue": each.queue,
        "embargoed": list(each.embargoed),
        "gained": each.gained,
        "draft": each.draft,
        "place": _place(each.place),
    }


def _area(year: AreaYear) -> dict[str, object]:
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
        "headroom": None if amounts.headroom is None else round(amounts.headroom),
    }


def _share(each: AreaShare) -> object:
    before, after = each.share
    share = {"before": float(before), "after": float(after)}
    return {**_area(each.held), "shareOfTier": share, "slight": each.held.is_slight}


def _site_year(each: SiteYear, uplink: BitsPerSecond | None) -> object:
    parts = each.flow.part_of(uplink)
    return {
        **_flow(each.flow),
        "before": _amounts(each.before),
        "after": _amounts(each.after),
        "partOfUplink": parts and {"before": float(parts[0]), "after": float(parts[1])},
    }


def _reach(reach: Reach, numbers: dict[int, int]) -> object:
    return {
        "site": reach.site,
        "impact": reach.impact.value,
        "effects": [numbers[id(effect)] for effect in reach.effects],
        "edits": list(reach.edits),
        "uplink": reach.uplink,
        "flows": [_flow(flow) for flow in reach.flows],
        "tasks": [_task(system, task) for system, task in reach.new_tasks],
        "slight": reach.is_slight,
    }


def _task(system: SystemName, task: Task) -> dict[str, object]:
    lines = list(task.lines)
    return {"system": str(system), "title": task.title, "why": task.why, "lines": lines}


def _flow(flow: Flow) -> dict[str, object]:
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
