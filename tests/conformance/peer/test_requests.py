"""A request for reading between two running nodes, through their HTTP API and a line that is cut.

Asked in Guyane, read in Martinique; declined and asked again; then a race of two readers on two
nodes during a cut.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.conformance.peer.readers import (
    Network,
    acquired,
    at_stage,
    key_of,
    placed,
    running_network,
    signed,
    until,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # the machine may be busy


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    with running_network(tmp_path_factory.mktemp("islands")) as running:
        yield running


def test_what_is_asked_on_one_node_is_read_on_another_through_cuts(network: Network) -> None:
    exam = acquired(network, images=24)
    request = placed(network, exam)

    def on_its_way() -> Any:
        coming = network.ask("reader", "GET", "/worklist")["arriving"]
        return [
            one for one in coming if one["exam"] == exam and one["request"]["images"]["percent"]
        ]

    (coming,) = until(on_its_way)
    assert coming["request"]["images"]["eta_s"] > 0
    assert coming["patient"]["family_name"] == "TEST-LEFEVRE"
    network.cut()
    until(lambda: on_its_way()[0]["request"]["images"]["state"] == "stalled")
    network.heal()
    row = until(
        lambda: [
            one
            for one in network.ask("reader", "GET", "/worklist")["rows"]
            if one["exam"] == exam and one["request"]["stage"] == "ready"
        ]
    )[0]
    assert row["request"]["question"].startswith("Hémiparésie")
    assert row["urgency"] == "stat"
    assert len(network.islands["mq"].digests(key_of(exam))) == 24

    network.cut()
    digest = signed(network, "reader", exam, "TEST occlusion M1 droite")
    network.heal()
    at_stage(network, "reader", request, "returned")
    answer = at_stage(network, "tech", request, "returned")
    assert [one["principal"] for one in answer["answers"]] == [True]
    assert [one["organisation"] for one in answer["answers"]] == ["TEST CHU de Martinique"]
    assert answer["row"]["reader"]["organisation"] == "TEST CHU de Martinique"
    assert answer["row"]["report_digest"] == digest
    assert answer["row"]["reader"]["confirmed"]
    told = network.ask("tech", "GET", f"/exams/{exam}/report/documents/{digest}")
    assert told["signer"]["organisation"]["key"] == "chu-mq"
    assert "M1 droite" in str(told["sections"])
    files = network.clients["tech"].get(f"/api/exams/{exam}/report/documents/{digest}/files/pdf")
    assert files.content.startswith(b"%PDF")

    network.ask("tech", "POST", f"/requests/{request}/acknowledge")
    there = at_stage(network, "reader", request, "acknowledged")
    here = at_stage(network, "tech", request, "acknowledged")
    assert there["log"] == here["log"]
    kinds = [one["kind"] for one in here["log"]]
    assert kinds[0] == "request.placed"
    assert kinds[-1] == "request.acknowledged"
    for kind in ("request.arrived", "request.claimed", "request.confirmed", "report.signed"):
        assert kinds.count(kind) == 1, kinds


def test_two_readers_who_race_in_a_cut_leave_both_reports_and_a_flag(network: Network) -> None:
    exam = acquired(network, images=2)
    request = placed(network, exam)
    at_stage(network, "reader", request, "ready")
    network.cut()
    far = signed(network, "reader", exam, "TEST lu en Martinique")
    near = signed(network, "stand-in", exam, "TEST lu en Guyane")
    at_stage(network, "tech", request, "returned")
    at_stage(network, "reader", request, "returned")
    network.heal()

    def both(who: str) -> Any:
        found = network.ask(who, "GET", f"/requests/{request}")
        return found if len(found["answers"]) == 2 else None

    views = [until(lambda who=who: both(who)) for who in ("tech", "reader", "stand-in")]
    for view in views:
        assert view["row"]["conflict"]
        assert {one["digest"]: one["principal"] for one in view["answers"]} == {
            near: True,
            far: False,
        }
        assert view["row"]["reader"]["login"] == "stand-in"
        assert [one["login"] for one in view["superseded"]] == ["reader"]
    for who in ("tech", "reader"):
        standing = network.ask(who, "GET", f"/exams/{exam}/report/documents")
        assert set(standing["heads"]) == {near, far}
        assert standing["contested"]
        assert standing["principal"] == near

    network.ask("doctor", "POST", f"/requests/{request}/reconcile", {"document": far})
    settled = until(
        lambda: (
            not (seen := network.ask("reader", "GET", f"/requests/{request}"))["row"]["conflict"]
            and seen
        )
    )
    assert settled["row"]["report_digest"] == far
    for who in ("tech", "reader"):
        standing = network.ask(who, "GET", f"/exams/{exam}/report/documents")
        assert (standing["principal"], standing["contested"]) == (far, False)
        assert set(standing["heads"]) == {near, far}


def test_a_reading_is_taken_over_from_another_node_and_the_late_report_is_flagged(
    network: Network,
) -> None:
    exam = acquired(network, images=1)
    request = placed(network, exam)
    at_stage(network, "reader", request, "ready")
    network.ask("reader", "POST", f"/exams/{exam}/claim", {})
    at_stage(network, "stand-in", request, "reading")
    refused = network.clients["stand-in"].post(f"/api/exams/{exam}/claim", json={})
    assert refused.status_code == 409
    taken = {"take_over": True, "reason": "TEST plus de réponse"}
    network.ask("stand-in", "POST", f"/exams/{exam}/claim", taken)
    for who in ("tech", "reader"):
        until(lambda who=who: _reader_of(network, who, request) == ("stand-in", True))

    late = signed(network, "reader", exam, "TEST lu trop tard")
    answer = signed(network, "stand-in", exam, "TEST lu en reprise")
    for who in ("tech", "reader"):
        view = until(lambda who=who: _with_answers(network, who, request, count=2))
        found = {one["digest"]: one["principal"] for one in view["answers"]}
        assert found == {late: False, answer: True}
        assert view["row"]["conflict"]


def _reader_of(network: Network, who: str, request: str) -> tuple[str, bool]:
    reader = network.ask(who, "GET", f"/requests/{request}")["row"]["reader"]
    return reader["login"], reader["confirmed"]


def _with_answers(network: Network, who: str, request: str, *, count: int) -> Any:
    found = network.ask(who, "GET", f"/requests/{request}")
    return found if len(found["answers"]) == count else None


def test_what_was_lent_is_taken_back_with_a_refusal_and_lent_again(network: Network) -> None:
    exam = acquired(network, images=2)
    request = placed(network, exam)
    at_stage(network, "reader", request, "ready")
    study = exam.partition("~")[2]
    ways = (f"/api/exams/{exam}", f"/dicomweb/studies/{study}/metadata")

    def seen() -> set[bool]:
        answers = [network.clients["reader"].get(way) for way in ways]
        rows = network.ask("reader", "GET", "/worklist?list=all")["rows"]
        found = network.clients["reader"].get(f"/dicomweb/studies?StudyInstanceUID={study}")
        return {
            *(answer.status_code == 200 for answer in answers),
            any(row["exam"] == exam for row in rows),
            found.status_code == 200 and bool(found.json()),
        }

    assert seen() == {True}
    network.ask("reader", "POST", f"/requests/{request}/decline", {"reason": "TEST plein"})
    assert seen() == {False}  # in the same transaction
    here = at_stage(network, "tech", request, "declined")
    there = at_stage(network, "reader", request, "declined")
    for view in (here, there):
        assert view["row"]["images"]["state"] == "withdrawn"
        assert view["reason"] == "TEST plein"
    assert "read" not in there["row"]["may"]

    again = placed(network, exam)
    at_stage(network, "reader", again, "ready")
    assert seen() == {True}
    network.ask("tech", "POST", f"/requests/{again}/cancel", {"reason": "TEST erreur"})
    at_stage(network, "reader", again, "cancelled")
    assert seen() == {False}
