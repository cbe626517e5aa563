"""The feed of changes at the door: whose it is, how one goes on, and how long one waits."""

import threading
import time
from typing import Any

from archipel.archive.events import StudyCompleted
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.stores.sql.outbox import announce

ELSEWHERE = TenantId("south")


def happen(door: Any, tenant: TenantId, study: str) -> None:
    with door.database.write() as connection:
        announce(
            connection, StudyCompleted(tenant=tenant, at=door.services.clock(), study=Uid(study))
        )


def asked(door: Any, login: str, **parameters: Any) -> Any:
    with door.client(login) as client:
        return client.get("/api/changes", params=parameters)


def latest(door: Any) -> str:
    return asked(door, "radio-north", since="latest").json()["next"]


def test_changes_are_told_to_whose_they_are(door: Any) -> None:
    since, exam = latest(door), door.exam.id
    happen(door, exam.tenant, exam.study.value)
    happen(door, ELSEWHERE, "1.2.99.7")

    north = asked(door, "radio-north", since=since).json()
    south = asked(door, "radio-south", since=since).json()

    assert [(one["kind"], one["exam"]) for one in north["changes"]] == [
        ("study.completed", str(exam))
    ]
    assert [one["study_instance_uid"] for one in south["changes"]] == ["1.2.99.7"]
    assert asked(door, "radio-north", since=north["next"]).json()["changes"] == []


def test_pages_follow_each_other(door: Any) -> None:
    since, exam = latest(door), door.exam.id
    for _ in range(5):
        happen(door, exam.tenant, exam.study.value)

    seen: list[str] = []
    for _ in range(9):
        page = asked(door, "radio-north", since=since, limit=2).json()
        seen += [one["cursor"] for one in page["changes"]]
        since = page["next"]
        if not page["changes"]:
            break

    assert len(seen) == len(set(seen)) == 5


def test_who_waits_hears_at_once(door: Any) -> None:
    since, exam = latest(door), door.exam.id
    later = threading.Timer(0.5, happen, (door, exam.tenant, exam.study.value))
    later.start()
    began = time.monotonic()

    answer = asked(door, "radio-north", since=since, wait_s=20)

    later.join()
    assert len(answer.json()["changes"]) == 1
    assert time.monotonic() - began < 15


def test_a_wait_in_vain_ends(door: Any) -> None:
    answer = asked(door, "radio-north", since=latest(door), wait_s=0.2)

    assert (answer.status_code, answer.json()["changes"]) == (200, [])


def test_kinds_are_chosen_and_unknown_ones_are_refused(door: Any) -> None:
    since, exam = latest(door), door.exam.id
    happen(door, exam.tenant, exam.study.value)

    none = asked(door, "radio-north", since=since, kinds="series.sealed, study.corrected")
    wrong = asked(door, "radio-north", since=since, kinds="study.eaten")

    assert none.json()["changes"] == []
    assert wrong.status_code == 422


def test_a_false_cursor_and_one_of_another_node_are_told_apart(door: Any) -> None:
    assert asked(door, "radio-north", since="1").status_code == 422
    gone = asked(door, "radio-north", since="abcdef12.5.00000000")
    assert gone.status_code == 409
    assert "begin again" in gone.json()["detail"]


def test_administrators_see_no_exams(door: Any) -> None:
    assert asked(door, "admin-north").status_code == 403
