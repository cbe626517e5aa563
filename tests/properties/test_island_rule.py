"""What may be claimed in a cut: what is urgent always, what can wait where nobody is missed."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from tests.properties.test_requests import REQUESTS

from archipel.reading.model import Urgency
from archipel.reading.request.island import waits
from archipel.reading.request.model import Information, Line, Request, Stage, Standing

NOW = datetime(2026, 11, 24, 2, 40, tzinfo=UTC)
OVER = {Stage.RETURNED, Stage.ACKNOWLEDGED, Stage.DECLINED, Stage.CANCELLED}


@st.composite
def standings(draw: st.DrawFn) -> Standing:
    request: Request = draw(REQUESTS)
    return Standing(
        request=replace(
            request,
            urgency=draw(st.sampled_from(Urgency)),
            information=Information.CONSENTED,
        ),
        stage=draw(st.sampled_from(Stage)),
        exam=request.exam,
        priors=(),
        claim=None,
        superseded=(),
        answers=(),
        conflict=False,
        notes=(),
        acknowledged=None,
        reason="",
        log=(),
    )


@given(standings(), st.booleans(), st.sampled_from(["gy", "mq"]), st.booleans())
def test_only_what_can_wait_waits_and_only_for_another_nodes_cut_line(
    held: Standing, cut: bool, here: str, routine_alone: bool
) -> None:
    line = Line(node="gy", cut=cut, since=NOW)
    held_up = waits(held, line, here=here, routine_alone=routine_alone)

    assert held.request.id.home == "gy"
    needed = (cut, here != "gy", not routine_alone, held.stage not in OVER)
    can_wait = held.request.urgency in (Urgency.INPATIENT, Urgency.ROUTINE)
    assert held_up is (all(needed) and can_wait)


@given(standings(), st.sampled_from(["mq", "fr"]))
def test_a_vital_exam_is_never_held_up(held: Standing, here: str) -> None:
    for urgency in (Urgency.STAT, Urgency.URGENT):
        urgent = replace(held, request=replace(held.request, urgency=urgency))
        for cut in (True, False):
            line = Line(node="gy", cut=cut)
            assert not waits(urgent, line, here=here, routine_alone=False)
