"""What durable work does for storage commitment: decide and report, or ask and await (ADR 0107).

A peer that does not answer is called again later and later; what was decided is kept, so that a
restart or a long silence loses nothing. In the end a dead letter tells the operator.
"""

import contextlib
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from archipel.access.model import Device
from archipel.app.dicom_door import measures
from archipel.app.dispatcher import Subscription
from archipel.app.wiring import Node
from archipel.archive.commit import SETTLING, decide
from archipel.archive.commitment import Asker, Commitment, CommitmentKey, FailureReason, Reference
from archipel.archive.events import CommitmentDue
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.errors import NotFound, Unavailable
from archipel.kernel.uid import Uid
from archipel.protocols.dimse.commitment import called
from archipel.protocols.dimse.errors import AssociationRejected
from archipel.protocols.dimse.user import Peer, peer_at
from archipel.standards.dicom.pdu import RejectResult

LANE = "commitment"
KEPT = timedelta(days=90)
AT_ONCE_S = 3.0  # how long a peer that reports on the same association is waited for
LOOK_EVERY = timedelta(seconds=30)
PATIENCE = timedelta(days=2)
_SOON = timedelta(seconds=1)
_log = logging.getLogger(__name__)


def subscriptions(node: Node) -> list[Subscription]:
    """Return who hears of storage commitments."""

    def carry_on(event: CommitmentDue, *, now: datetime) -> timedelta | None:
        key = CommitmentKey(
            tenant=event.tenant, asker=event.asker, peer=event.peer, transaction=event.transaction
        )
        found = node.commitments.commitment(key)
        if found is None:  # too old to be kept
            return None
        return _ask(node, found, now) if event.asker is Asker.US else _give(node, found, now=now)

    return [Subscription(CommitmentDue, "commit", carry_on, lane=LANE)]


def ask_for(node: Node, device: Device, study: Uid, *, now: datetime) -> Commitment:
    """Have a device asked to keep a study it was sent. Raises `NotFound`."""
    organisation = node.organisations.organisation(tenant=device.tenant)
    scope = Scope(Actor(ActorKind.DEVICE, device.ae_title.value), frozenset({device.tenant}))
    held = node.catalogue.instances(scope=scope, study=study)
    if organisation is None or not held:
        raise NotFound(f"{device.tenant} holds no study {study}")
    asked = Commitment(
        key=CommitmentKey(
            tenant=device.tenant, asker=Asker.US, peer=device.ae_title, transaction=Uid.fresh()
        ),
        own=organisation.ae_titles[0],
        references=tuple(Reference(one.sop_class, one.key.sop_instance) for one in held),
        asked_at=now,
        failed={},
    )
    node.commitments.ask(asked)
    return asked


def _give(node: Node, asked: Commitment, *, now: datetime) -> timedelta | None:
    """Decide on a peer's request, and report. Raises `Unavailable` while the peer is away."""
    if asked.told_at is not None:
        return None
    if asked.decided_at is None:
        failed = decide(
            asked.references,
            tenant=asked.key.tenant,
            holdings=node.holdings,
            contents=node.contents,
            commitments=node.commitments,
        )
        absent = FailureReason.NO_SUCH_OBJECT_INSTANCE in failed.values()
        if absent and now - asked.asked_at < SETTLING:
            return _SOON
        node.commitments.decide(asked.key, failed, now=now)
    if asked.key.asker is Asker.CLIENT:  # it asks how it went
        return None
    device = _device(node, asked)
    if device.host is None or device.port is None:
        # Nobody can call it: the door reports when it is connected.
        return _wait(asked, now, f"{device.ae_title} has no address and did not come back")
    decided = node.commitments.commitment(asked.key)
    if decided is None or decided.decided_at is None or decided.told_at is not None:
        return None
    with _patience_with_the_busy():
        called.report(_peer(node, device, decided), decided)
    node.commitments.tell(decided.key, now=node.clock())
    _log.info(
        "%s was told of %d instances, %d not committed",
        decided.key.peer,
        len(decided.references),
        len(decided.failed),
    )
    return None


def _ask(node: Node, asked: Commitment, now: datetime) -> timedelta | None:
    """Ask a peer to keep what it was sent. Raises `Unavailable` while the peer is away."""
    if asked.decided_at is not None:
        return None
    if asked.told_at is not None:
        return _wait(asked, now, f"{asked.key.peer} took the request and never reported")
    device = _device(node, asked)
    with _patience_with_the_busy():
        told = called.ask(_peer(node, device, asked), asked, patience_s=AT_ONCE_S)
    node.commitments.tell(asked.key, now=node.clock())
    if told is not None:
        node.commitments.decide(asked.key, told.failures_of(asked), now=node.clock())
        return None
    return LOOK_EVERY


@contextlib.contextmanager
def _patience_with_the_busy() -> Iterator[None]:
    """Make of a rejection that may pass (PS3.8 table 9-21) one that is worth another call."""
    try:
        yield
    except AssociationRejected as rejected:
        if rejected.result == RejectResult.TRANSIENT:
            raise Unavailable(str(rejected)) from rejected
        raise


def _wait(asked: Commitment, now: datetime, otherwise: str) -> timedelta:
    if now - asked.asked_at < PATIENCE:
        return LOOK_EVERY
    raise NotFound(f"storage commitment {asked.key.transaction}: {otherwise}")


def _device(node: Node, asked: Commitment) -> Device:
    device = node.devices.device(asked.key.peer, tenant=asked.key.tenant)
    if device is None:
        raise NotFound(f"{asked.key.peer} is no device of {asked.key.tenant} any more")
    return device


def _peer(node: Node, device: Device, asked: Commitment) -> Peer:
    return peer_at(device, calling=asked.own, settings=measures(node.settings.dicom))
