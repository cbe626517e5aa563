"""Who gets in, and how the others are told (PS3.8 section 9.3.4)."""

import re
import threading

import psutil
import pytest

from archipel.protocols.dimse.echo_scu import echo
from archipel.protocols.dimse.errors import AssociationLost, AssociationRejected
from archipel.standards.dicom import pdu
from archipel.standards.dicom.pdu import RejectReason, RejectResult
from archipel.standards.dicom.service_classes import VERIFICATION


def test_a_known_device_is_answered(node, dcmtk) -> None:
    done = dcmtk("echoscu", "-v", "-aet", "MODALITY", "-aec", "OUEST", "127.0.0.1", node.port)

    assert done.returncode == 0, done.stdout
    assert "Received Echo Response (Success)" in done.stdout


def test_our_own_user_is_answered(node, peer) -> None:
    echo(peer(node))


@pytest.mark.parametrize(
    ("calling", "called", "reason"),
    [
        ("STRANGER", "OUEST", RejectReason.CALLING_AE_TITLE),
        ("MODALITY", "NOBODY", RejectReason.CALLED_AE_TITLE),
        ("MODALITY", "EST", RejectReason.CALLING_AE_TITLE),
    ],
)
def test_whoever_is_not_registered_there_is_rejected(node, peer, calling, called, reason) -> None:
    with pytest.raises(AssociationRejected) as rejected:
        echo(peer(node, calling, called))

    assert (rejected.value.result, rejected.value.reason) == (RejectResult.PERMANENT, reason)


def test_nobody_gets_in_while_the_register_does_not_answer(start, peer) -> None:
    node = start(broken="devices")

    with pytest.raises(AssociationRejected) as rejected:
        echo(peer(node))

    assert rejected.value.result == RejectResult.TRANSIENT


def test_one_association_too_many_is_told_to_come_back(start, peer, raw) -> None:
    node = start(settings={"max_associations": 1})
    first = raw(node, VERIFICATION)
    assert isinstance(first.open(), pdu.AssociateAc)

    with pytest.raises(AssociationRejected) as rejected:
        echo(peer(node))

    assert rejected.value.reason == RejectReason.LOCAL_LIMIT
    first.socket.sendall(pdu.encode(pdu.ReleaseRq()))
    assert first.read() == pdu.ReleaseRp()
    first.socket.close()
    for _ in range(50):
        try:
            echo(peer(node))
        except AssociationRejected:
            threading.Event().wait(0.05)
        else:
            break
    else:
        pytest.fail("the place of the first association was not given back")


@pytest.mark.parametrize(
    ("field", "value", "answer"),
    [
        ("protocol_version", 2, RejectReason.PROTOCOL_VERSION),
        ("application_context", "1.2.3", RejectReason.APPLICATION_CONTEXT),
        ("called", "", RejectReason.CALLED_AE_TITLE),
        ("calling", "", RejectReason.CALLING_AE_TITLE),
        ("calling", "A\\B", RejectReason.CALLING_AE_TITLE),
    ],
)
def test_a_request_that_cannot_be_is_rejected_with_its_reason(
    node, raw, field, value, answer
) -> None:
    association = raw(node, VERIFICATION)
    object.__setattr__(association.request, field, value)

    rejection = association.open()

    assert isinstance(rejection, pdu.AssociateRj)
    assert rejection.reason == answer


def test_a_worker_that_dies_is_replaced(start, peer) -> None:
    node = start()
    echo(peer(node))
    psutil.Process(node.process.pid).children()[0].kill()

    for _ in range(60):
        try:
            echo(peer(node))
        except (AssociationRejected, AssociationLost):  # lost: handed over as it died
            threading.Event().wait(0.1)
        else:
            return
    pytest.fail("no worker took the place of the dead one")


def test_every_presentation_context_of_a_long_proposal_is_answered(node, dcmtk) -> None:
    done = dcmtk(
        *("echoscu", "-d", "-pts", 38, "-ppc", 128, "-aet", "MODALITY", "-aec", "OUEST"),
        *("127.0.0.1", node.port),
    )

    assert done.returncode == 0, done.stdout
    accepted = re.findall(r"Context ID: +\d+ \(Accepted\)", done.stdout)
    assert len(accepted) == 128
