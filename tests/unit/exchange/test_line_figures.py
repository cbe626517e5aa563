"""What is measured and told of a line."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from archipel.app.network.told import Told, ToldLine, Waits, read
from archipel.exchange.links import (
    Line,
    LinkState,
    Meter,
    change_between,
    compared,
    moved,
    sampled,
)
from archipel.exchange.model import NodeName
from archipel.kernel.errors import Malformed

GF = NodeName("gf")
NOW = datetime(2026, 11, 24, 14, tzinfo=UTC)


def test_a_meter_tells_the_rate_of_the_last_ten_seconds() -> None:
    meter = Meter()
    assert meter.read(1000, now_s=0) == 0
    assert meter.read(126_000, now_s=1) == pytest.approx(1e6)
    assert meter.read(126_000, now_s=10) == pytest.approx(1e5)
    assert meter.read(126_000, now_s=20) == 0


def test_a_meter_whose_counter_began_anew_tells_no_negative_rate() -> None:
    meter = Meter()
    meter.read(5_000_000, now_s=0)
    assert meter.read(100, now_s=1) == 0


def test_samples_are_one_each_half_minute_for_an_hour() -> None:
    state = LinkState(peer=GF, state=Line.UP, rtt_ms=70.0)
    for second in range(0, 7200, 10):
        state = sampled(state, now=NOW + timedelta(seconds=second))
    assert 119 <= len(state.samples) <= 120
    assert state.samples[-1].rtt_ms == 70.0


def test_a_cut_line_is_sampled_without_an_answer_time() -> None:
    state = sampled(LinkState(peer=GF, state=Line.DOWN, rtt_ms=70.0), now=NOW)
    assert (state.samples[0].rtt_ms, state.samples[0].bps) == (None, 0.0)


def test_a_verdict_on_states_stands_since_it_turned() -> None:
    state, later = LinkState(peer=GF), [NOW + timedelta(minutes=n) for n in range(6)]
    state = compared(state, None, withheld=True, now=later[0])
    assert (state.states_compared_at, state.states_withheld) == (None, True)
    state = compared(state, (), withheld=False, now=later[1])
    state = compared(state, (), withheld=False, now=later[2])
    assert (state.states_since, state.states_compared_at) == (later[1], later[2])
    assert not state.states_withheld
    state = compared(state, ("request",), withheld=False, now=later[3])
    state = compared(state, None, withheld=False, now=later[4])  # one has heard more meanwhile
    assert (state.states_since, state.states_compared_at) == (later[3], later[3])
    assert state.states_differing == ("request",)
    state = compared(state, (), withheld=False, now=later[5])
    assert (state.states_since, state.states_differing) == (later[5], ())


def test_the_journal_says_how_long_the_state_before_lasted() -> None:
    up = moved(LinkState(peer=GF), Line.UP, now=NOW)
    down = moved(up, Line.DOWN, now=NOW + timedelta(minutes=5), error="timed out")
    healed = moved(down, Line.UP, now=NOW + timedelta(minutes=6))
    cut, heal = change_between(up, down), change_between(down, healed)
    assert cut is not None
    assert heal is not None
    assert (cut.line, cut.lasted_s, cut.detail) == (Line.DOWN, 300, "timed out")
    assert (heal.line, heal.lasted_s, heal.detail) == (Line.UP, 60, "")
    assert change_between(up, replace(up, rtt_ms=3.0)) is None


def test_what_a_neighbour_tells_is_read_as_it_was_said() -> None:
    told = read(
        b'{"node":"gf","lines":[{"peer":"mq","state":"up","rtt_ms":71.5}],'
        b'"waits":{"stat":{"studies":1,"bytes":5}}}',
        GF,
    )
    assert told == Told(
        node="gf",
        lines=(ToldLine(peer="mq", state="up", rtt_ms=71.5),),
        waits={"stat": Waits(studies=1, bytes=5)},
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"node":"mq","lines":[],"waits":{}}',
        b'{"node":"gf","lines":[{"peer":"mq","state":"sideways"}],"waits":{}}',
        b'{"node":"gf","lines":[{"peer":"../x","state":"up"}],"waits":{}}',
        b'{"node":"gf","lines":[],"waits":{"stat":{"studies":"one","bytes":0}}}',
        b'{"node":"gf","lines":[],"waits":{}}' + b" " * (33 << 10),
    ],
)
def test_what_a_neighbour_may_not_tell_is_refused(content: bytes) -> None:
    with pytest.raises(Malformed):
        read(content, GF)
