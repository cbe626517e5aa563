"""Who is asked to read: the nearest partner that keeps its promise, and why not the others."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archipel.kernel.errors import Malformed, Refused
from archipel.kernel.identifiers import TenantId
from archipel.reading.model import Urgency
from archipel.reading.request.model import Agreement, Hours, Level, Site, Verdict
from archipel.reading.request.partner import FULL, Outlook, choose, ladder

MONDAY_NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
NEAR = Outlook(images_in=timedelta(minutes=2), waiting=0)
CUT = Outlook(images_in=None, waiting=0, reachable=False)
EVENING = MONDAY_NOON + timedelta(hours=4)
ALWAYS = Hours()


def agreement(
    key: str, level: Level, *, hours: Hours = ALWAYS, modalities: frozenset[str] = frozenset()
) -> Agreement:
    return Agreement(
        key=f"a-{key}",
        asking=TenantId("ch-ouest"),
        partner=Site(TenantId(key), key[:2], key),
        level=level,
        hours=hours,
        modalities=modalities,
    )


ALL = (
    agreement("lyon", Level.MAINLAND, modalities=frozenset({"CT"})),
    agreement("chu-martinique", Level.SISTER_REGION),
    agreement("ch-ouest", Level.ON_SITE, hours=Hours(since=time(7), until=time(13))),
    agreement("chu-guadeloupe", Level.SISTER_REGION),
)


def judged(
    outlooks: dict[str, Outlook], *, modality: str = "CT", now: datetime = MONDAY_NOON
) -> dict[str, Verdict]:
    rungs = ladder(
        ALL,
        modality=modality,
        urgency=Urgency.STAT,
        outlook=lambda one: outlooks.get(one.partner.tenant.value, NEAR),
        now=now,
    )
    return {rung.site.tenant.value: rung.verdict for rung in rungs}


def test_the_nearest_that_fits_is_chosen() -> None:
    assert judged({}) == {
        "ch-ouest": Verdict.CHOSEN,
        "chu-guadeloupe": Verdict.FITS,
        "chu-martinique": Verdict.FITS,
        "lyon": Verdict.FITS,
    }


def test_each_partner_passed_over_says_why() -> None:
    full = Outlook(images_in=timedelta(), waiting=FULL)
    assert judged({"chu-guadeloupe": full, "chu-martinique": CUT}, now=EVENING) == {
        "ch-ouest": Verdict.CLOSED,
        "chu-guadeloupe": Verdict.OVERLOADED,
        "chu-martinique": Verdict.UNREACHABLE,
        "lyon": Verdict.CHOSEN,
    }
    assert judged({}, modality="MR")["lyon"] is Verdict.NOT_COVERED


def test_when_every_link_is_cut_the_nearest_open_one_is_asked_all_the_same() -> None:
    everywhere = {one.partner.tenant.value: CUT for one in ALL}
    assert judged(everywhere, now=EVENING)["chu-guadeloupe"] is Verdict.CHOSEN


def test_choosing_another_reader_asks_a_reason_and_keeps_both() -> None:
    rungs = ladder(
        ALL, modality="CT", urgency=Urgency.STAT, outlook=lambda _: NEAR, now=MONDAY_NOON
    )
    lyon = TenantId("lyon")
    with pytest.raises(Malformed, match="reason"):
        choose(rungs, wanted=lyon, override=" ")
    with pytest.raises(Malformed, match="names"):
        choose(rungs, wanted=TenantId("nobody"), override="they know the patient")
    chosen, kept = choose(rungs, wanted=lyon, override="they know the patient")
    assert chosen.site.tenant == lyon
    verdicts = {rung.site.tenant.value: rung.verdict for rung in kept}
    assert verdicts["lyon"] is Verdict.CHOSEN
    assert verdicts["ch-ouest"] is Verdict.OVERRIDDEN


def test_without_an_agreement_nobody_is_asked() -> None:
    with pytest.raises(Refused, match="agreement"):
        choose((), wanted=None, override="")


def test_a_night_watch_passes_midnight() -> None:
    friday_night = Hours(days=frozenset({4}), since=time(20), until=time(6))
    assert friday_night.hold(datetime(2026, 11, 27, 23, tzinfo=UTC))
    assert friday_night.hold(datetime(2026, 11, 28, 5, 59, tzinfo=UTC))
    assert not friday_night.hold(datetime(2026, 11, 28, 6, tzinfo=UTC))
    assert not friday_night.hold(datetime(2026, 11, 27, 5, tzinfo=UTC))


LOOKS = st.builds(
    Outlook,
    images_in=st.none() | st.timedeltas(timedelta(), timedelta(hours=3)),
    waiting=st.integers(0, 2 * FULL),
)


@given(
    st.fixed_dictionaries({one.partner.tenant.value: LOOKS for one in ALL}),
    st.sampled_from(["CT", "MR"]),
    st.integers(0, 365 * 24 * 60).map(lambda minutes: MONDAY_NOON + timedelta(minutes=minutes)),
)
def test_exactly_one_is_chosen_and_nobody_nearer_would_fit(
    outlooks: dict[str, Outlook], modality: str, now: datetime
) -> None:
    rungs = ladder(
        ALL,
        modality=modality,
        urgency=Urgency.URGENT,
        outlook=lambda one: outlooks[one.partner.tenant.value],
        now=now,
    )
    # Two sisters are always open and take every modality: somebody is always asked.
    (chosen,) = [rung for rung in rungs if rung.verdict is Verdict.CHOSEN]
    nearer = [rung for rung in rungs if rung.level.value < chosen.level.value]
    assert len(rungs) == len(ALL)
    assert all(rung.verdict is not Verdict.FITS for rung in nearer)
    assert modality == "CT" or chosen.site.tenant.value != "lyon"
