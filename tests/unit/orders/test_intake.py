"""Messages become orders, are kept whole, and are answered once for all."""

import pytest
from sqlalchemy import select
from tests.unit.orders.conftest import lines, order, site

from archipel.access.model import Action, AuditQuery
from archipel.app.hl7 import intake as intake_module
from archipel.identity.model import SourceKey
from archipel.kernel.errors import NotFound, Unavailable
from archipel.kernel.identifiers import AccessionNumber, Issuer, PatientIdentifier
from archipel.orders.model import MessageState, OrderStatus, Priority, Start
from archipel.orders.ports import WorklistKeys
from archipel.standards.hl7v2.message import parse
from archipel.stores.sql.audit import SqlAudit
from archipel.stores.sql.identity import SqlPersons
from archipel.stores.sql.orders.book import SqlOrders
from archipel.stores.sql.orders.messages import SqlMessages
from archipel.stores.sql.orders.sites import SqlSites
from archipel.stores.sql.schema.orders import imaging_order
from archipel.testing.access_builders import EAST, WEST, scope_of

SEEN = scope_of(WEST)
ACCESSION = AccessionNumber("ACC1", Issuer("ISSUER-west"))
ADT = r"""
MSH|^~\&|RIS|CHU|ARCHIPEL|MQ|20260301120000||ADT^{event}|{control}|P|2.5||||||UNICODE UTF-8
EVN||20260301120000
PID|||{patient}^^^{issuer}^PI||TEST-DUPONT^JEANNE||19790328|F
"""
MRG = "MRG|{former}^^^{issuer}^PI||||||TEST-INCONNUE\n"


def adt(event="A08", control="a1", patient="IPP1", issuer="ISSUER-west", former="") -> bytes:
    text = ADT + (MRG if former else "")
    return lines(
        text.format(event=event, control=control, patient=patient, issuer=issuer, former=former)
    )


def the_order(door, scope=SEEN):
    (found,) = SqlOrders(door.database).by_accession(ACCESSION, scope=scope)
    return found


def states(door, scope=SEEN):
    return [one.state for one in SqlMessages(door.database).listed(scope=scope)]


def test_an_order_is_kept_before_it_is_acknowledged(door) -> None:
    assert door.codes(order()) == ["AA"]

    found = the_order(door)
    said = found.said
    assert found.status is OrderStatus.SCHEDULED
    assert said.patient.identifier == PatientIdentifier("IPP1", Issuer("ISSUER-west"))
    assert said.patient.traits.name == "TEST-DUPONT^JEANNE"
    assert said.priority is Priority.STAT
    assert said.reason == "Embolie ?"
    assert said.requester == said.referrer == "TEST-AGNES^Isabelle"
    assert said.study == "1.2.250.1.999.1.1.42"
    assert [(s.modality, s.start, s.description) for s in said.steps] == [
        ("CT", Start("20260306", "083000"), "Thorax injecté")
    ]
    (kept,) = SqlMessages(door.database).listed(scope=SEEN)
    assert SqlMessages(door.database).message(kept.id, scope=SEEN).body == order()
    assert kept.state is MessageState.ACTED_UPON


def test_an_order_is_seen_by_its_organisation_only(door) -> None:
    door.take(order())
    held = the_order(door)
    (kept,) = SqlMessages(door.database).listed(scope=SEEN)
    east = scope_of(EAST)

    orders, messages = SqlOrders(door.database), SqlMessages(door.database)
    assert orders.by_accession(ACCESSION, scope=east) == []
    assert orders.by_id(held.id, scope=east) is None
    assert orders.steps(WorklistKeys(), scope=east) == []
    assert messages.listed(scope=east) == []
    with pytest.raises(NotFound):
        messages.message(kept.id, scope=east)
    with pytest.raises(NotFound):
        SqlSites(door.database).remove("ris", scope=east)


def test_the_same_message_again_gets_the_same_answer_and_changes_nothing(door) -> None:
    first = door.take(order())

    assert door.take(order()) == first
    assert len(states(door)) == 1


