"""Who could be asked, and under which agreement, as the front end reads it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, cast

from archipel.protocols.web.models.agreement import AgreementView, HoursView
from archipel.protocols.web.models.request import (
    LevelName,
    RungView,
    SiteView,
)
from archipel.reading.model import Urgency
from archipel.reading.request.model import (
    PROMISED,
    Agreement,
    Level,
    Rung,
    Site,
    Verdict,
)

LEVELS: Mapping[LevelName, Level] = {
    "on-site": Level.ON_SITE,
    "region": Level.REGION,
    "sister-region": Level.SISTER_REGION,
    "mainland": Level.MAINLAND,
}
_LEVEL_NAMES = {level: name for name, level in LEVELS.items()}


def site_view(site: Site) -> SiteView:
    """Return an organisation with its node."""
    return SiteView(key=site.tenant.value, name=site.name, node=site.node)


def rung_view(rung: Rung, agreement: Agreement | None) -> RungView:
    """Return one rung; `agreement` explains why not, where it is at hand."""
    return RungView(
        site=site_view(rung.site),
        level=_LEVEL_NAMES[rung.level],
        chosen=rung.verdict is Verdict.CHOSEN,
        reason=rung.verdict.value,
        parameters=_parameters(rung, agreement),
        images_in_s=seconds(rung.images_in),
        promised_s=seconds(rung.promised),
        waiting=rung.waiting,
        phone=agreement.phone if agreement else "",
    )


def rung_views(rungs: Sequence[Rung], agreements: Iterable[Agreement]) -> list[RungView]:
    """Return the ladder with the agreement of each rung."""
    known = {(one.partner, one.level): one for one in agreements}
    return [rung_view(rung, known.get((rung.site, rung.level))) for rung in rungs]


def agreement_view(one: Agreement, *, now: datetime) -> AgreementView:
    """Return one agreement."""
    delays = {**PROMISED, **(one.delays or {})}
    return AgreementView(
        key=one.key,
        asking=one.asking.value,
        partner=site_view(one.partner),
        level=_LEVEL_NAMES[one.level],
        modalities=sorted(one.modalities),
        hours=HoursView(
            days=sorted(one.hours.days),
            since=f"{one.hours.since:%H:%M}",
            until=f"{one.hours.until:%H:%M}",
        ),
        time_zone=one.time_zone,
        delays_s={urgency_name(each): seconds(delay) or 0 for each, delay in delays.items()},
        phone=one.phone,
        relief=[site_view(site) for site in one.relief],
        ends=one.ends,
        ended=one.ends is not None and one.ends <= now,
    )


def urgency_name(urgency: Urgency) -> Literal["stat", "urgent", "inpatient", "routine"]:
    """Return the word of the API."""
    return cast("Literal['stat', 'urgent', 'inpatient', 'routine']", urgency.name.lower())


def seconds(span: timedelta | None) -> int | None:
    """Return whole seconds, rounded up: nothing arrives early."""
    return None if span is None else -int(-span.total_seconds() // 1)


def _parameters(rung: Rung, agreement: Agreement | None) -> dict[str, str | int | None]:
    if rung.verdict is Verdict.OVERLOADED:
        return {"waiting": rung.waiting}
    if agreement is None:
        return {}
    if rung.verdict is Verdict.CLOSED:
        hours = agreement.hours
        return {
            "days": "".join(str(one) for one in sorted(hours.days)),
            "since": f"{hours.since:%H:%M}",
            "until": f"{hours.until:%H:%M}",
            "time_zone": agreement.time_zone,
        }
    if rung.verdict is Verdict.NOT_COVERED:
        return {"modalities": " ".join(sorted(agreement.modalities))}
    if rung.verdict is Verdict.ENDED and agreement.ends is not None:
        return {"at": agreement.ends.isoformat()}
    return {}
