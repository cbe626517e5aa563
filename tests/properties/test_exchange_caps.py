"""Caps on what leaves for a node: how they are written, when they hold, what they let go."""

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archipel.exchange.caps import LEAST_MBIT, Cap, Limits, caps_of, least_mbit
from archipel.exchange.schedule import SHAPED, Egress, TransferClass, Waiting
from archipel.kernel.errors import Malformed

NOON, NIGHT = time(12), time(23, 30)
classes = st.sampled_from(TransferClass)
minutes = st.times().map(lambda at: at.replace(second=0, microsecond=0))
nodes = st.sampled_from(["*", "gf", "mq", "st-barth"])


@given(
    nodes,
    st.one_of(st.none(), classes),
    st.integers(1, 2000).map(lambda half: half / 2),
    st.one_of(st.none(), st.tuples(minutes, minutes)),
)
def test_a_cap_reads_back_as_it_was_written(
    node: str, of_class: TransferClass | None, mbit: float, hours: tuple[time, time] | None
) -> None:
    word = node + (f"/{of_class}" if of_class else "") + f"={mbit}"
    if hours:
        word += "@" + "-".join(one.isoformat("minutes") for one in hours)
    since, until = hours or (None, None)
    assert (
        caps_of(f"  {word}, {word} ")
        == (Cap(node=node, mbit=mbit, of_class=of_class, since=since, until=until),) * 2
    )


@pytest.mark.parametrize(
    "text",
    ["gf", "gf=", "gf=x", "gf=0", "gf=0.4", "gf=-8", "gf=8@", "gf=8@07:00", "gf=8@25:00-26:00",
     "gf/archive=2", "GF=8", "=8", "gf=1e3", "gf/=8", "gf=1000000"],
)  # fmt: skip
def test_what_is_no_cap_is_refused_by_name(text: str) -> None:
    with pytest.raises(Malformed):
        caps_of(text)


@given(st.text(max_size=40))
def test_any_text_is_caps_or_malformed(text: str) -> None:
    try:
        found = caps_of(text)
    except Malformed:
        return
    assert all(one.mbit >= LEAST_MBIT for one in found)


@given(minutes, minutes, minutes)
def test_hours_and_the_rest_of_the_day_never_hold_together(
    since: time, until: time, at: time
) -> None:
    day = Cap(node="*", mbit=1, since=since, until=until)
    rest = Cap(node="*", mbit=1, since=until, until=since)
    assert day.holds(at) + rest.holds(at) == (1 if since != until else 0)


def test_the_least_that_holds_counts_for_a_node_and_a_class() -> None:
    caps = caps_of("gf=8@07:00-19:00 *=20 gf/backfill=2 mq/backfill=4@20:00-06:00")
    assert least_mbit(caps, "gf", None, at=NOON) == 8
    assert least_mbit(caps, "gf", None, at=NIGHT) == 20
    assert least_mbit(caps, "gf", TransferClass.BACKFILL, at=NOON) == 2
    assert least_mbit(caps, "mq", TransferClass.BACKFILL, at=NOON) is None
    assert least_mbit(caps, "mq", TransferClass.BACKFILL, at=NIGHT) == 4
    assert least_mbit(caps, "mq", TransferClass.STAT, at=NIGHT) is None


@given(
    st.lists(
        st.tuples(st.sampled_from(["gf", "mq"]), classes, st.integers(1, 65_536)), min_size=1
    ),
    st.sampled_from([NOON, NIGHT]),
)
def test_no_cap_is_exceeded_at_any_time_and_everything_goes(
    put: list[tuple[str, TransferClass, int]], at: time
) -> None:
    caps = caps_of("gf=8@07:00-19:00 gf/backfill=2 */routine=3")
    egress: Egress[None] = Egress(limits=Limits(caps, lambda: at))
    for peer, of_class, size in put:
        egress.put(Waiting(peer, of_class, size, None))
    now_s, left = 0.0, len(put)
    sent: dict[tuple[str, TransferClass | None], int] = {}
    while (one := egress.next(now_s=now_s)) is not None:
        if not isinstance(one, Waiting):
            now_s += one * 1.000001 + 1e-9
            continue
        left -= 1
        for named in (None, one.of_class):
            sent[one.peer, named] = sent.get((one.peer, named), 0) + one.size_bytes
            mbit = least_mbit(caps, one.peer, named, at=at)
            if mbit is not None:
                most = mbit * 125_000 * SHAPED * now_s + 65_536
                assert sent[one.peer, named] <= most * (1 + 1e-6) + 1
    assert left == 0


def test_a_cap_begins_and_ends_by_itself() -> None:
    clock = [NOON]
    limits = Limits(caps_of("gf=8@07:00-19:00"), lambda: clock[0])
    (bucket,) = limits("gf", TransferClass.STAT)
    assert bucket.wait_s(65_536, now_s=0) == 0
    bucket.spend(65_536, now_s=0)
    assert bucket.wait_s(65_536, now_s=0) > 0
    assert limits("mq", TransferClass.STAT) == []
    clock[0] = NIGHT
    assert limits("gf", TransferClass.STAT) == []