def test_other_bytes_under_a_control_id_are_refused_and_kept(door) -> None:
    door.take(order())

    (answer,) = door.take(order(accession="ACC9"))

    assert parse(answer).require("MSA").text(1) == "AR"
    assert parse(answer).require("ERR").text(1, 4) == "205"
    assert states(door) == [MessageState.CLASHED, MessageState.ACTED_UPON]
    assert door.take(order(accession="ACC9")) == [answer]
    refusals = SqlAudit(door.database).search(
        AuditQuery(action=Action.REFUSE), scope=SEEN, node=False
    )
    assert len(refusals) == 1


def test_the_control_ids_of_two_sites_are_strangers(door) -> None:
    theirs = order().replace(b"RIS|CHU", b"RISE|CHE").replace(b"ISSUER-west", b"ISSUER-east")

    assert door.codes(order(), theirs) == ["AA", "AA"]
    assert len(states(door)) == len(states(door, scope_of(EAST))) == 1


def test_an_unknown_sender_is_refused_and_nothing_of_it_is_kept(door) -> None:
    stranger = order().replace(b"RIS|CHU", b"WHO|CHU")

    assert door.codes(stranger, stranger, host="192.0.2.1") == ["AR", "AR"]
    assert states(door, scope_of(WEST, EAST)) == []
    refusals = SqlAudit(door.database).search(
        AuditQuery(action=Action.REFUSE), scope=SEEN, node=True
    )
    assert len(refusals) == 1  # of one address, once a minute


def test_a_site_bound_to_an_address_is_heard_from_there_only(door) -> None:
    SqlSites(door.database).put(site("lab", application="LAB", host="10.0.0.5"))
    body = order().replace(b"RIS|CHU", b"LAB|CHU")

    assert door.codes(body, host="10.0.0.6") == ["AR"]
    assert door.codes(body, host="10.0.0.5") == ["AA"]


