"""What a guest comes in by and sees: over the portal's own routes, on a real index."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.results.conftest import BORN, DOCTOR, NORTH, PATIENT, SOUTH

from archipel.access.model import Action
from archipel.results.events import ResultReleased
from archipel.results.model import Audience, Content, Correspondent, MailAddress

REFERRER, PATIENT_LINK = Audience.REFERRER, Audience.PATIENT


def test_a_doctor_reads_the_released_report_after_a_second_proof(clinic):
    made = clinic.shared(REFERRER)
    phone = clinic.as_doctor(made)

    listed = phone.get("/results").json()
    opened = phone.get(f"/results/{made.link.id}").json()

    assert [one["link"] for one in listed] == [made.link.id]
    assert listed[0]["state"] == "told"
    assert opened["report"]["sections"][-1]["code"] == "conclusion"
    assert "spiculé" in opened["report"]["sections"][-1]["text"]
    assert "17,2 mm" in opened["report"]["sections"][3]["text"]
    assert len(opened["report"]["key_images"]) == 1


def test_a_patient_reads_plain_words_by_code_and_birth_date(clinic):
    phone = clinic.as_patient(clinic.shared(PATIENT_LINK))

    (only,) = phone.get("/results").json()
    opened = phone.get(f"/results/{only['link']}").json()

    assert "votre poumon droit" in opened["report"]["plain_words"]
    assert phone.get("/session").json()["audience"] == "patient"


def test_the_pdf_of_the_report_is_a_pdf_whose_name_names_nobody(clinic):
    made = clinic.shared(REFERRER)

    answer = clinic.as_doctor(made).get(f"/results/{made.link.id}/report.pdf")

    assert answer.content.startswith(b"%PDF-")
    assert answer.headers["content-disposition"] == 'attachment; filename="compte-rendu.pdf"'
    assert answer.headers["cache-control"] == "no-store"


def test_a_result_mail_holds_no_patient_data_and_the_secret_only_behind_the_fragment(clinic):
    made = clinic.shared(REFERRER)
    (mail,) = clinic.mailbox.mails()

    address = next(line for line in mail.text.splitlines() if line.startswith("https://"))
    before, _, fragment = address.partition("#")

    assert mail.recipients == (DOCTOR,)
    assert before == "https://resultats.test/portal/"
    assert fragment == f"{made.link.id}.{clinic.node.portal_secrets.of_link(made.link)}"
    for word in ("BALISIER", "Scanner", "north", "TEST", clinic.exams[NORTH].id.study.value):
        assert word not in mail.content.decode()


def test_no_mail_leaves_twice_for_one_release(clinic):
    clinic.shared(REFERRER)
    clinic.told = 0
    clinic.settle()

    assert len(clinic.mailbox.mails()) == 1


def test_the_referrer_that_an_organisation_knows_is_told_by_itself_and_once(clinic):
    exam = clinic.exams[NORTH]
    clinic.node.correspondents.keep(
        Correspondent(tenant=NORTH, name="Test-Pommier^GUY", mail=MailAddress(DOCTOR))
    )
    clinic.told = 0
    clinic.settle()
    clinic.told = 0
    clinic.settle()

    (link,) = clinic.node.links.of_exam(exam.id)
    assert (link.recipient.name, link.created_by) == ("GUY Test-Pommier", "results")
    assert [one.recipients for one in clinic.mailbox.mails()] == [(DOCTOR,)]
    assert clinic.node.links.of_exam(clinic.exams[SOUTH].id) == []


def test_a_patient_waits_for_the_delay_or_the_referrers_word(clinic, clock):
    exam = clinic.exams[NORTH]
    doctor = clinic.as_doctor(clinic.shared(REFERRER))
    patient_link = clinic.shared(PATIENT_LINK).link
    waiting = _released_at(clinic, exam, clock.now + timedelta(days=3))
    patient = clinic.as_patient(clinic.shared(PATIENT_LINK))
    link = patient.get("/session").json()["link"]

    before = patient.get(f"/results/{link}").json()
    assert (before["report"], before["state"]) == (None, "waiting")
    assert before["told_at"] == waiting.isoformat().replace("+00:00", "Z")
    assert patient.get(f"/results/{link}/report.pdf").status_code == 404
    assert patient.get(f"/results/{link}/key-images/1").status_code == 404
    assert patient.get(f"/results/{link}/series").status_code == 404

    announced = doctor.post(f"/results/{doctor.get('/session').json()['link']}/announcement")

    assert announced.json()["announced"] is True
    assert patient.get(f"/results/{link}").json()["report"] is not None
    assert patient_link.id != link


def _released_at(clinic, exam, at):
    held = clinic.node.releases.release(exam.id)
    fact = ResultReleased(
        tenant=NORTH, at=clinic.clock(), study=exam.id.study, version=held.version
    )
    clinic.node.releases.keep(replace(held, patient_at=at), fact=fact)
    return at


def test_taking_note_is_kept_once_and_is_the_referrers_alone(clinic, clock):
    made = clinic.shared(REFERRER)
    doctor, patient = clinic.as_doctor(made), clinic.as_patient(clinic.shared(PATIENT_LINK))

    first = doctor.post(f"/results/{made.link.id}/acknowledgement").json()["acknowledged_at"]
    clock.later(hours=1)
    doctor = clinic.as_doctor(made)
    again = doctor.post(f"/results/{made.link.id}/acknowledgement").json()["acknowledged_at"]
    link = patient.get("/session")

    assert first is not None
    assert again == first
    assert link.status_code == 401  # idle for an hour
    fresh = clinic.as_patient(clinic.shared(PATIENT_LINK))
    own = fresh.get("/session").json()["link"]
    assert fresh.post(f"/results/{own}/acknowledgement").status_code == 403
    assert fresh.post(f"/results/{own}/announcement").status_code == 403


def test_the_patient_sees_who_looked_once_a_visit_and_questions_it(clinic):
    made = clinic.shared(REFERRER)
    doctor = clinic.as_doctor(made)
    for _ in range(3):
        doctor.get(f"/results/{made.link.id}")
    patient = clinic.as_patient(clinic.shared(PATIENT_LINK))
    patient.get(f"/results/{patient.get('/session').json()['link']}")

    looks = patient.get("/looks").json()

    assert [(one["what"], one["mine"]) for one in looks] == [
        ("patient", True),
        ("referrer", False),
    ]
    sequence = looks[1]["sequence"]
    assert patient.post(f"/looks/{sequence}/question", {"words": "Qui ?"}).status_code == 204
    assert patient.post(f"/looks/{sequence + 10_000}/question", {}).status_code == 404
    (asked,) = clinic.node.releases.questioned(clinic.exams[NORTH].id)
    assert (asked.sequence, asked.words) == (sequence, "Qui ?")
    assert doctor.get("/looks").status_code == 403


def test_a_doctor_reaches_every_result_sent_to_the_same_address_and_each_within_its_own_content(
    clinic,
):
    near = clinic.shared(REFERRER, content=Content.IMAGES)
    far = clinic.shared(REFERRER, SOUTH, content=Content.REPORT)
    phone = clinic.as_doctor(near)

    links = {one["link"] for one in phone.get("/results").json()}

    assert links == {near.link.id, far.link.id}
    assert phone.get(f"/results/{far.link.id}").json()["report"]["key_images"] == []
    assert phone.get(f"/results/{far.link.id}/key-images/1").status_code == 404
    assert phone.get(f"/results/{far.link.id}/series").status_code == 404
    assert phone.get(f"/results/{near.link.id}/series").status_code == 200


def test_a_link_with_counted_uses_is_reached_by_itself_only(clinic):
    counted = clinic.shared(REFERRER, uses_allowed=1)
    other = clinic.shared(REFERRER)

    assert clinic.as_doctor(other).get(f"/results/{counted.link.id}").status_code == 404
    assert clinic.as_doctor(counted).get(f"/results/{counted.link.id}").status_code == 200


def test_every_access_stands_in_the_audit_and_the_chain_verifies(clinic):
    made = clinic.shared(REFERRER)
    phone = clinic.as_doctor(made)
    phone.get(f"/results/{made.link.id}")
    phone.get(f"/results/{made.link.id}/report.pdf")
    phone.get(f"/results/{made.link.id}/series")

    said = [(one.entry.action, one.entry.detail.partition(",")[0]) for one in clinic.rows()]

    assert said == [
        (Action.QUERY, "list of series"),
        (Action.READ, "result as PDF"),
        (Action.READ, "result"),
        (Action.SIGN_IN, "came in"),
        (Action.SIGN_IN, "first proof right"),
    ]
    assert {one.entry.actor.name for one in clinic.rows()} == {f"referrer/{made.link.id}"}
    assert clinic.node.audit.verify().intact


def test_nothing_is_read_where_the_audit_cannot_be_written(clinic, monkeypatch):
    made = clinic.shared(REFERRER)
    phone = clinic.as_doctor(made)

    def full(_entries):
        raise OSError("disk full")

    monkeypatch.setattr(clinic.node.audit, "record", full)
    for path in ("", "/report.pdf", "/series", "/series/1.2.3/pictures/1"):
        with pytest.raises(OSError, match="disk full"):
            phone.get(f"/results/{made.link.id}{path}")


def test_leaving_ends_the_session(clinic):
    phone = clinic.as_doctor(clinic.shared(REFERRER))
    kept = dict(phone.cookies)

    assert phone.ask("DELETE", "/session").status_code == 204
    phone.cookies = kept
    assert phone.get("/results").status_code == 401


def test_a_birth_date_is_a_date(clinic):
    made = clinic.shared(PATIENT_LINK)
    phone = clinic.phone()

    answer = phone.post("/entry/code", {"code": made.code, "birth_date": "14/04/1958"})

    assert answer.status_code == 422
    assert made.code not in answer.text
    assert BORN not in answer.text
    assert PATIENT not in answer.text
