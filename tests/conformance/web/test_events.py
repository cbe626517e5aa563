"""The live stream on a real socket: what is told, to whom, and how one catches up."""

import json
import time
from contextlib import contextmanager
from datetime import timedelta

import httpx
import pytest

from archipel.kernel.actors import Scope
from archipel.kernel.identifiers import TenantId
from archipel.reading.model import Reader

PATIENCE_S = 10


class Listener:
    """Reads the events of one stream."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.iter_lines()
        self.last_id = ""

    def event(self) -> tuple[str, dict]:
        """Return the next event's name and data; comments and ids are passed over."""
        name, until = "", time.monotonic() + PATIENCE_S
        for line in self._lines:
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "id":
                self.last_id = value
            elif field == "data":
                return name, json.loads(value)
            assert time.monotonic() < until
        raise AssertionError("the stream ended")


@contextmanager
def listening(door, login, topics, **headers):
    with door.client(login) as client:
        asked = {"params": {"topics": topics}, "headers": headers, "timeout": PATIENCE_S}
        with client.stream("GET", "/api/events", **asked) as response:
            assert response.status_code == 200
            assert response.headers["content-type"].startswith("text/event-stream")
            listener = Listener(response)
            next(listener._lines)
            yield listener


def claim(door, login="radio-north", exam=None, **body):
    with door.client(login) as client:
        answer = client.post(f"/api/exams/{exam or door.exam.id}/claim", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def release(door, lease, login="radio-north"):
    with door.client(login) as client:
        path = f"/api/exams/{lease['exam']}/claim?fence={lease['fence']}"
        assert client.delete(path).status_code == 204


def test_a_claim_is_told_within_a_second_to_those_who_follow_it(door):
    exam = str(door.exam.id)
    with listening(door, "second-north", f"list,claim:{exam}") as listener:
        start = time.monotonic()
        lease = claim(door)

        assert listener.event() == ("list", {"exam": exam, "change": "ClaimChanged"})
        name, told = listener.event()
        assert time.monotonic() - start < 2
        assert name == "claim"
        assert told["claim"]["login"] == "radio-north"
        assert told["claim"]["mine"] is False
        assert told["claim"]["fence"] is None

        release(door, lease)
        assert listener.event()[0] == "list"
        assert listener.event() == ("claim", {"exam": exam, "claim": None})


def test_another_organisation_is_told_nothing(door):
    exam = str(door.exam.id)
    with listening(door, "radio-south", f"list,exam:{exam},claim:{exam}") as listener:
        release(door, claim(door))
        shared = door.share()

        assert listener.event() == ("list", {"exam": str(shared), "change": "UrgencySet"})


def test_a_request_for_reading_is_told_to_who_asks_and_to_who_is_asked(door):
    agreed = {"key": "s", "asking": "north", "partner": {"key": "south"}, "level": "region"}
    body = {
        "exam": str(door.prior.id),
        "question": "TEST nodule, évolution depuis un an ?",
        "urgency": "urgent",
        "justification": {"reason": "suivi"},
        "callback": {"name": "TEST consultation", "phone": "0594 00 44 17"},
        "consent": {"kind": "given", "by": "TEST technologist-north"},
        "partner": "south",
        "override": "TEST",
    }
    with door.client("admin-north") as client:
        assert client.put("/api/admin/agreements", json=agreed).status_code == 200
    with (
        listening(door, "radio-north", "requests") as asking,
        listening(door, "radio-south", "requests,list") as reading,
        door.client("technologist-north") as client,
    ):
        made = client.post("/api/requests", json=body).json()["row"]
        told = {"request": made["request"], "exam": str(door.prior.id), "stage": "ready"}
        assert asking.event() == ("request", told)
        assert reading.event() == ("request", told)
        assert reading.event() == (
            "list",
            {"exam": str(door.prior.id), "change": "RequestChanged"},
        )
        with door.client("radio-south") as other:
            (row,) = other.get("/api/requests").json()["rows"]
        assert (row["side"], row["stage"]) == ("reading", "ready")
        path = f"/api/requests/{made['request']}/cancel"
        assert client.post(path, json={"reason": "TEST"}).status_code == 200
        assert asking.event()[1]["stage"] == "cancelled"
        assert reading.event()[1]["stage"] == "cancelled"


def test_who_comes_back_is_told_what_was_missed(door):
    with listening(door, "radio-north", "list") as listener:
        release(door, claim(door))
        listener.event()
        first = listener.last_id
        listener.event()
    release(door, claim(door))

    with listening(door, "radio-north", "list", **{"Last-Event-ID": first}) as listener:
        told = [listener.event() for _ in range(3)]

    assert {name for name, _ in told} == {"list"}
    assert int(listener.last_id) > int(first)


@pytest.mark.parametrize("last", ["999999999"])
def test_who_missed_what_nobody_knows_is_told_to_load_again(door, last):
    with listening(door, "radio-north", "list", **{"Last-Event-ID": last}) as listener:
        assert listener.event() == ("reset", {})


@pytest.mark.parametrize("topics", ["queue", "exam:x", "list,", "exam:north~x", "a" * 9000])
def test_topics_that_make_no_sense_are_refused(door, topics):
    with door.client("radio-north") as client:
        answer = client.get("/api/events", params={"topics": topics})

    assert answer.status_code == 422


def test_only_those_who_see_exams_may_follow(door):
    with door.client() as client:
        assert client.get("/api/events").status_code == 401
    with door.client("governance") as client:
        assert client.get("/api/events").status_code == 403


def test_a_lease_that_runs_out_is_free_for_the_next(door):
    lease = claim(door)
    with door.client("second-north") as client:
        path = f"/api/exams/{door.exam.id}/claim"
        refused = client.post(path, json={})
        assert refused.status_code == 409
        assert refused.json()["claim"]["login"] == "radio-north"
        unexplained = client.post(path, json={"take_over": True})
        assert unexplained.status_code == 422

        door.clock.ahead += timedelta(minutes=15)
        mine = client.post(path, json={})
        assert mine.status_code == 200
        assert mine.json()["fence"] == lease["fence"] + 1
    with door.client("radio-north") as client:
        late = client.post(f"{path}/heartbeat", json={"fence": lease["fence"]})
    assert late.status_code == 409
    assert late.json()["type"] == "claim-lost"
    assert late.json()["claim"]["login"] == "second-north"
    release(door, mine.json(), "second-north")


def test_the_door_names_the_reader_as_the_person_signed_in(door):
    lease = claim(door)
    scope = Scope(door.office.scope.actor, frozenset({TenantId("north")}))
    held = door.services.claims.latest(door.exam.id, scope=scope)
    release(door, lease)

    assert held is not None
    assert held.reader == Reader(
        login="radio-north", name="TEST radio-north", tenant=TenantId("north")
    )
