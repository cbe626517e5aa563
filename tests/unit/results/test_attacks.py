"""What an attacker tries at the portal's door, over its own routes, on a real index."""

import re
from datetime import timedelta
from email.errors import HeaderParseError
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.results.conftest import BORN, DOCTOR, NORTH, PATIENT, SOUTH

from archipel.access.model import Action
from archipel.app.web import application
from archipel.kernel.errors import Conflict, Malformed, NotFound, Refused
from archipel.kernel.identifiers import TenantId
from archipel.protocols.mail.smtp import written
from archipel.results import share
from archipel.results.model import Audience, Content, MailAddress, Message, Recipient
from archipel.testing.exams import drawing, hold

REFERRER, PATIENT_LINK = Audience.REFERRER, Audience.PATIENT
WRONG = "wrong code or date"
COOKIE = "archipel-portal-80"


def told(answer):
    """Return all that an answer says, but the reference that is new each time."""
    body = answer.json()
    body.pop("reference")
    return answer.status_code, body, dict(answer.headers) | {"content-length": ""}


def entry(clinic, made, **other):
    said = {"link": made.link.id, "secret": clinic.node.portal_secrets.of_link(made.link)}
    return said | other


def test_a_guessed_secret_opens_nothing_and_the_link_is_closed_for_a_while(clinic, clock):
    made = clinic.shared(REFERRER)
    phone = clinic.phone()

    guesses = [phone.post("/entry/link", entry(clinic, made, secret=f"x{n}")) for n in range(6)]
    right = clinic.phone("198.51.100.3").post("/entry/link", entry(clinic, made))

    assert [one.status_code for one in guesses] == [401] * 5 + [429]
    assert [one.json()["tries_left"] for one in guesses[:5]] == [4, 3, 2, 1, 0]
    assert right.status_code == 429  # counted for the link, wherever it comes from
    assert int(right.headers["retry-after"]) <= 900
    clock.later(minutes=16)
    assert phone.post("/entry/link", entry(clinic, made)).status_code == 200


def test_who_guesses_from_one_address_is_delayed_for_every_code(clinic):
    made = clinic.shared(PATIENT_LINK)
    phone = clinic.phone()

    codes = [{"code": f"AAA-AAA-{n:02d}", "birth_date": BORN} for n in range(10, 31)]
    answers = [phone.post("/entry/code", one).status_code for one in codes]
    neighbour = clinic.phone("198.51.100.3")

    assert answers == [401] * 20 + [429]
    assert phone.post("/entry/code", {"code": made.code, "birth_date": BORN}).status_code == 429
    right = neighbour.post("/entry/code", {"code": made.code, "birth_date": BORN})
    assert right.status_code == 200


def test_a_subnet_of_ipv6_counts_as_one_address(clinic):
    answers = [
        clinic.phone(f"2001:db8::{n}").post(
            "/entry/code", {"code": f"AAA-AAA-{n}", "birth_date": BORN}
        )
        for n in range(10, 31)
    ]

    assert answers[-1].status_code == 429


def test_only_our_own_proxy_is_believed_about_where_somebody_comes_from(clinic):
    def knock(via, said, number):
        return clinic.phone(via).post(
            "/entry/code",
            {"code": f"AAA-AAA-{number}", "birth_date": BORN},
            headers={"X-Forwarded-For": said},
        )

    liar = [knock("203.0.113.7", f"10.0.0.{n}", n).status_code for n in range(10, 31)]
    proxied = [
        knock("10.9.0.1", f"10.0.0.{n}, 192.0.2.{n}", n + 30).status_code for n in range(10, 31)
    ]

    assert liar[-1] == 429
    assert set(proxied) == {401}


def test_whether_a_code_exists_is_not_told(clinic):
    made = clinic.shared(PATIENT_LINK)
    cut = clinic.shared(PATIENT_LINK)
    share.revoke(clinic.exams[NORTH].id, cut.link.id, counter=clinic.counter(), now=clinic.clock())
    referrer = clinic.shared(REFERRER)
    answers = [
        clinic.phone(f"198.51.100.{n}").post(f"/entry/{way}", said)
        for n, (way, said) in enumerate(
            [
                ("code", {"code": "ZZZ-ZZZ-ZZ", "birth_date": BORN}),  # no such code
                ("code", {"code": made.code, "birth_date": "1958-04-15"}),  # another birth date
                ("code", {"code": cut.code, "birth_date": BORN}),  # cut
                ("link", {"link": "0" * 16, "secret": "x"}),  # no such link
                ("link", entry(clinic, referrer, secret="x")),  # another secret
                ("link", entry(clinic, made)),  # a patient's link by a referrer's way
                ("link", {"link": "'; DROP TABLE", "secret": "\ud7ff\x00"}),  # nonsense
            ]
        )
    ]

    assert {one.status_code for one in answers} == {401}
    assert [told(one) for one in answers] == [told(answers[0])] * len(answers)
    assert answers[0].json()["detail"] == WRONG


