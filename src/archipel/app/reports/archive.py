"""Signed reports enter the archive as DICOM objects, by the one way in: the journal.

A report becomes an Encapsulated PDF, its key images a Key Object Selection, each a series of its
own beside the images. Their UIDs come from the version and their bytes are always the same: done
again, they are what is held already.
"""

from datetime import datetime

from blake3 import blake3

from archipel.app.wiring import Node
from archipel.archive.model import JournalPlace, Receipt
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.errors import NotFound, Unavailable
from archipel.kernel.uid import Uid
from archipel.reading.document import KeptDocument
from archipel.reading.events import ReportReceived, ReportReleased
from archipel.reading.model import ExamId, ReportState
from archipel.reading.rendition import Format, render
from archipel.standards.dicom.header import scan
from archipel.standards.dicom.part10 import split

DOOR = "worker"
INDEXED_WITHIN_S = 30.0


def archive_report(
    event: ReportReleased | ReportReceived, *, node: Node, now: datetime
) -> list[Uid]:
    """Store a validated version with its exam; returns the SOP Instance UIDs written.

    A preliminary version is not stored: it is to be replaced. Nor is a report of an organisation
    that is not of this node: its home stores it. Raises `NotFound`, `Exhausted`, `Unavailable`.
    """
    exam = ExamId(event.tenant, event.study)
    organisation = node.organisations.organisation(tenant=exam.tenant)
    if event.state == ReportState.PRELIMINARY.value or organisation is None:
        return []
    kept = node.documents.of_node(exam, event.digest, tenant=exam.tenant)
    if kept is None:
        raise NotFound(f"no version {event.digest[:12]} of the report of {exam}")
    # The signer saw these images, be they of the owner or of a prior elsewhere.
    tenants = frozenset({exam.tenant, kept.document.signer.organisation})
    scope = Scope(Actor(ActorKind.NODE, "report archive"), tenants)
    files = [render(kept, Format.ENCAPSULATED_PDF, pictures=node.pictures, scope=scope).content]
    if kept.document.key_images:
        try:
            made = render(kept, Format.KEY_OBJECT, pictures=node.pictures, scope=scope)
        except NotFound:
            pass  # none of its images is held here: there is nothing to point at
        else:
            files.append(made.content)
    return _stored(files, kept, issuer=organisation.issuer.namespace, node=node, now=now)


def _stored(
    files: list[bytes], kept: KeptDocument, *, issuer: str, node: Node, now: datetime
) -> list[Uid]:
    written: list[Uid] = []
    place: JournalPlace | None = None
    slot = node.journal.slot()
    try:
        for content in files:
            said, start = split(content)
            head, body = content[:start], content[start:]
            slot.begin(head)
            slot.write([body])
            receipt = Receipt(
                tenant=kept.document.exam.tenant,
                patient_issuer=issuer,
                source=node.settings.node.name,
                peer="",
                door=DOOR,
                association=kept.version.digest[:16],
                sop_class=Uid(said.sop_class),
                sop_instance=Uid(said.sop_instance),
                transfer_syntax=Uid(said.transfer_syntax),
                digest=blake3(body).digest(),
                received_at=now,
                header=scan(body, said.transfer_syntax),
            )
            place = slot.commit(receipt)
            written.append(receipt.sop_instance)
    finally:
        slot.close()
    if place is not None and not node.journal.wait_indexed(place, timeout_s=INDEXED_WITHIN_S):
        raise Unavailable("the report is in the journal, not indexed yet: it is looked at again")
    return written
