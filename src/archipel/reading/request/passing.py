"""A request that nobody claims: it is told in time, and passed on to the next of the ladder.

The node passes nothing on by itself: whom a patient's images are shown to next is decided by
somebody who asked, with one act. The next one is asked before the former is let go, so that what
fails in between leaves two readers, never none.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from archipel.kernel.errors import Conflict
from archipel.reading.request import ask, lifecycle
from archipel.reading.request.ask import Desk
from archipel.reading.request.body import new_request_id
from archipel.reading.request.model import (
    Professional,
    RequestId,
    Rung,
    Stage,
    Standing,
    Verdict,
)

_UNCLAIMED = frozenset({Stage.PLACED, Stage.TRAVELLING, Stage.READY})
_ASKABLE = frozenset({Verdict.CHOSEN, Verdict.FITS, Verdict.OVERLOADED})


def claim_by(held: Standing) -> datetime:
    """Return when somebody should have claimed it: half of what was promised is then gone."""
    return held.due - held.request.promised / 2


def unclaimed(held: Standing, *, now: datetime) -> bool:
    """Tell whether nobody has claimed in time what could be read."""
    waits = held.stage in _UNCLAIMED and held.exam is not None and held.claim is None
    return waits and now >= claim_by(held)


def next_of(held: Standing, *, desk: Desk, now: datetime) -> Rung | None:
    """Return who could be asked next; None: nobody else can, so call."""
    best = _best(_rungs(held, desk, now))
    return replace(best, verdict=Verdict.CHOSEN) if best else None


def pass_on(
    request: RequestId, reason: str, *, by: Professional, desk: Desk, now: datetime
) -> Standing:
    """Ask the next of the ladder in the place of who does not claim; returns the new request.

    Raises `NotFound`, `Refused` for who did not ask, `Malformed`, `Conflict` where it is claimed,
    not late, or nobody else can be asked.
    """
    held = ask.own(request, desk)
    if not unclaimed(held, now=now):
        raise Conflict("it is claimed, ended, or its time to be claimed is not over")
    rungs = _rungs(held, desk, now)
    chosen = _best(rungs)
    if chosen is None:
        raise Conflict("no other agreement lets anybody read this now: call")
    why = ask.reason_of(reason)
    agreement = ask.agreement_of(chosen, desk)
    kept = tuple(
        replace(rung, verdict=Verdict.CHOSEN)
        if rung is chosen
        else replace(rung, verdict=Verdict.FITS)
        if rung.verdict is Verdict.CHOSEN
        else rung
        for rung in rungs
    )
    following = replace(
        held.request,
        id=new_request_id(desk.site.node, now=now),
        asked_by=by,
        partner=chosen.site,
        exam=held.exam,
        priors=held.priors,
        promised=agreement.promise(held.request.urgency),
        relief=agreement.relief,
        ladder=kept,
        override="",
        placed_at=now,
        follows=request,
    )
    ask.audited(desk, following, "placed", now)
    placed = desk.requests.place(following, scope=desk.scope)
    ask.told_of(held, ask.telling(lifecycle.CANCELLED, why, by, now), desk)
    return placed


def _rungs(held: Standing, desk: Desk, now: datetime) -> Sequence[Rung]:
    """Judge every agreement now; who was asked in vain says so, here and in what went before."""
    request = held.request
    asked = {site.tenant for site in request.readers}
    asked |= {rung.site.tenant for rung in request.ladder if rung.verdict is Verdict.UNCLAIMED}
    every = ask.rungs_of(held.exam, request.modality, request.urgency, desk, now)
    return [
        replace(rung, verdict=Verdict.UNCLAIMED) if rung.site.tenant in asked else rung
        for rung in every
    ]


def _best(rungs: Sequence[Rung]) -> Rung | None:
    return next((rung for rung in rungs if rung.verdict in _ASKABLE), None)