def test_a_wrong_try_costs_the_same_statements_whether_the_link_is_there_or_not(clinic):
    made = clinic.shared(PATIENT_LINK)

    def rows(said):
        before = len(clinic.rows()), len(clinic.mailbox.mails())
        clinic.phone().post("/entry/code", said)
        clinic.settle()
        return len(clinic.rows()) - before[0], len(clinic.mailbox.mails()) - before[1]

    assert rows({"code": "ZZZ-ZZZ-ZZ", "birth_date": BORN}) == (1, 0)
    assert rows({"code": made.code, "birth_date": "1958-04-15"}) == (1, 0)


def test_a_one_time_code_is_used_once(clinic):
    made = clinic.shared(REFERRER)
    phone = clinic.phone()
    challenge = phone.post("/entry/link", entry(clinic, made)).json()["challenge"]
    code = clinic.code_sent(DOCTOR)

    assert phone.confirms(challenge, code).status_code == 201
    assert clinic.phone().confirms(challenge, code).status_code == 401


def test_a_one_time_code_ends_by_time_by_tries_and_by_the_next_one(clinic, clock):
    made = clinic.shared(REFERRER)
    phone = clinic.phone()

    def knock():
        challenge = phone.post("/entry/link", entry(clinic, made)).json()["challenge"]
        return challenge, clinic.code_sent(DOCTOR)

    late, code = knock()
    clock.later(minutes=11)
    assert phone.confirms(late, code).status_code == 401

    former, former_code = knock()
    latter, latter_code = knock()
    assert phone.confirms(former, former_code).status_code == 401
    assert phone.confirms(latter, former_code).status_code == 401
    assert phone.confirms(latter, latter_code).status_code == 201

    tried, code = knock()
    other = f"{(int(code) + 1) % 1_000_000:06d}"
    left = [phone.confirms(tried, other).json()["tries_left"] for _ in range(5)]
    assert left == [4, 3, 2, 1, 0]
    assert phone.confirms(tried, code).status_code == 401


def test_a_one_time_code_of_one_does_not_open_anothers_challenge(clinic):
    mine, theirs = clinic.shared(REFERRER, mail="moi@mal.test"), clinic.shared(REFERRER)
    phone = clinic.phone()
    phone.post("/entry/link", entry(clinic, mine))
    my_code = clinic.code_sent("moi@mal.test")
    challenge = phone.post("/entry/link", entry(clinic, theirs)).json()["challenge"]

    assert phone.confirms(challenge, my_code).status_code == 401


def test_a_mailbox_is_not_flooded_through_this_door(clinic):
    made = clinic.shared(REFERRER)

    asked = [
        clinic.phone(f"198.51.100.{n}").post("/entry/link", entry(clinic, made)).status_code
        for n in range(7)
    ]
    clinic.settle()

    assert asked == [200] * 5 + [429] * 2
    assert len(clinic.mailbox.mails()) == 1 + 5  # the result, and five codes


def test_an_expired_link_opens_nothing_and_closes_the_page(clinic, clock):
    made = clinic.shared(REFERRER, lasts=timedelta(minutes=5))
    phone = clinic.as_doctor(made)
    assert phone.get("/results").status_code == 200

    clock.later(minutes=5)

    assert phone.get("/results").status_code == 401
    assert clinic.phone().post("/entry/link", entry(clinic, made)).status_code == 401


def test_a_cut_link_closes_every_page_at_the_next_request(clinic):
    made = clinic.shared(REFERRER)
    phone = clinic.as_doctor(made)
    pending = clinic.phone()
    challenge = pending.post("/entry/link", entry(clinic, made)).json()["challenge"]
    code = clinic.code_sent(DOCTOR)

    share.revoke(
        clinic.exams[NORTH].id, made.link.id, counter=clinic.counter(), now=clinic.clock()
    )

    for path in ("", f"/{made.link.id}", f"/{made.link.id}/report.pdf"):
        assert phone.get(f"/results{path}").status_code == 401
    assert pending.confirms(challenge, code).status_code == 401
    assert clinic.phone().post("/entry/link", entry(clinic, made)).status_code == 401


def test_a_link_sent_again_voids_the_former_secret_code_and_pages(clinic):
    made, patient = clinic.shared(REFERRER), clinic.shared(PATIENT_LINK)
    phone = clinic.as_doctor(made)
    for one in (made, patient):
        share.send_again(
            clinic.exams[NORTH].id, one.link.id, counter=clinic.counter(), now=clinic.clock()
        )

    assert phone.get("/results").status_code == 401
    assert clinic.phone().post("/entry/link", entry(clinic, made)).status_code == 401
    former = {"code": patient.code, "birth_date": BORN}
    assert clinic.phone().post("/entry/code", former).status_code == 401


