"""A request survives its way into a fact and out; what is not one is `Malformed`."""

import contextlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from archipel.kernel.errors import Malformed
from archipel.kernel.identifiers import Issuer, PatientIdentifier, TenantId
from archipel.kernel.uid import Uid
from archipel.reading.model import ExamId, Urgency
from archipel.reading.request.body import new_request_id, read, request_of, subject_of, written
from archipel.reading.request.model import (
    Contact,
    Information,
    Justification,
    Level,
    Professional,
    Request,
    Rung,
    Site,
    Subject,
    Verdict,
)

NOW = datetime(2026, 11, 24, 2, 40, tzinfo=UTC)
WEST, CITY = TenantId("ch-ouest"), TenantId("chu-martinique")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
MINUTES = st.integers(0, 5000).map(lambda minutes: timedelta(minutes=minutes))
RUNGS = st.builds(
    Rung,
    site=st.just(Site(CITY, "mq", "CHU")),
    level=st.sampled_from(Level),
    verdict=st.sampled_from(Verdict),
    images_in=st.none() | MINUTES,
    promised=st.none() | MINUTES,
    waiting=st.integers(0, 99),
)
REQUESTS = st.builds(
    Request,
    id=st.just(new_request_id("gy", now=NOW)),
    asked_by=st.builds(Professional, login=st.just("m.urg"), name=TEXTS, tenant=st.just(WEST)),
    asking=st.just(Site(WEST, "gy", "CH Ouest")),
    partner=st.just(Site(CITY, "mq", "CHU")),
    subject=st.builds(
        Subject,
        name=TEXTS,
        birth_date=st.sampled_from(["", "19590301"]),
        sex=st.sampled_from(["M", "F", "O", ""]),
        identifier=st.just(PatientIdentifier("55", Issuer("gy-issuer"))),
    ),
    exam=st.none() | st.just(ExamId(WEST, Uid("1.2.3"))),
    priors=st.just((ExamId(WEST, Uid("1.2.4")),)),
    modality=st.just("CT"),
    procedure=TEXTS,
    question=TEXTS.map(lambda text: "Hémiparésie gauche brutale ? " + text),
    urgency=st.just(Urgency.STAT),
    promised=MINUTES,
    justification=st.builds(Justification, reason=TEXTS.map(lambda text: "urgence" + text)),
    information=st.sampled_from(Information),
    contact=st.just(Contact(name="Dr Urgences-Test", phone="0594 00 44 17")),
    relief=st.just((Site(TenantId("lyon"), "fr", "Lyon"),)),
    ladder=st.lists(RUNGS, max_size=4).map(tuple),
    override=TEXTS,
    placed_at=st.just(NOW),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@given(REQUESTS)
def test_what_was_written_is_read(request: Request) -> None:
    over_the_wire = json.loads(json.dumps(written(request)))
    assert read(over_the_wire, Request) == request


@given(REQUESTS, st.data())
def test_a_body_that_was_meddled_with_is_malformed_or_a_request(
    request: Request, data: st.DataObject
) -> None:
    body: dict[str, Any] = written(request)
    body[data.draw(st.sampled_from(sorted(body)))] = data.draw(JSON)
    with contextlib.suppress(Malformed):
        read(body, Request)


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(1980, 1, 1)))  # noqa: DTZ001  (hypothesis wants it naive)
def test_requests_placed_later_sort_later_and_their_subject_names_them(at: datetime) -> None:
    first = new_request_id("gy", now=at)
    second = new_request_id("gy", now=at + timedelta(milliseconds=2))
    assert first < second
    assert request_of(subject_of(first)) == first
