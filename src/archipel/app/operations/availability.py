"""Devices with the duty `announce` hear which studies are complete here (PS3.4 Annex R).

A device that does not answer is told again later; others hear the same once more, which says
nothing new.
"""

from datetime import datetime

from archipel.access.model import Action, AuditEntry, Device, Duty
from archipel.app.dicom_door import measures
from archipel.app.dispatcher import Subscription
from archipel.app.operations.commitments import LANE
from archipel.app.wiring import Node
from archipel.archive.events import StudyCompleted
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.errors import ArchipelError
from archipel.protocols.dimse.commitment.availability import announce
from archipel.protocols.dimse.user import peer_at


def subscriptions(node: Node) -> list[Subscription]:
    """Return who hears that studies are complete."""

    def tell(event: StudyCompleted, *, now: datetime) -> None:
        scope = Scope(Actor(ActorKind.NODE, "work"), frozenset({event.tenant}))
        failures: list[ArchipelError] = []
        for device in node.organisations.devices(scope=scope):
            if Duty.ANNOUNCE in device.duties:
                try:
                    _tell(node, device, event, scope, now)
                except ArchipelError as failure:
                    failures.append(failure)
        if failures:
            raise failures[0]

    return [Subscription(StudyCompleted, "announce", tell, lane=LANE)]


def _tell(node: Node, device: Device, event: StudyCompleted, scope: Scope, now: datetime) -> None:
    organisation = node.organisations.organisation(tenant=event.tenant)
    held = node.catalogue.instances(scope=scope, study=event.study)
    if organisation is None or not held:
        return
    entry = AuditEntry(
        tenant=event.tenant,
        at=now,
        actor=scope.actor,
        action=Action.SEND,
        subject=event.study.value,
        door="dimse",
        detail=f"availability of {len(held)} instances to {device.ae_title}",
    )
    node.audit.record([entry])
    told = measures(node.settings.dicom)
    peer = peer_at(device, calling=organisation.ae_titles[0], settings=told)
    announce(peer, event.study, held)