@pytest.mark.parametrize(
    ("body", "code", "place", "condition"),
    [
        (order().replace(b"PL1^RIS|FL1^RIS", b"|"), "AE", "ORC", "101"),
        (order().replace(b"PID|", b"ZPD|"), "AE", "PID", "100"),
        (order(patient=""), "AE", "PID", "101"),
        (order().replace(b"1.2.250.1.999.1.1.42", b"1.2.x"), "AE", "ZDS", "102"),
        (order().replace(b"ORM^O01", b"QBP^Q22"), "AR", "MSH", "200"),
        (order().replace(b"|P|2.3.1", b"|T|2.3.1"), "AR", "MSH", "202"),
        (order().replace(b"|P|2.3.1", b"|P|3.0"), "AR", "MSH", "203"),
        (order().replace(b"||CT|", b"||ct!|"), "AE", "OBR", "103"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(door, body, code, place, condition) -> None:
    (answer,) = door.take(body)
    told = parse(answer)

    assert told.require("MSA").text(1) == code
    err = told.require("ERR")
    where = err.text(1) or err.text(2)
    assert where == place
    assert condition in {err.text(1, 4), err.text(3)}
    assert states(door) == [MessageState.REFUSED]


def test_a_cancellation_ends_the_order_and_its_steps(door) -> None:
    door.take(order())
    assert len(SqlOrders(door.database).steps(WorklistKeys(), scope=SEEN)) == 1

    door.take(order(orc="CA", status="CA", control="2", at="20260301130000"))

    assert the_order(door).status is OrderStatus.CANCELLED
    assert SqlOrders(door.database).steps(WorklistKeys(), scope=SEEN) == []


def test_a_cancellation_that_overtakes_its_order_still_cancels_it(door) -> None:
    door.take(order(orc="CA", status="CA", control="2", at="20260301130000"))
    door.take(order())

    found = the_order(door)
    assert found.status is OrderStatus.CANCELLED
    assert found.said.reason == "Embolie ?"


def test_an_appointment_moves_the_steps_of_its_order(door) -> None:
    door.take(order())
    siu = (
        "MSH|^~\\&|RIS|CHU|ARCHIPEL|MQ|20260302120000||SIU^{}|{}|P|2.5\r"
        "SCH|A1{}\rPID|||IPP1^^^ISSUER-west\rRGS|1\rAIS|1|A|CT|20260309101500\r"
    )
    named = "|" * 25 + "FL1^RIS"

    assert door.codes(siu.format("S13", "s1", "|" + named).encode()) == ["AA"]
    assert the_order(door).said.steps[0].start == Start("20260309", "101500")
    assert door.codes(siu.format("S13", "s2", "").encode()) == ["AA"]
    assert states(door)[0] is MessageState.NOT_ACTED_UPON
    door.take(siu.format("S15", "s3", "|" + named).replace("20260302", "20260303").encode())
    assert the_order(door).status is OrderStatus.ORDERED


def test_a_fault_of_this_node_is_a_dead_letter_that_can_be_replayed(door, monkeypatch) -> None:
    def broken(*_args, **_kwargs):
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(intake_module, "understand", broken)
        assert door.codes(order(), adt()) == ["AE", "AE"]
    assert states(door) == [MessageState.DEAD, MessageState.DEAD]
    number = SqlMessages(door.database).listed(scope=SEEN)[1].id

    with pytest.raises(NotFound):
        door.intake.replay(number, scope=scope_of(EAST))
    assert door.intake.replay(number, scope=SEEN).state is MessageState.ACTED_UPON
    assert the_order(door).status is OrderStatus.SCHEDULED
    assert door.codes(order()) == ["AA"]  # sent again, it is known as accepted


def test_one_bad_message_does_not_undo_its_neighbours(door) -> None:
    assert door.codes(
        order(control="1"),
        order(control="2", patient=""),
        order(control="3", accession="ACC3"),
    ) == ["AA", "AE", "AA"]
    assert len(states(door)) == 3


def test_without_a_database_every_sender_is_told_to_come_back(door, monkeypatch) -> None:
    def away():
        raise Unavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(type(door.database), "write", lambda _self: away())
        assert door.codes(order(), order(control="2")) == ["AR", "AR"]

    assert door.codes(order(), order(control="2")) == ["AA", "AA"]


def test_a_merge_links_two_identifiers_of_the_site(door) -> None:
    assert door.codes(adt("A40", patient="IPP1", former="X12-URGENCE")) == ["AA"]

    persons = SqlPersons(door.database)
    both = [
        persons.source(SourceKey(PatientIdentifier(v, Issuer("ISSUER-west"))), scope=SEEN)
        for v in ("IPP1", "X12-URGENCE")
    ]
    assert both[0].person == both[1].person
    persons.unlink(both[0].key, both[1].key, by="desk", scope=SEEN, now=door.now)


def test_a_site_cannot_merge_the_patients_of_another_issuer(door) -> None:
    assert door.codes(
        adt("A40", patient="1", former="2", issuer="ISSUER-east").replace(b"|P|", b"|P|")
    ) == ["AE"]
    with door.database.read() as connection:
        assert connection.scalar(select(imaging_order.c.id)) is None
    key = SourceKey(PatientIdentifier("1", Issuer("ISSUER-east")))
    assert SqlPersons(door.database).source(key, scope=scope_of(WEST, EAST)) is None


def test_a_registration_is_noted_only_of_who_is_known_here(door) -> None:
    assert door.codes(adt("A01", control="1")) == ["AA"]
    assert states(door) == [MessageState.NOT_ACTED_UPON]
    door.take(adt("A40", control="2", patient="IPP1", former="IPP2"))

    assert door.codes(adt("A08", control="3")) == ["AA"]
    assert states(door)[0] is MessageState.ACTED_UPON
    assert door.codes(adt("A02", control="4")) == ["AA"]
    assert states(door)[0] is MessageState.NOT_ACTED_UPON
