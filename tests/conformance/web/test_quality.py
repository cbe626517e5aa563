"""The quality desk over HTTP: rejected, listed, restored; previewed, corrected; by whom."""

from archipel.archive.ingest import ingest
from archipel.stores.sql.archive.writer import SqlIndex
from archipel.testing.receipts import Sent, batch, series_uid, study_uid

STUDY = 77
EXAM = f"north~{study_uid(STUDY)}"


def arrive(door) -> None:
    sent = [
        Sent(study=STUDY, series=s, instance=n, tenant="north") for s in (1, 2) for n in (1, 2)
    ]
    with SqlIndex(door.database).transaction() as transaction:
        ingest([batch(77, sent)], index=transaction, now=door.clock())


def test_what_is_rejected_is_in_the_bin_and_comes_back(door):
    arrive(door)
    with door.client("technologist-north") as client:
        before = client.get(f"/api/exams/{EXAM}").json()
        body = {"reason": "safety", "why": "TEST-Erreur", "series": [str(series_uid(STUDY, 1))]}
        rejected = client.post(f"/api/quality/exams/{EXAM}/reject", json=body)
        again = client.post(f"/api/quality/exams/{EXAM}/reject", json=body)
        during = client.get(f"/api/exams/{EXAM}").json()
        (listed,) = client.get("/api/quality").json()["rejected"]
        path = f"/api/quality/exams/{EXAM}/notes/{rejected.json()['note']}/restore"
        nothing = client.post(path, json={"why": " "})
        restored = client.post(path, json={"why": "TEST-Bon"})
        after = client.get(f"/api/exams/{EXAM}").json()
        empty = client.get("/api/quality").json()["rejected"]

    assert (rejected.status_code, again.status_code) == (200, 409)
    assert [one["images"] for one in during["series"]] == [2]
    assert during["row"]["images"]["received"] == 2
    assert (listed["instances"], listed["whole_exam"], listed["why"]) == (2, False, "TEST-Erreur")
    assert listed["by"] == "TEST technologist-north"
    assert (nothing.status_code, restored.status_code) == (422, 200)
    assert after["series"] == before["series"]
    assert empty == []


def test_a_correction_is_previewed_before_it_is_asked(door):
    arrive(door)
    body = {"kind": "correct", "why": "TEST-Nom", "values": {"00100010": "TEST-Durand^Lou"}}
    with door.client("technologist-north") as client:
        desk = client.get(f"/api/quality/exams/{EXAM}").json()
        preview = client.post(f"/api/quality/exams/{EXAM}/preview", json=body).json()
        asked = client.post(f"/api/quality/exams/{EXAM}/correct", json=body).json()
        (listed,) = client.get("/api/quality").json()["corrections"]
        early = client.post(f"/api/quality/corrections/{asked['name']}/undo")
        odd = client.post(
            f"/api/quality/exams/{EXAM}/correct",
            json=body | {"values": {"00280010": "4"}},
        )

    assert len(desk["series"]) == 2
    assert preview["instances"] == 4
    assert [one["tag"] for one in preview["values"]] == ["00100010"]
    assert (listed["name"], listed["state"]) == (asked["name"], "asked")
    assert (early.status_code, odd.status_code) == (409, 422)


def test_who_may_not_correct_decides_nothing(door):
    arrive(door)
    body = {"reason": "quality", "why": "TEST-Erreur"}
    answers = []
    for login in ("radio-north", "radio-south", "secretary-north", "admin-south"):
        with door.client(login) as client:
            answers.append(client.post(f"/api/quality/exams/{EXAM}/reject", json=body).status_code)

    assert answers == [403, 403, 403, 404]
