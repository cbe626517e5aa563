"""Every route, driven by its own people and by another organisation's: nothing crosses.

The table below has a case for each operation of the OpenAPI document; a route without one fails.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from archipel.access import enrol
from archipel.access.model import Person, Role
from archipel.archive.ingest import ingest
from archipel.archive.model import AttributeConflict, JournalPlace, StudyKey
from archipel.archive.ports import Changes
from archipel.exchange.schedule import TransferClass
from archipel.exchange.transfer import Transfer, TransferState
from archipel.identity.model import Traits
from archipel.identity.resolve import Sighting, resolve
from archipel.kernel.actors import Scope
from archipel.kernel.aetitle import AETitle
from archipel.kernel.identifiers import Issuer, PatientIdentifier, TenantId
from archipel.kernel.uid import Uid
from archipel.protocols.web.opaque import seal
from archipel.protocols.web.openapi import document
from archipel.protocols.web.router import described
from archipel.reading.events import ReportSigned
from archipel.reading.sign import release
from archipel.stores.sql import outbox
from archipel.stores.sql.access import SqlDevices
from archipel.stores.sql.archive.writer import SqlIndex
from archipel.testing.exams import drawing, forget_reports, hold, set_aside
from archipel.testing.receipts import Sent, batch, study_uid

NORTH = TenantId("north")
WISH = {"audience": "patient", "name": "TEST Balisier", "mail": "balisier@exemple.test"}
DEVICE, CALLER = seal("north", "CT_NORTH"), seal("MR_NORTH", "NORTH")
PUBLIC = {"welcome", "sign_in", "first_use"}


@dataclass(frozen=True, kw_only=True)
class Case:
    """One request: who of the north may make it, what the south gets for the same one."""

    path: str
    own: str  # login that may
    other: str  # login of the same role in the south
    barred: str | None  # login of the north that lacks the permission; None: nobody lacks it
    body: Any = None
    headers: dict[str, str] | None = None
    gives: int = 200
    refuses: int = 404  # to the south; 200: the answer is looked through
    before: Callable[[Any], None] = lambda _door: None


def reading(path: str, **more: Any) -> Case:
    return Case(
        path=path, own="radio-north", other="radio-south", **{"barred": "governance", **more}
    )


def sharing(path: str, **more: Any) -> Case:
    return reading(path, **{"barred": "technologist-north", **more})


def administering(path: str, **more: Any) -> Case:
    return Case(
        path=path, own="admin-north", other="admin-south", **{"barred": "radio-north", **more}
    )


def settling(path: str, **more: Any) -> Case:
    barred = {"barred": "radio-north", **more}
    return Case(path=path, own="admin-north", other="admin-south", **barred)


def resolving(path: str, **more: Any) -> Case:
    more = {"barred": "radio-north", "before": _doubted, **more}
    return Case(path=path, own="identity-north", other="identity-south", **more)


def asks(path: str, **more: Any) -> Case:
    barred = {"barred": "secretary-north", **more}
    return Case(path=path, own="technologist-north", other="radio-south", **barred)


def _claimed(door: Any) -> None:
    with door.client("radio-north") as client:
        path = f"/api/exams/{door.exam.id}/claim"
        body = {"take_over": True, "reason": "test"}
        door.fence = client.post(path, json=body).json()["fence"]


def _linked(door: Any) -> None:
    with door.client("radio-north") as client:
        made = client.post(f"/api/exams/{door.exam.id}/shares", json=WISH)
    door.link = made.json()["share"]["link"]


def _person(login: str) -> Callable[[Any], None]:
    def make(door: Any) -> None:
        person = Person(login=login, name="TEST x", tenant=TenantId("north"), role=Role.SECRETARY)
        enrol.add_person(person, office=door.office, now=door.clock())

    return make


def _knocked(door: Any) -> None:
    calling, called = AETitle("MR_NORTH"), AETitle("NORTH")
    SqlDevices(door.database).knocked(calling, called, host="10.0.0.9", now=door.clock())


def _set_aside(door: Any) -> None:
    place, scope = JournalPlace(3, 64), Scope(door.office.scope.actor, frozenset({NORTH}))
    if door.services.quarantine.entry(place, scope=scope) is None:
        set_aside(door.database, NORTH, place, at=door.clock())


def _said_twice(door: Any) -> None:
    key = StudyKey(door.exam.id.tenant, door.exam.id.study)
    with SqlIndex(door.database).transaction() as index:
        known = index.studies([key])[key]
        told = AttributeConflict(
            key=key,
            tag=0x00081030,
            held=known.attributes[0x00081030],
            offered="TEST otherwise",
            source="CT1",
            at=door.clock(),
        )
        index.write(Changes(conflicts=[told]))


SOURCE = {"value": "TEST-4711", "issuer": "north"}
OTHER = {"value": "TEST-4712", "issuer": "north"}


def _doubted(door: Any) -> None:
    """Leave two sources of the north, the first with two birth dates, not linked."""
    sources = (("TEST-4711", "19790328", 1), ("TEST-4711", "19600101", 2), ("TEST-4712", "", 3))
    for value, born, study in sources:
        told = Sighting(
            tenant=NORTH,
            study=Uid(f"1.2.9.{study}"),
            identifier=PatientIdentifier(value, Issuer("north")),
            traits=Traits("TEST-BÉLIZAIRE^Céleste", born, "F"),
        )
        door.source_person = resolve(told, persons=door.services.persons, now=door.clock())


def _joined(door: Any) -> None:
    _doubted(door)
    with door.client("identity-north") as client:
        said = {"one": SOURCE, "other": OTHER, "basis": "same card"}
        assert client.post("/api/identity/links", json=said).status_code == 201


def _stuck(door: Any) -> None:
    with door.database.write() as connection:
        letter = outbox.DeadLetter(
            position=71,
            subscriber="send",
            kind="archive.SeriesReceived",
            body={"tenant": {"value": NORTH.value}, "study": {"value": door.exam.id.study.value}},
            attempts=4,
            reason="the other node says no",
            at=door.clock(),
        )
        outbox.bury(connection, letter)


def _wanted(door: Any) -> None:
    wanted = Transfer(
        id=secrets.token_hex(16),
        key=StudyKey(TenantId("chu-gp"), Uid.fresh()),
        from_node="gp",
        wanted_by=NORTH,
        of_class=TransferClass.ROUTINE,
        reason="test",
        state=TransferState.WANTED,
        wanted_at=door.clock(),
        changed_at=door.clock(),
    )
    door.transfer = door.services.elsewhere.transfers.want(wanted, now=door.clock()).id


def _called_off(door: Any) -> None:
    _wanted(door)
    scope = Scope(door.office.scope.actor, frozenset({NORTH}))
    door.services.elsewhere.transfers.withdraw(door.transfer, scope=scope, now=door.clock())


def _token(door: Any) -> None:
    _, door.token = enrol.create_token("radio-north", "x", office=door.office, now=door.clock())


def _written(door: Any) -> None:
    """Leave a draft that could be signed, of an exam whose signed versions are done away with."""
    forget_reports(door.database, door.exam.id)
    with door.client("radio-north") as client:
        path = f"/api/exams/{door.exam.id}/report"
        held = client.get(path).headers["ETag"]
        assert client.put(path, json=WHOLE, headers={"If-Match": held}).status_code == 200


def _ready_to_sign(door: Any) -> None:
    _written(door)
    _claimed(door)
    with door.client("radio-north") as client:
        seen = client.post(f"/api/exams/{door.exam.id}/report/preview").json()
    accepted = ["comparison", "identity", "laterality"]
    door.order = {"version": seen["version"], "fence": door.fence, "accepted": accepted}


def _signed(door: Any) -> None:
    _ready_to_sign(door)
    with door.client("radio-north") as client:
        said = client.post(f"/api/exams/{door.exam.id}/report/sign", json=door.order)
    door.digest = said.json()["version"]["digest"]


def _released(door: Any) -> None:
    _signed(door)
    with door.database.read() as connection:
        told = [one.event() for one in outbox.after(connection, 0, limit=10_000)]
    fact = [one for one in told if isinstance(one, ReportSigned)][-1]
    assert release(fact, documents=door.services.documents, now=fact.release_at) is None


def _agreed(door: Any) -> None:
    """Let the north ask an organisation of another node: the south is nobody in it."""
    with door.client("admin-north") as client:
        assert client.put("/api/admin/agreements", json=AGREEMENT).status_code == 200


def _free_to_ask(door: Any) -> None:
    _agreed(door)
    with door.client("technologist-north") as client:
        for one in client.get("/api/requests").json()["rows"]:
            if "cancel" in one["may"]:
                path = f"/api/requests/{one['request']}/cancel"
                assert client.post(path, json={"reason": "test"}).status_code == 200


def _asked(door: Any) -> None:
    _free_to_ask(door)
    with door.client("technologist-north") as client:
        said = client.post("/api/requests", json=asking(door))
    assert said.status_code == 201, said.text
    door.request = said.json()["row"]["request"]


def _waits(door: Any) -> None:
    """Ask ahead for an exam of the person of `door.exam`, once."""
    _agreed(door)
    with door.client("technologist-north") as client:
        for one in client.get("/api/requests").json()["rows"]:
            if "cancel" in one["may"]:
                path = f"/api/requests/{one['request']}/cancel"
                assert client.post(path, json={"reason": "test"}).status_code == 200
        said = client.post("/api/requests/awaited", json=asking_ahead(door))
    assert said.status_code == 201, said.text
    door.request = said.json()["row"]["request"]


def _came(door: Any) -> None:
    _waits(door)
    draw = drawing(NORTH, now=door.clock())
    door.late = draw(person="p1", arrived_at=door.clock(), study=f"1.2.3.{secrets.randbits(60)}")
    hold(door.database, door.late)


def _attached(door: Any) -> None:
    _came(door)
    with door.client("technologist-north") as client:
        path = f"/api/requests/{door.request}/attach"
        said = client.post(path, json={"exam": str(door.late.id)})
    assert said.status_code == 200, said.text


def _hooked(door: Any) -> None:
    with door.client("admin-north") as client:
        said = client.post("/api/webhooks", json=HOOK)
    assert said.status_code == 201, said.text
    door.webhook = said.json()["webhook"]["webhook"]


def _hook_paused(door: Any) -> None:
    _hooked(door)
    with door.client("admin-north") as client:
        assert client.post(f"/api/webhooks/{door.webhook}/pause").status_code == 200


def _arrived(door: Any) -> None:
    """Take in an exam of the north that may be rejected and corrected; once."""
    with SqlIndex(door.database).transaction() as transaction:
        sent = [Sent(study=78, series=1, instance=n, tenant="north") for n in (1, 2)]
        ingest([batch(78, sent)], index=transaction, now=door.clock())


def _rejected(door: Any) -> None:
    _restored(door)
    with door.client("admin-north") as client:
        said = client.post(f"/api/quality/exams/{FAULTY}/reject", json=REJECTION)
    assert said.status_code == 200, said.text
    door.note = said.json()["note"]


def _restored(door: Any) -> None:
    _arrived(door)
    with door.client("admin-north") as client:
        for one in client.get("/api/quality").json()["rejected"]:
            path = f"/api/quality/exams/{one['exam']}/notes/{one['note']}/restore"
            assert client.post(path, json={"why": "TEST right"}).status_code == 200


def _corrected(door: Any) -> None:
    _restored(door)
    with door.client("admin-north") as client:
        held = client.get("/api/quality").json()["corrections"]
        if not held:
            said = client.post(f"/api/quality/exams/{FAULTY}/correct", json=CORRECTION)
            assert said.status_code == 200, said.text
            held = [said.json()]
    door.correction = held[0]["name"]


FAULTY = f"north~{study_uid(78)}"
REJECTION = {"reason": "quality", "why": "TEST finding"}
CORRECTION = {"kind": "correct", "why": "TEST finding", "values": {"00100010": "TEST^Lou"}}
HOOK = {"organisation": "north", "url": "https://127.0.0.1:9/TEST"}


def asking_ahead(door: Any) -> dict[str, Any]:
    awaited = {
        "person": "p1",
        "identifier": "P1",
        "issuer": "north",
        "modality": "CT",
        "procedure": "TEST finding",
    }
    told = {key: value for key, value in asking(door).items() if key != "exam"}
    return {**told, "awaited": awaited}


def asking(door: Any) -> dict[str, Any]:
    return {
        "exam": str(door.exam.id),
        "question": "TEST finding: hémiparésie gauche brutale ?",
        "urgency": "stat",
        "justification": {"reason": "alerte thrombolyse"},
        "callback": {"name": "TEST urgences", "phone": "0594 00 44 17"},
        "consent": {"kind": "emergency"},
    }


AGREEMENT = {
    "key": "city",
    "asking": "north",
    "partner": {"key": "city", "node": "mq", "name": "TEST CHU"},
    "level": "sister-region",
}
WHOLE = {
    "sections": [
        {"code": code, "blocks": [{"kind": "text", "text": "TEST finding"}]}
        for code in ("findings", "conclusion")
    ],
    "key_images": [
        {
            "study_instance_uid": "1.2.3.2",
            "series_instance_uid": "1.2.3.2.1",
            "sop_instance_uid": "1.2.3.2.1.1",
        }
    ],
}
DRAFT = {"sections": [{"code": "findings", "blocks": [{"kind": "text", "text": "TEST finding"}]}]}
CASES: dict[str, Case] = {
    "get_session": reading("/api/session", barred=None, refuses=200),
    "set_preferences": reading("/api/me", barred=None, refuses=200, body={"language": "en"}),
    "get_worklist": reading("/api/worklist?list=all", refuses=200),
    "get_worklist_counts": reading("/api/worklist/counts", refuses=200),
    "get_exam": reading("/api/exams/{exam}"),
    "set_urgency": reading("/api/exams/{exam}/urgency", body={"urgency": "stat"}),
    "claim_exam": reading("/api/exams/{exam}/claim", body={}, barred="secretary-north"),
    "renew_claim": reading(
        "/api/exams/{exam}/claim/heartbeat",
        body=lambda door: {"fence": door.fence},
        before=_claimed,
        barred="secretary-north",
    ),
    "release_claim": reading(
        "/api/exams/{exam}/claim?fence={fence}",
        before=_claimed,
        gives=204,
        barred="secretary-north",
    ),
    "save_report": reading(
        "/api/exams/{exam}/report",
        body=DRAFT,
        headers={"If-Match": '"v0"'},
        barred="secretary-north",
    ),
    "get_report": reading("/api/exams/{exam}/report", barred="secretary-north"),
    "list_report_versions": reading("/api/exams/{exam}/report/versions", barred="secretary-north"),
    "get_report_version": reading("/api/exams/{exam}/report/versions/1", barred="secretary-north"),
    "list_report_templates": reading(
        "/api/report-templates", refuses=200, barred="secretary-north"
    ),
    "check_report": reading(
        "/api/exams/{exam}/report/checks", barred="secretary-north", before=_written
    ),
    "preview_report": reading(
        "/api/exams/{exam}/report/preview", barred="secretary-north", before=_written
    ),
    "get_preview_page": reading(
        "/api/exams/{exam}/report/preview/pages/1", barred="technologist-north", before=_written
    ),
    "get_preview_pdf": reading(
        "/api/exams/{exam}/report/preview/pdf", barred="referrer-north", before=_written
    ),
    "sign_report": reading(
        "/api/exams/{exam}/report/sign",
        body=lambda door: door.order,
        barred="secretary-north",
        before=_ready_to_sign,
        gives=201,
    ),
    "undo_signature": reading(
        "/api/exams/{exam}/report/documents/{digest}/undo",
        barred="secretary-north",
        before=_signed,
    ),
    "amend_report": reading(
        "/api/exams/{exam}/report/amendment",
        body={"purpose": "addendum"},
        barred="secretary-north",
        before=_released,
        gives=201,
    ),
    "list_report_documents": reading("/api/exams/{exam}/report/documents", before=_released),
    "get_report_document": reading(
        "/api/exams/{exam}/report/documents/{digest}", before=_released
    ),
    "get_report_file": reading(
        "/api/exams/{exam}/report/documents/{digest}/files/pdf",
        before=_released,
        barred="admin-north",
    ),
    "get_report_key_image": reading(
        "/api/exams/{exam}/report/documents/{digest}/key-images/1",
        before=_released,
        gives=404,  # the rows of this exam have no bytes
    ),
    "list_shares": sharing("/api/exams/{exam}/shares"),
    "make_share": sharing("/api/exams/{exam}/shares", body=WISH, gives=201),
    "renew_share": sharing("/api/exams/{exam}/shares/{link}/renewal", before=_linked, gives=201),
    "cut_share": sharing("/api/exams/{exam}/shares/{link}", before=_linked),
    "restore_share": sharing("/api/exams/{exam}/shares/{link}/restoration", before=_linked),
    "list_requests": asks("/api/requests", before=_asked, refuses=200),
    "place_request": asks("/api/requests", body=asking, before=_free_to_ask, gives=201),
    "list_partners": asks("/api/requests/partners?exam={exam}&urgency=stat", before=_free_to_ask),
    "place_awaited_request": asks(
        "/api/requests/awaited", body=asking_ahead, before=_free_to_ask, gives=201
    ),
    "list_awaited_partners": asks(
        "/api/requests/awaited/partners?person=p1&identifier=P1&issuer=north", before=_free_to_ask
    ),
    "attach_exam": asks(
        "/api/requests/{request}/attach",
        body=lambda door: {"exam": str(door.late.id)},
        before=_came,
    ),
    "detach_exam": asks("/api/requests/{request}/detach", before=_attached),
    "pass_on_request": asks(
        "/api/requests/{request}/pass-on",
        body={"reason": "TEST finding"},
        before=_asked,
        gives=409,  # it is not late yet
    ),
    "list_referrers": asks("/api/referrers", refuses=200, barred="admin-north"),
    "know_referrer": sharing(
        "/api/exams/{exam}/referrer",
        body={"mail": "balisier@exemple.test"},
    ),
    "deidentify_exam": reading(
        "/api/exams/{exam}/deidentified",
        body={"project": "TEST"},
        gives=404,  # the rows of this exam have no bytes
        barred="technologist-north",
    ),
    "list_changes": reading("/api/changes", refuses=200),
    "list_webhooks": administering("/api/webhooks", refuses=200, before=_hooked),
    "add_webhook": administering("/api/webhooks", body=HOOK, gives=201, refuses=403),
    "list_deliveries": administering("/api/webhooks/{webhook}/deliveries", before=_hooked),
    "try_webhook": administering("/api/webhooks/{webhook}/trial", before=_hooked),
    "pause_webhook": administering("/api/webhooks/{webhook}/pause", before=_hooked),
    "resume_webhook": administering("/api/webhooks/{webhook}/resume", before=_hook_paused),
    "replay_webhook": administering(
        "/api/webhooks/{webhook}/replay",
        body={"since": "2026-01-01T00:00:00Z"},
        before=_hooked,
    ),
    "remove_webhook": administering("/api/webhooks/{webhook}", before=_hooked, gives=204),
    "list_quality": administering("/api/quality", refuses=200, before=_rejected),
    "get_exam_quality": administering(f"/api/quality/exams/{FAULTY}", before=_restored),
    "reject_exam": administering(
        f"/api/quality/exams/{FAULTY}/reject", body=REJECTION, before=_restored
    ),
    "restore_rejected": administering(
        f"/api/quality/exams/{FAULTY}/notes/{{note}}/restore",
        body={"why": "TEST finding"},
        before=_rejected,
    ),
    "preview_correction": administering(
        f"/api/quality/exams/{FAULTY}/preview", body=CORRECTION, before=_restored
    ),
    "correct_exam": administering(
        f"/api/quality/exams/{FAULTY}/correct", body=CORRECTION, before=_restored
    ),
    "undo_correction": administering(
        "/api/quality/corrections/{correction}/undo",
        before=_corrected,
        gives=409,  # nobody has carried it out yet
    ),
    "get_request": asks("/api/requests/{request}", before=_asked),
    "note_request": asks(
        "/api/requests/{request}/note", body={"text": "TEST finding"}, before=_asked
    ),
    "cancel_request": asks(
        "/api/requests/{request}/cancel", body={"reason": "TEST finding"}, before=_asked
    ),
    "decline_request": reading(
        "/api/requests/{request}/decline",
        body={"reason": "TEST finding"},
        before=_asked,
        barred="technologist-north",
        gives=403,  # only who was asked declines
    ),
    "acknowledge_request": asks(
        "/api/requests/{request}/acknowledge",
        before=_asked,
        gives=409,  # nothing is answered
    ),
    "reconcile_request": reading(
        "/api/requests/{request}/reconcile",
        body={"document": "0" * 64},
        before=_asked,
        barred="technologist-north",
        gives=409,  # there are no two readings
    ),
    "list_agreements": administering("/api/admin/agreements", refuses=200, before=_agreed),
    "keep_agreement": administering("/api/admin/agreements", body=AGREEMENT),
    "find_persons": reading("/api/persons?q=balisier", refuses=200),
    "get_person": reading("/api/persons/p1"),
    "keep_opposition": reading(
        "/api/persons/p1/opposition",
        body={"value": "P1", "issuer": "north", "opposed": True, "reason": "TEST oral"},
        barred="technologist-north",
    ),
    "list_doubted": resolving("/api/identity/desk", refuses=200),
    "get_identity": resolving("/api/persons/{source_person}/identity"),
    "decide_source": resolving(
        "/api/identity/sources", body={"source": SOURCE, "decision": "vouch"}
    ),
    "link_sources": resolving(
        "/api/identity/links", body={"one": SOURCE, "other": OTHER, "basis": "card"}, gives=201
    ),
    "unlink_sources": resolving(
        "/api/identity/links/end", body={"one": SOURCE, "other": OTHER}, before=_joined
    ),
    "list_organisations": administering("/api/admin/organisations", refuses=200),
    "create_organisation": Case(
        path="/api/admin/organisations",
        own="network",
        other="admin-south",
        barred="admin-north",
        body={"key": "east", "name": "TEST CH east"},
        gives=201,
        refuses=403,
    ),
    "change_organisation": administering(
        "/api/admin/organisations/north", body={"name": "TEST CH north"}
    ),
    "list_devices": administering("/api/admin/devices", refuses=200),
    "create_device": administering(
        "/api/admin/devices", body={"ae_title": "US1", "organisation": "north"}, gives=201
    ),
    "change_device": administering(f"/api/admin/devices/{DEVICE}", body={"port": 104}),
    "echo_device": administering(f"/api/admin/devices/{DEVICE}/echo"),
    "remove_device": administering(f"/api/admin/devices/{DEVICE}", gives=204),
    "list_unknown_callers": administering("/api/admin/unknown-callers", refuses=200),
    "approve_caller": administering(
        f"/api/admin/unknown-callers/{CALLER}/approve",
        body={"organisation": "north"},
        gives=201,
    ),
    "dismiss_caller": administering(
        f"/api/admin/unknown-callers/{CALLER}", gives=204, before=_knocked
    ),
    "list_people": administering("/api/admin/people", refuses=200),
    "create_person": administering(
        "/api/admin/people",
        body={
            "login": "fresh",
            "name": "TEST fresh",
            "organisation": "north",
            "role": "secretary",
        },
        gives=201,
    ),
    "change_person": administering(
        "/api/admin/people/changed", body={"active": False}, before=_person("changed")
    ),
    "invite_again": administering(
        "/api/admin/people/invited/invitation", before=_person("invited"), gives=201
    ),
    "list_tokens": administering("/api/admin/tokens", refuses=200),
    "create_token": administering(
        "/api/admin/tokens", body={"login": "radio-north", "label": "pacs"}, gives=201
    ),
    "revoke_token": administering("/api/admin/tokens/{token}", before=_token, gives=204),
    "search_audit": administering("/api/admin/audit", refuses=200),
    "get_audit_chain": administering("/api/admin/audit/chain", refuses=200),
    "list_quarantine": administering("/api/node/quarantine", refuses=200, before=_set_aside),
    "resolve_quarantine": administering(
        "/api/node/quarantine/3-64/resolve", body={"decision": "keep_first"}, before=_set_aside
    ),
    "list_to_settle": settling("/api/settle", refuses=200, before=_set_aside),
    "settle_difference": settling(
        "/api/settle/exams/{exam}",
        body={"tag": "00081030", "offered": "TEST otherwise", "decision": "held"},
        before=_said_twice,
    ),
    "compare_quarantined": settling("/api/settle/quarantine/3-64", before=_set_aside),
    "get_quarantined_picture": settling(  # rows without bytes: nobody has a picture
        "/api/settle/quarantine/3-64/picture?of=offered", gives=404, before=_set_aside
    ),
    "get_quarantined_file": settling("/api/settle/quarantine/3-64/file", before=_set_aside),
    "settle_quarantined": settling(
        "/api/settle/quarantine/3-64", body={"decision": "keep_first"}, before=_set_aside
    ),
    "list_stuck_work": administering("/api/node/stuck-work", refuses=200, before=_stuck),
    "retry_work": administering("/api/node/stuck-work/71-send/retry", gives=202, before=_stuck),
    "drop_work": administering(
        "/api/node/stuck-work/71-send/drop",
        gives=204,
        body={"reason": "sent by hand"},
        before=_stuck,
    ),
    "get_node": administering("/api/node", refuses=200),
    "list_transfers": reading("/api/transfers", refuses=200, before=_wanted),
    # No node announced one: a foreign exam has its own tests (test_transfers).
    "fetch_exam": reading("/api/exams/{exam}/fetch", body={"person": "p1"}, gives=404),
    "cancel_transfer": reading("/api/transfers/{transfer}/cancel", before=_wanted),
    "resume_transfer": reading("/api/transfers/{transfer}/resume", before=_called_off),
    # The lines serve every organisation: both see them, no patient is on the page.
    "get_network": administering("/api/network", refuses=200, barred="referrer-north"),
    # A node that is no demonstration has no line to switch, whoever asks.
    "switch_line": administering("/api/network/lines/mq/gf", body={"cut": True}, gives=404),
}
# Their own tests: a stream does not end by itself (test_events), a token cannot sign out.
ELSEWHERE = {"stream_events", "stream_network", "stream_transfers", "sign_out"}
SECRETS = ("north", "NORTH", "BALISIER", "Eléonore", "TEST finding", "1.2.3.")


def operations() -> dict[str, str]:
    """Return the HTTP method of each operation."""
    return {
        operation["operationId"]: method.upper()
        for methods in document(described())["paths"].values()
        for method, operation in methods.items()
    }


METHODS = operations()


def test_every_route_has_a_case() -> None:
    assert set(CASES) | ELSEWHERE | PUBLIC == set(METHODS)


@pytest.mark.parametrize("name", CASES)
def test_only_its_own_people_pass(door: Any, name: str) -> None:
    case = CASES[name]
    case.before(door)
    path = (
        case.path.replace("{exam}", str(door.exam.id))
        .replace("{fence}", str(getattr(door, "fence", "")))
        .replace("{transfer}", getattr(door, "transfer", ""))
        .replace("{link}", getattr(door, "link", "0" * 16))
        .replace("{digest}", getattr(door, "digest", "0" * 64))
        .replace("{request}", getattr(door, "request", ""))
        .replace("{source_person}", str(getattr(door, "source_person", "")))
        .replace("{note}", getattr(door, "note", ""))
        .replace("{correction}", getattr(door, "correction", ""))
        .replace("{webhook}", getattr(door, "webhook", ""))
        .replace("{token}", getattr(getattr(door, "token", None), "id", ""))
    )
    body = case.body(door) if callable(case.body) else case.body

    def ask(login: str | None) -> Any:
        with door.client(login) as client:
            return client.request(METHODS[name], path, json=body, headers=case.headers)

    assert ask(None).status_code == 401
    if case.barred is not None:
        assert ask(case.barred).status_code == 403
    crossing = ask(case.other)
    own = ask(case.own)

    assert crossing.status_code == case.refuses, crossing.text
    said = crossing.text.replace(str(door.exam.id), "").replace(FAULTY, "")
    for asked in (body or {}).values():  # what one said oneself may be said back
        said = said.replace(str(asked), "")
    assert [secret for secret in SECRETS if secret in said] == []
    assert own.status_code == case.gives, own.text


@pytest.mark.parametrize("name", [n for n in CASES if "{exam}" in CASES[n].path])
def test_an_exam_out_of_scope_and_an_absent_one_answer_alike(door: Any, name: str) -> None:
    case = CASES[name]
    case.before(door)
    body = case.body(door) if callable(case.body) else case.body
    answers = []
    for exam in (str(door.exam.id), "north~1.2.3.4.5.6", "nowhere~1.2", "nonsense", "%00"):
        path = case.path.replace("{exam}", exam).replace("{fence}", "1")
        path = path.replace("{digest}", getattr(door, "digest", "0" * 64))
        with door.client(case.other) as client:
            answer = client.request(METHODS[name], path, json=body, headers=case.headers)
        answers.append((answer.status_code, answer.json()["type"]))

    assert set(answers) == {(404, "not-found")}
