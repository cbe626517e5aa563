"""An exam that arrives finds its order, and its step leaves the worklist once it is complete."""

from datetime import timedelta
from pathlib import Path

from tests.unit.dicomweb.conftest import make_slice
from tests.unit.orders.conftest import Door, order, site

from archipel.archive.completion import complete_quiet
from archipel.kernel.identifiers import AccessionNumber, Issuer, PatientIdentifier
from archipel.kernel.uid import Uid
from archipel.orders.match import Ground, matched
from archipel.orders.ports import WorklistKeys
from archipel.stores.sql.access import SqlOrganisations
from archipel.stores.sql.orders.book import SqlOrders
from archipel.stores.sql.orders.sites import SqlSites
from archipel.stores.sql.session import open_database
from archipel.testing.access_builders import WEST, organisation, scope_of
from archipel.testing.storage_node import StorageNode

SEEN = scope_of(WEST)
ISSUER = Issuer("ISSUER-west")
ANNOUNCED = Uid("1.2.250.1.999.1.1.42")


def test_an_exam_finds_its_order_by_accession_and_issuer(door) -> None:
    door.take(order())
    orders = SqlOrders(door.database)
    found = orders.by_accession(AccessionNumber("ACC1", ISSUER), scope=SEEN)
    patient = PatientIdentifier("IPP1", ISSUER)

    match = matched(found, study=Uid("1.2.3"), patient=patient)

    assert match is not None
    assert (match.ground, match.same_patient) == (Ground.ACCESSION, True)
    assert orders.by_accession(AccessionNumber("ACC1", Issuer("OTHER")), scope=SEEN) == []
    assert matched([], study=ANNOUNCED, patient=patient) is None


def test_that_the_patient_of_an_order_differs_is_said(door) -> None:
    door.take(order())
    found = SqlOrders(door.database).by_accession(AccessionNumber("ACC1", ISSUER), scope=SEEN)

    match = matched(found, study=ANNOUNCED, patient=PatientIdentifier("IPP2", ISSUER))

    assert match is not None
    assert (match.ground, match.same_patient) == (Ground.STUDY, False)


def test_of_two_orders_the_one_that_announced_the_study_is_taken(door) -> None:
    door.take(order())
    other = order(control="2").replace(b"PL1", b"PL2").replace(b"FL1", b"FL2")
    door.take(other.replace(ANNOUNCED.value.encode(), b"1.2.3"))
    found = SqlOrders(door.database).by_accession(AccessionNumber("ACC1", ISSUER), scope=SEEN)
    assert len(found) == 2

    for study in (ANNOUNCED, Uid("1.2.3")):
        match = matched(found, study=study, patient=PatientIdentifier("IPP1", ISSUER))
        assert match is not None
        assert match.order.study == study


def test_a_step_leaves_the_worklist_when_its_exam_is_complete(tmp_path: Path) -> None:
    node = StorageNode(tmp_path / "node")
    node.replay()
    database = open_database(f"sqlite:///{tmp_path / 'node' / 'index.db'}")
    SqlOrganisations(database).add(organisation(WEST))
    SqlSites(database).put(site())
    Door(database).take(order())
    orders = SqlOrders(database)
    image = make_slice("1.2.3", "1.2.3.1", 1, texts={0x00080050: "ACC1"}, shape=(8, 8))

    node.receive(image.dataset, tenant=WEST, issuer=ISSUER.namespace)
    node.catch_up()
    assert len(orders.steps(WorklistKeys(), scope=SEEN)) == 1
    later = node.later(timedelta(minutes=5))
    with node.index.transaction() as transaction:
        complete_quiet(index=transaction, quiet=timedelta(0), now=later)

    assert orders.steps(WorklistKeys(), scope=SEEN) == []
    database.close()
    node.close()
