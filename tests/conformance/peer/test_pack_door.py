"""Who may fetch a study at the peer door: by agreement, and not against the patient's word."""

from pathlib import Path

import pytest
from tests.conformance.peer.conftest import Door, asserted, knock

from archipel.app.transfer.packs import subject_of
from archipel.archive.model import StudyKey
from archipel.exchange.fold.policy import DENIED, GRANTED
from archipel.exchange.model import Author, Draft, Purpose
from archipel.kernel.clock import utc_now
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.protocols.peer import pack_server
from archipel.protocols.peer.identity import Identity
from archipel.stores.sql import facts

KEY = StudyKey(TenantId("ch-gp"), Uid("1.2.826.0.1.3680043.10.1"))
PATIENT = "patient:gp-issuer|55012"
STUDY = f"/x/1/studies/{KEY.tenant}/{KEY.study}"


@pytest.fixture
def mq(door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Identity:
    """Let the node `mq` in; it is asked anew at each knock."""
    monkeypatch.setattr(pack_server, "_ADMITTED_S", 0.0)
    identity = door.enrol("mq", tmp_path / "mq")
    state(door, "study.available", f"study:{KEY.study}")
    return identity


def state(door: Door, kind: str, subject: str) -> None:
    draft = Draft(
        kind=kind,
        subject=subject,
        tenant=KEY.tenant,
        body={"by": "patient"},
        author=Author(subject="test"),
        patient=PATIENT,
    )
    with door.node.database.write() as connection:
        facts.append(connection, draft, now=utc_now())


def asked(door: Door, mq: Identity, purpose: Purpose = Purpose.TREATMENT) -> tuple[int, str]:
    """Ask for the study: admitted, it is not found, for nothing was scanned here."""
    assertion = asserted(mq, subject_of(KEY), purpose=purpose)
    answer = knock(door, mq, STUDY, assertion=assertion)
    return answer.status_code, answer.json()["detail"]


def test_a_patients_opposition_closes_their_studies_to_other_nodes(
    door: Door, mq: Identity
) -> None:
    assert asked(door, mq)[0] == 404
    state(door, DENIED, PATIENT)

    status, why = asked(door, mq)
    assert (status, "opposes" in why) == (403, True)
    assert any("opposes" in row.entry.detail for row in door.refusals())

    assert asked(door, mq, Purpose.EMERGENCY)[0] == 404  # an emergency overrules
    state(door, GRANTED, PATIENT)
    assert asked(door, mq)[0] == 404
