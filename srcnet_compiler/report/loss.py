"""What the loss of sites would break, in words and as data."""

import json
from collections.abc import Iterator, Sequence

from srcnet_compiler.catalogue.questions import Amount
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.quantity import round_bytes
from srcnet_compiler.report.paint import Paint, painter
from srcnet_compiler.report.review.movement import flow_lines, identity, movement_data, said
from srcnet_compiler.review.movement.model import Movement

FORMAT_VERSION = 2


def render_loss(
    sites: Sequence[str], movement: Movement, federation: Federation, *, full: bool, colour: bool
) -> str:
    """What breaks, what is lost, and what it takes to mend the rest."""
    lines = _lines(sites, movement, federation, full, painter(colour))
    return "".join(f"{line}\n" for line in lines)


def _lines(
    sites: Sequence[str], movement: Movement, federation: Federation, full: bool, paint: Paint
) -> Iterator[str]:
    before, after = movement.before, movement.after
    yield paint(
        f"Without {' and '.join(sites)}, by the {movement.source} of {movement.at:%Y-%m-%d}:"
        f" {said(movement, movement.changed)} are touched",
        "bold",
    )
    lost = _more(after.nowhere, before.nowhere)
    if lost.bytes:
        yield f"  {said(movement, lost)} are lost for good: no other whole copy is known"
    else:
        yield "  nothing is lost for good"
    for name, many in after.short.items():
        broken = _more(many, before.short.get(name, Amount()))
        if broken.bytes:
            policy = federation.policies[name]
            draft = " (a draft)" if policy.drafts else ""
            place = paint(str(policy.origin.at("floor")), "place")
            yield (
                f"  {said(movement, broken)} of `{name}`{draft} fall below its floor of"
                f" {policy.floor}   {place}"
            )
    size = after.total.bytes - before.total.bytes
    yield f"  {round_bytes(max(size, 0))} more are copied to mend it"
    unplaced = _more(after.unplaced, before.unplaced)
    if unplaced.bytes:
        yield f"  for {said(movement, unplaced)} no area is left for all the copies"
    if (recalled := _more(after.recalled, before.recalled)).bytes:
        yield f"  {said(movement, recalled)} have to be recalled from tape for it"
    yield f"  {identity(movement)}"
    yield from flow_lines(movement, full, paint)


def _more(after: Amount, before: Amount) -> Amount:
    """What is in the one and not in the other; the loss of sites never makes less of these."""
    counted = after.files is not None and before.files is not None
    return Amount(
        after.collections - before.collections,
        (after.files or 0) - (before.files or 0) if counted else None,
        after.bytes - before.bytes,
    )


def loss_data(sites: Sequence[str], movement: Movement) -> str:
    """All of it as JSON: `before` with the sites, `after` without."""
    data = {"formatVersion": FORMAT_VERSION, "lost": list(sites), **movement_data(movement)}
    return json.dumps(data, indent=2) + "\n"
