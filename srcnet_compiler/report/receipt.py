"""What an apply has done, and what differs afterwards, in words."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from srcnet_compiler.apply.receipt import Receipt, Result, Status
from srcnet_compiler.diagnostic import Diagnostic
from srcnet_compiler.plan.model import Unseen, Verdict, title
from srcnet_compiler.report.cells import visible
from srcnet_compiler.report.changes import ONE_BY_ONE, change_lines, first_names
from srcnet_compiler.report.paint import Paint, painter

_REHEARSED = {
    Status.DONE: "would be done",
    Status.ALREADY: "already so",
    Status.WAITING: "would wait",
    Status.LEFT: "would be left",
}


def render_receipt(receipt: Receipt) -> str:
    """What became of every change: counted where it went well, by name where it did not."""
    return "\n".join(_receipt(receipt)) + "\n"


def _receipt(receipt: Receipt) -> Iterator[str]:
    counts = Counter(result.status for result in receipt.results)
    counts[Status.DONE] += len(receipt.earlier)
    named = _REHEARSED if receipt.rehearsal else {}
    words = [
        f"{counts[status]} {named.get(status, status.value)}" for status in Status if counts[status]
    ]
    said = ", ".join(words) or "nothing was to be done"
    if receipt.rehearsal:
        yield f"{title(receipt.systems)}: rehearsal: {said}; nothing was changed"
    else:
        yield f"{title(receipt.systems)}: {said}"
    for signer in receipt.signers:
        yield f"  signed by {visible(signer.name)} (key {signer.key_id[:16]})"
    for status in (Status.FAILED, Status.CONFLICT, Status.WAITING, Status.LEFT):
        yield from _of_status(status, receipt.of(status))
    yield from (f"  trouble: {visible(text)}" for text in receipt.trouble)
    if receipt.interrupted:
        yield "  to go on, run the same command again"


def _of_status(status: Status, results: Sequence[Result]) -> Iterator[str]:
    """One by one, but for many of which the same is to be said."""
    alike: dict[tuple[str, str | None], list[Result]] = defaultdict(list)
    for result in results:
        alike[result.text, result.since].append(result)
    for (text, since), group in alike.items():
        told = (f": {visible(text)}" if text else "") + (f" (since {since})" if since else "")
        if status in (Status.WAITING, Status.LEFT) and len(group) > ONE_BY_ONE:
            names = first_names(result.change.address.name for result in group)
            yield f"  {status.value} {len(group)} changes: {names}{told}"
        else:
            yield from (f"  {status.value} {each.change.address}{told}" for each in group)


def render_verdicts(
    verdicts: Iterable[Verdict],
    *,
    waiting: bool = False,
    full: bool = False,
    colour: bool = False,
) -> str:
    """System by system: what differs from the specs, or that nothing does; what could not be seen,
    and what else is there that matters. `waiting`: also what only waits for a fact."""
    paint = painter(colour)
    lines = (line for verdict in verdicts for line in _verdict(verdict, waiting, full, paint))
    return "\n".join(lines) + "\n"


def _verdict(verdict: Verdict, waiting: bool, full: bool, paint: Paint) -> Iterator[str]:
    found = [*verdict.differences, *(verdict.waiting if waiting else ())]
    noun = "difference" if len(found) == 1 else "differences"
    blind = f", {len(verdict.unseen)} not readable" if verdict.unseen else ""
    head = f"{verdict.system.instance}: {verdict.objects} objects, {len(found)} {noun}{blind}"
    yield paint(head, "bold")
    yield from change_lines(found, paint, full=full)
    yield from (f"  . {visible(each.what)} {visible(each.reason)}" for each in verdict.postponed)
    yield from unseen_lines(verdict.unseen)
    yield from noticed_lines(verdict.findings, paint)


def noticed_lines(findings: Sequence[Diagnostic], paint: Paint) -> Iterator[str]:
    """What was found on the system besides the changes."""
    if findings:
        yield "Noticed on the system:"
    for found in findings:
        head = paint(f"{found.severity.value}[{found.code.value}]", found.severity.value)
        yield f"  ! {head}: {visible(found.message)}"
        yield f"      {paint(str(found.labels[0].span), 'place')}"
        if found.help:
            yield f"      {paint('help', 'help')}: {visible(found.help)}"


def unseen_lines(unseen: Iterable[Unseen]) -> Iterator[str]:
    """What could not be read, and why."""
    return (f"  ? {visible(str(each.under))}: {visible(each.reason)}" for each in unseen)