def test_a_cut_is_taken_back_for_ten_minutes_and_never_the_patients_own(clinic, clock):
    exam, counter = clinic.exams[NORTH].id, clinic.counter()
    made, patient = clinic.shared(REFERRER), clinic.shared(PATIENT_LINK)
    doctor, phone = clinic.as_doctor(made), clinic.as_patient(patient)

    share.revoke(exam, made.link.id, counter=counter, now=clock())
    share.restore(exam, made.link.id, counter=counter, now=clock())
    assert doctor.get("/results").status_code == 200

    assert phone.ask("DELETE", f"/links/{made.link.id}").status_code == 204
    assert doctor.get("/results").status_code == 401
    with pytest.raises(Conflict, match="cut by the patient"):
        share.restore(exam, made.link.id, counter=counter, now=clock())

    share.revoke(exam, patient.link.id, counter=counter, now=clock())
    clock.later(minutes=10)
    with pytest.raises(Conflict, match="too long ago"):
        share.restore(exam, patient.link.id, counter=counter, now=clock())


def test_a_guest_reaches_no_other_link_nor_organisation(clinic):
    near = clinic.as_patient(clinic.shared(PATIENT_LINK))
    theirs = clinic.shared(PATIENT_LINK, SOUTH)
    doctors = clinic.shared(REFERRER, SOUTH, mail="autre@cabinet.test")

    for other in (theirs.link.id, doctors.link.id, "0" * 16, "nonsense", "a'--"):
        absent = near.get(f"/results/{other}")
        assert absent.status_code == 404, other
        assert near.get(f"/results/{other}/report.pdf").status_code == 404
        assert near.get(f"/results/{other}/series").status_code == 404
        assert near.ask("DELETE", f"/links/{other}").status_code == 404
        assert near.post(f"/links/{other}/extension").status_code == 404
    assert clinic.node.links.link(theirs.link.id).revoked_at is None


def test_somebody_of_another_organisation_neither_makes_nor_cuts_nor_sees_links(clinic):
    made = clinic.shared(REFERRER)
    exam, south = clinic.exams[NORTH].id, clinic.counter(SOUTH)
    at = clinic.clock()

    with pytest.raises(NotFound):
        share.links_of(exam, counter=south, now=at)
    for verb in (share.revoke, share.send_again, share.restore):
        with pytest.raises(NotFound):
            verb(exam, made.link.id, counter=south, now=at)
        with pytest.raises(NotFound):  # the link of another exam, under one's own
            verb(clinic.exams[SOUTH].id, made.link.id, counter=south, now=at)
    assert clinic.node.links.link(made.link.id) == made.link


def test_a_session_cannot_be_planted(clinic):
    made = clinic.shared(REFERRER)
    phone = clinic.phone()
    phone.cookies[COOKIE] = "ap_planted-by-somebody"

    clinic.as_doctor(made, phone)

    assert phone.cookies[COOKIE] != "ap_planted-by-somebody"
    thief = clinic.phone()
    thief.cookies[COOKIE] = "ap_planted-by-somebody"
    assert thief.get("/results").status_code == 401


def test_the_session_a_browser_came_with_ends_with_a_new_one(clinic):
    phone = clinic.as_patient(clinic.shared(PATIENT_LINK))
    former = dict(phone.cookies)

    clinic.as_doctor(clinic.shared(REFERRER), phone)

    phone.cookies = former
    assert phone.get("/results").status_code == 401


