"""One admitted association, seen as provider: who speaks, what was agreed, where it may store."""

import contextlib
import logging
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from archipel.access.model import Action, Admission, AuditEntry, Service
from archipel.archive.commitment import CommitmentKey
from archipel.archive.errors import RejectedBefore
from archipel.archive.model import JournalPlace
from archipel.archive.ports import Slot
from archipel.kernel.aetitle import AETitle
from archipel.kernel.errors import ArchipelError, Malformed
from archipel.kernel.uid import Uid
from archipel.protocols.dimse.channel import Channel
from archipel.protocols.dimse.errors import NotGranted
from archipel.protocols.dimse.fragments import Buffer
from archipel.protocols.dimse.negotiation import Context
from archipel.protocols.dimse.services import Services
from archipel.protocols.dimse.settings import DimseSettings
from archipel.protocols.dimse.status import Status, Table, status_of
from archipel.standards.dicom.command import Command, CommandField, Element

log = logging.getLogger(__name__)

DOOR = "dimse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parties:
    """Who is at the other end, and what the policy said."""

    calling: AETitle
    called: AETitle
    host: str
    admission: Admission
    association: str = field(default_factory=lambda: secrets.token_hex(8))

    def __str__(self) -> str:
        return f"{self.calling}@{self.host} -> {self.called} [{self.association}]"


class Dialogue:
    """What the services share while one association lasts. For one thread."""

    def __init__(
        self,
        channel: Channel,
        parties: Parties,
        contexts: dict[int, Context],
        services: Services,
        settings: DimseSettings,
    ) -> None:
        self.channel = channel
        self.parties = parties
        self.contexts = contexts
        self.services = services
        self.settings = settings
        self.last_place: JournalPlace | None = None
        self.reports: dict[int, CommitmentKey] = {}  # given and not answered, by message id
        self.reports_given = 0
        self._slot: Slot | None = None
        self._spotless: set[Uid] = set()  # studies of which nothing is refused

    @property
    def admission(self) -> Admission:
        """What the association may do."""
        return self.parties.admission

    def demand(self, service: Service) -> None:
        """Raise `NotGranted` unless the peer may use this service."""
        if service not in self.admission.may:
            raise NotGranted(str(self.parties.calling), service.value)

    def want(self, study: Uid, sop_instance: Uid) -> None:
        """Raise `RejectedBefore` for an instance that is not taken once more."""
        if study in self._spotless:
            return
        tenant = self.admission.tenant
        refused = self.services.catalogue.refused(study, tenant=tenant)
        if not refused:
            self._spotless.add(study)
        elif sop_instance in refused:
            raise RejectedBefore(sop_instance)

    def respond(
        self,
        context_id: int,
        request: Command,
        status: int,
        *,
        comment: str = "",
        dataset: Iterable[Buffer] | None = None,
    ) -> None:
        """Answer a request."""
        answer = request.response(status, dataset=dataset is not None, comment=comment)
        self.channel.send_message(context_id, answer, dataset)

    def refuse(
        self, context_id: int, request: Command, failure: Exception, table: Table
    ) -> Status:
        """Answer a request by the status that tells why it failed."""
        status = status_of(failure, table)
        if status is Status.PROCESSING_FAILURE:
            log.error("%s: a fault of this node", self.parties, exc_info=failure)
            comment = "a fault of this node: see its log"
        else:
            log.warning("%s: %04XH: %s", self.parties, status, failure)
            comment = str(failure)
        self.respond(context_id, request, status, comment=comment)
        return status

    def slot(self) -> Slot:
        """Return this association's place in the journal, taken when first needed."""
        if self._slot is None:
            self._slot = self.services.journal.slot()
        return self._slot

    def drop_slot(self) -> None:
        """Give the slot back: it failed, or the association is over."""
        slot, self._slot = self._slot, None
        if slot is not None:
            with contextlib.suppress(ArchipelError):
                slot.close()

    def fence(self) -> bool:
        """Wait, not for long, until what was stored here can be found; False if it cannot yet."""
        if self.last_place is None:
            return True
        self.drop_slot()
        timeout_s = self.settings.fence_timeout_s
        return self.services.journal.wait_indexed(self.last_place, timeout_s=timeout_s)

    def identifier(self, context_id: int, request: Command, max_bytes: int | None = None) -> bytes:
        """Receive the data set of a request that is small: an identifier, unless told more."""
        if not request.has_dataset:
            raise Malformed("the request comes without its data set")
        limit = max_bytes or self.settings.max_identifier_bytes
        return self.channel.receive_whole(context_id, max_bytes=limit)

    def cancelled(self, message_id: int) -> bool:
        """Tell whether C-CANCEL for this request has come. Does not wait."""
        while self.channel.readable():
            received = self.channel.receive_command()
            if received is None:
                return True  # a release amid an operation: there is nobody to answer to
            _, command = received
            if command.field == CommandField.C_CANCEL_RQ:
                if command.number(Element.MESSAGE_ID_RESPONDED_TO) == message_id:
                    return True
                continue
            raise self.channel.violated_order()
        return False

    def record(self, action: Action, subjects: Iterable[str], detail: str) -> None:
        """Write the audit, one row for each subject. Raises `Unavailable`: nothing may leave."""
        now = self.services.clock()
        self.services.audit.record(
            [
                AuditEntry(
                    tenant=self.admission.tenant,
                    at=now,
                    actor=self.admission.scope.actor,
                    action=action,
                    subject=subject,
                    door=DOOR,
                    detail=detail,
                )
                for subject in subjects
            ]
        )
