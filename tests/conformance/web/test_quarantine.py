"""The list of what was set aside, page by page, and deciding upon it."""

import pytest

from archipel.archive.model import JournalPlace
from archipel.kernel.identifiers import TenantId
from archipel.testing.exams import set_aside


def test_the_list_is_paged_and_a_decision_closes_the_alarm_once(door):
    for offset in (64, 640, 1280):
        set_aside(door.database, TenantId("north"), JournalPlace(7, offset), at=door.clock())
    set_aside(door.database, TenantId("south"), JournalPlace(8, 64), at=door.clock())

    with door.client("admin-north") as client:
        first = client.get("/api/node/quarantine", params={"limit": 2}).json()
        rest = client.get("/api/node/quarantine", params={"after": first["next"]}).json()
        listed = [one["id"] for one in (*first["instances"], *rest["instances"])]
        path = "/api/node/quarantine/7-640/resolve"
        decided = client.post(path, json={"decision": "keep_first"})
        again = client.post(path, json={"decision": "keep_first"})
        rows = client.get("/api/admin/audit", params={"subject": "1.2.3.4"}).json()["rows"]
        absent = client.post("/api/node/quarantine/7-1/resolve", json={"decision": "keep_first"})
        hidden = client.post("/api/node/quarantine/8-64/resolve", json={"decision": "keep_first"})
        nonsense = client.get("/api/node/quarantine", params={"after": "x"})

    assert listed == ["7-1280", "7-640", "7-64"]
    assert rest["next"] is None
    assert decided.json()["state"] == again.json()["state"] == "resolved"
    assert [row["detail"] for row in rows] == ["quarantine 7/640: the first is kept"]
    assert (absent.status_code, hidden.status_code, nonsense.status_code) == (404, 404, 422)


@pytest.mark.parametrize("segment", [1, 10**18, 2**63 - 1])
def test_a_record_of_any_segment_is_decided_upon(door, segment):
    set_aside(door.database, TenantId("north"), JournalPlace(segment, 64), at=door.clock())

    with door.client("admin-north") as client:
        path = f"/api/node/quarantine/{segment}-64/resolve"
        decided = client.post(path, json={"decision": "keep_first"})
        compared = client.get(f"/api/settle/quarantine/{segment}-64")
        beyond = client.get(f"/api/settle/quarantine/{2**63}-64")

    assert (decided.status_code, compared.status_code, beyond.status_code) == (200, 200, 404)