def test_a_write_without_the_sessions_token_or_from_another_site_is_refused(clinic):
    made = clinic.shared(REFERRER)
    phone = clinic.as_doctor(made)
    path, token = f"/results/{made.link.id}/acknowledgement", phone.csrf

    phone.csrf = ""
    assert phone.post(path).status_code == 403
    phone.csrf = token
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert phone.post(path, headers=elsewhere).status_code == 403
    knock = clinic.phone().post("/entry/link", entry(clinic, made), headers=elsewhere)
    assert knock.status_code == 403
    form = clinic.phone().ask(
        "POST", "/entry/link", content='{"link": "x"}', headers={"Content-Type": "text/plain"}
    )
    assert form.status_code == 422
    assert phone.post(path, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_the_two_doors_know_nothing_of_each_others_visitors(clinic):
    made = clinic.shared(REFERRER)
    phone = clinic.as_doctor(made)
    phone.app = application(clinic.node)
    ((name, cookie),) = phone.cookies.items()
    session = name.replace("-portal", "")
    exam = clinic.exams[NORTH].id

    for path in ("../../api/session", f"../../api/exams/{exam}", "../../dicomweb/studies"):
        phone.cookies = {name: cookie, session: cookie}
        assert phone.get(f"/{path}").status_code == 401
    bearer = {"Authorization": f"Bearer {clinic.tokens['north']}"}
    assert clinic.phone().ask("GET", "/results", headers=bearer).status_code == 401


def test_content_grows_by_no_request(clinic):
    made = clinic.shared(REFERRER, content=Content.REPORT)
    phone = clinic.as_doctor(made)
    path = f"/results/{made.link.id}"

    assert phone.get(path).json()["report"]["key_images"] == []
    for closed in ("/key-images/1", "/series", "/series/1.2.3.4/pictures/1"):
        assert phone.get(path + closed).status_code == 404
    assert phone.get(f"{path}/key-images/0").status_code == 422
    assert phone.get(f"{path}/series/../../pictures/1").status_code == 404


def test_no_answer_is_kept_framed_or_refers(clinic):
    made = clinic.shared(REFERRER)
    phone = clinic.as_doctor(made)
    answers = [phone.get(path) for path in ("/welcome", "/session", "/results", "/nowhere")]

    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
    asked = phone.ask("GET", "/session")
    assert asked.headers.get("access-control-allow-origin") is None


def test_the_cookie_is_http_only_strict_and_over_tls_a_host_cookie(clinic):
    made = clinic.shared(REFERRER)
    phone = clinic.phone()
    challenge = phone.post("/entry/link", entry(clinic, made)).json()["challenge"]
    set_cookie = phone.confirms(challenge, clinic.code_sent(DOCTOR)).headers["set-cookie"].lower()

    assert "httponly" in set_cookie
    assert "samesite=strict" in set_cookie
    assert "path=/" in set_cookie


def test_no_secret_stands_in_the_database_or_the_audit(clinic):
    made, patient = clinic.shared(REFERRER), clinic.shared(PATIENT_LINK)
    phone, other = clinic.as_doctor(made), clinic.as_patient(patient)
    one_time = clinic.code_sent(PATIENT)
    clinic.node.database.close()
    content = b"".join(
        path.read_bytes() for path in clinic.node.home.root.glob("index.db*") if path.is_file()
    )

    for secret in (
        clinic.node.portal_secrets.of_link(made.link),
        patient.code,
        patient.code.replace("-", ""),
        phone.cookies[COOKIE],
        other.csrf,
    ):
        assert secret.encode() not in content
    assert re.fullmatch(r"\d{6}", one_time)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80), st.sampled_from(["", "a@b.fr", "\r\nBcc: x@y.fr"]))
def test_no_address_or_name_writes_a_header_of_its_own(text, tail):
    for value in (text + tail, f"a@b.fr{text}", f"{text}@b.fr"):
        try:
            address = MailAddress(value)
        except Malformed:
            continue
        mail = EmailMessage()
        mail["To"] = address.value
        assert len(mail.items()) == 1
        assert "\n" not in str(mail["To"])
        assert "," not in address.value
    try:
        name = Recipient(name=text + tail, mail=MailAddress("a@b.fr")).name
    except Malformed:
        return
    assert "\n" not in name
    assert "\r" not in name


def test_a_line_break_in_a_header_is_an_error_not_a_header(clinic):
    forged = Message(
        id="0" * 16, to=MailAddress(DOCTOR), subject="x\r\nBcc: all@mal.test", text="x"
    )
    with pytest.raises((ValueError, HeaderParseError)):
        written(forged, sender=MailAddress("a@b.fr"), now=clinic.clock())


def test_wrong_tries_stand_in_the_audit_of_the_organisation_or_the_node(clinic):
    made = clinic.shared(REFERRER)
    clinic.phone().post("/entry/link", entry(clinic, made, secret="x"))
    clinic.phone().post("/entry/code", {"code": "ZZZ-ZZZ-ZZ", "birth_date": BORN})

    failed = clinic.rows(Action.SIGN_IN_FAILED)

    assert [one.entry.tenant for one in failed] == [None, NORTH]
    assert all("ZZZ" not in one.entry.detail for one in failed)
    assert clinic.node.audit.verify().intact


def test_an_organisation_hands_on_no_exam_that_is_only_shared_with_it(clinic):
    exam = drawing(TenantId("west"), now=clinic.clock())(study="1.9.9", tenant=TenantId("west"))
    hold(clinic.node.database, exam, [NORTH])
    clinic.exams[NORTH] = exam

    with pytest.raises(Refused, match="only the organisation whose exam this is"):
        clinic.shared(REFERRER)
