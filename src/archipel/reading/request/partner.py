"""Choose who reads: on site, then the region, then its sisters, then the mainland.

The nearest partner that can keep its promise is taken; every other one is kept with the reason
why not, so that the choice can be read, questioned and made again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from archipel.kernel.errors import Malformed, Refused
from archipel.kernel.identifiers import TenantId
from archipel.reading.model import Urgency
from archipel.reading.request.model import Agreement, Rung, Verdict

FULL = 12
"""Unanswered requests from which a partner is passed over while another one fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """How a partner stands right now. `images_in` None: how long they travel is not known."""

    images_in: timedelta | None
    waiting: int
    reachable: bool = True  # a link to its node is up, or it is this one


def ladder(
    agreements: Sequence[Agreement],
    *,
    modality: str,
    urgency: Urgency,
    outlook: Callable[[Agreement], Outlook],
    now: datetime,
) -> tuple[Rung, ...]:
    """Judge every agreement; at most one rung is `Verdict.CHOSEN`, the rungs nearest first.

    When the only ones that fit are full, the least loaded is chosen: a late answer is better
    than none. When no link is up, the nearest open one is chosen all the same: the request
    waits here and leaves by itself, and its telephone number is shown.
    """
    rungs = []
    for one in sorted(agreements, key=lambda a: (a.level.value, a.partner.name)):
        seen = outlook(one)
        rung = Rung(
            site=one.partner,
            level=one.level,
            verdict=_verdict(one, seen, modality, now),
            images_in=seen.images_in,
            promised=one.promise(urgency),
            waiting=seen.waiting,
        )
        rungs.append(rung)
    best = _best(rungs)
    return tuple(replace(rung, verdict=Verdict.CHOSEN) if rung is best else rung for rung in rungs)


def choose(
    rungs: Sequence[Rung], *, wanted: TenantId | None, override: str
) -> tuple[Rung, tuple[Rung, ...]]:
    """Return the partner to ask and the ladder to keep: the ladder's own, or `wanted`.

    Raises `Refused` when nobody can be asked, `Malformed` when another one than the ladder's is
    wanted without a reason or is not on it.
    """
    own = next((rung for rung in rungs if rung.verdict is Verdict.CHOSEN), None)
    if wanted is None or (own is not None and own.site.tenant == wanted):
        if own is None:
            raise Refused(
                "no agreement lets anybody read this now: ask an administrator for one, or call"
            )
        return own, tuple(rungs)
    other = next((rung for rung in rungs if rung.site.tenant == wanted), None)
    if other is None or other.verdict in (Verdict.ENDED, Verdict.NOT_COVERED):
        raise Malformed(f"no agreement that covers this exam names {wanted}")
    if not override.strip():
        raise Malformed("choosing another reader than proposed asks a reason")
    kept = tuple(
        replace(rung, verdict=Verdict.CHOSEN)
        if rung is other
        else replace(rung, verdict=Verdict.OVERRIDDEN)
        if rung is own
        else rung
        for rung in rungs
    )
    return replace(other, verdict=Verdict.CHOSEN), kept


def _verdict(one: Agreement, seen: Outlook, modality: str, now: datetime) -> Verdict:
    if one.ends is not None and now >= one.ends:
        return Verdict.ENDED
    if one.modalities and modality not in one.modalities:
        return Verdict.NOT_COVERED
    if not one.hours.hold(now.astimezone(ZoneInfo(one.time_zone))):
        return Verdict.CLOSED
    if not seen.reachable:
        return Verdict.UNREACHABLE
    return Verdict.OVERLOADED if seen.waiting >= FULL else Verdict.FITS


def _best(rungs: Sequence[Rung]) -> Rung | None:
    for rung in rungs:
        if rung.verdict is Verdict.FITS:
            return rung
    full = [rung for rung in rungs if rung.verdict is Verdict.OVERLOADED]
    if full:
        return min(full, key=lambda rung: rung.waiting)
    return next((rung for rung in rungs if rung.verdict is Verdict.UNREACHABLE), None)
