"""Who looked at an exam is told by name, to those who may see the audit of that exam."""

from dataclasses import replace
from typing import Any

from tests.conformance.web.conftest import PASSWORD

from archipel.access.model import Action, AuditEntry
from archipel.archive.model import StudyKey
from archipel.kernel.actors import Actor, ActorKind
from archipel.kernel.identifiers import TenantId
from archipel.reading.model import ExamId

NORTH = TenantId("north")


def looks(door: Any, login: str, exam: ExamId) -> list[dict[str, Any]]:
    """Return who looked at an exam, as its page tells this person."""
    with door.client(login) as client:
        answer = client.get(f"/api/exams/{exam}")
    assert answer.status_code == 200, answer.text
    told: list[dict[str, Any]] = answer.json()["looks"]
    return told


def test_a_person_is_told_by_name_with_the_name_of_the_organisation(door: Any) -> None:
    with door.client() as browser:
        said = {"login": "radio-north", "password": PASSWORD}
        assert browser.post("/api/session", json=said).is_success
        assert browser.get(f"/api/exams/{door.exam.id}").status_code == 200

    told = looks(door, "second-north", door.exam.id)

    assert {(one["actor"], one["name"], one["organisation"]) for one in told} == {
        ("radio-north", "TEST radio-north", "TEST CH north"),
        ("second-north/t", "second-north/t", "TEST CH north"),  # a machine, by its token
    }


def test_a_person_of_another_organisation_is_told_with_their_own(door: Any) -> None:
    """Somebody of the south who reached an exam of the north by an arrangement, and a machine."""
    entry = AuditEntry(
        tenant=NORTH,
        at=door.clock(),
        actor=Actor(ActorKind.PERSON, "radio-south"),
        action=Action.READ,
        subject=StudyKey(NORTH, door.prior.id.study).study.value,
        door="web",
        detail="exam page",
    )
    scanner = replace(entry, actor=Actor(ActorKind.DEVICE, "CT_NORTH"))
    gone = replace(entry, actor=Actor(ActorKind.PERSON, "left-long-ago"))
    door.services.desk.audit.record([entry, scanner, gone])

    told = looks(door, "radio-north", door.prior.id)

    assert {(one["kind"], one["name"], one["organisation"]) for one in told} == {
        ("service", "radio-north/t", "TEST CH north"),
        ("person", "TEST radio-south", "TEST CH south"),
        ("device", "CT_NORTH", "TEST CH north"),
        ("person", "left-long-ago", "TEST CH north"),
    }


def test_who_shares_an_exam_is_not_told_who_looked_for_its_owner(door: Any) -> None:
    looks(door, "radio-north", door.shared.id)

    assert looks(door, "radio-south", door.shared.id) == []
