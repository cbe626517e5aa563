"""A patient's opposition at the door: written once, by those who may, of their own patients."""

from typing import Any

from archipel.exchange.fold import policy
from archipel.stores.sql.facts import of_subjects

AT = "/api/persons/p1/opposition"


def written(door: Any, login: str, *, opposed: bool, value: str = "P2", **more: Any) -> Any:
    body = {"value": value, "issuer": "north", "opposed": opposed, "reason": "TEST oral", **more}
    with door.client(login) as client:
        return client.put(AT, json=body)


def test_an_opposition_is_written_down_shown_and_lifted(door: Any) -> None:
    assert written(door, "radio-north", opposed=False).status_code == 409
    answer = written(door, "radio-north", opposed=True)
    assert answer.status_code == 200, answer.text
    with door.database.read() as connection:
        said = of_subjects(connection, ["patient:north|P2"], kinds=(policy.DENIED, policy.GRANTED))
    assert policy.denied(said)
    with door.client("secretary-north") as client:
        (shown,) = [
            one for one in client.get("/api/persons/p1").json()["oppositions"] if one["at"]
        ]
    assert (shown["opposed"], shown["by"], shown["reason"], shown["may_change"]) == (
        True,
        "radio-north/t",
        "TEST oral",
        True,
    )
    asked = {
        "exam": str(door.exam.id),
        "question": "Hémiparésie gauche brutale ?",
        "urgency": "urgent",
        "justification": {"reason": "TEST"},
        "callback": {"name": "TEST", "phone": "0596 00 00 17"},
        "consent": {"kind": "given", "by": "TEST", "at": "2026-11-24T10:00:00Z"},
    }
    with door.client("radio-north") as client:
        refused = client.post("/api/requests", json=asked)
    assert (refused.status_code, "opposes" in refused.json()["detail"]) == (409, True)
    assert written(door, "secretary-north", opposed=False).status_code == 200


def test_a_stranger_a_technician_and_an_empty_reason_write_nothing(door: Any) -> None:
    assert written(door, "radio-south", opposed=True).status_code == 404
    assert written(door, "technologist-north", opposed=True).status_code == 403
    assert written(door, "radio-north", opposed=True, reason=" ").status_code == 422
    assert written(door, "radio-north", opposed=True, value="X").status_code == 404
