"""C-STORE as provider (PS3.4 Annex B, PS3.7 section 9.1.1): bytes to the journal, then the answer.

The data set passes once: hashed, appended as received, its header read from the first pieces.
Nothing is acknowledged before `Slot.commit` has made it durable; what is refused leaves no trace.
"""

from blake3 import blake3

from archipel.access.model import Service
from archipel.archive.errors import MisplacedInstance
from archipel.archive.model import Receipt
from archipel.archive.ports import Slot
from archipel.kernel.errors import Malformed
from archipel.kernel.uid import Uid
from archipel.protocols.dimse.dialogue import DOOR, Dialogue
from archipel.protocols.dimse.errors import AssociationLost, OtherInstance, ProtocolViolated
from archipel.protocols.dimse.negotiation import Context
from archipel.protocols.dimse.status import STORE, Status
from archipel.standards.dicom.command import Command, Element
from archipel.standards.dicom.header import NeedMore, scan
from archipel.standards.dicom.part10 import meta

_WORTH_A_LOOK = 4096  # bytes: a shorter first piece seldom holds the header
SOP_CLASS_UID = 0x00080016
SOP_INSTANCE_UID = 0x00080018
STUDY_INSTANCE_UID = 0x0020000D
SERIES_INSTANCE_UID = 0x0020000E


class Reception:
    """One instance on its way in. `take` never raises: what fails is told at the end."""

    __slots__ = (
        "_head",
        "_max_head",
        "_next_look",
        "_slot",
        "_syntax",
        "digest",
        "failure",
        "header",
    )

    def __init__(self, slot: Slot, transfer_syntax: str, max_header_bytes: int) -> None:
        self._slot = slot
        self._syntax = transfer_syntax
        self._head = bytearray()
        self._max_head = max_header_bytes
        self._next_look = 0
        self.digest = blake3()
        self.header: dict[int, str] | None = None
        self.failure: Exception | None = None

    def take(self, views: list[memoryview]) -> None:
        """Hash and append pieces of the data set."""
        if self.failure is not None:
            return
        try:
            update = self.digest.update
            for view in views:
                update(view)
            if self.header is None:
                self._look_at(views)
            self._slot.write(views)
        except Exception as failure:  # noqa: BLE001  (told when the peer has finished speaking)
            self.failure = failure

    def finish(self) -> dict[int, str]:
        """Return the header of the whole data set. Raises what went wrong on the way."""
        if self.failure is not None:
            raise self.failure
        if self.header is None:
            self._scan(bytes(self._head), complete=True)
        if self.header is None:
            raise Malformed("the data set has no readable header")
        return self.header

    def _look_at(self, views: list[memoryview]) -> None:
        """Read the header in place if it lies in the first piece, else gather what it needs."""
        if not self._head and len(views[0]) >= _WORTH_A_LOOK:
            self._scan(views[0], complete=False)
            if self.header is not None:
                return
        for view in views:
            self._head += view
        if len(self._head) >= self._next_look:
            self._scan(bytes(self._head), complete=False)
        if self.header is not None:
            self._head = bytearray()

    def _scan(self, head: bytes | memoryview, *, complete: bool) -> None:
        try:
            self.header = scan(head, self._syntax, complete=complete)
        except NeedMore as more:
            if complete:
                raise Malformed(f"the data set ends within its header: {more}") from more
            if more.at_least_bytes > self._max_head:
                raise Malformed(
                    f"the indexed attributes do not lie in the first {self._max_head} bytes"
                ) from more
            # Doubling: a long sequence before the last indexed attribute is not read many times.
            self._next_look = max(more.at_least_bytes, 2 * len(head))


def store(dialogue: Dialogue, context_id: int, context: Context, request: Command) -> None:
    """Serve one C-STORE-RQ."""
    limit = dialogue.settings.max_dataset_bytes
    try:
        dialogue.demand(Service.STORE)
        sop_class, sop_instance = _announced(context, request)
        slot = dialogue.slot()
        syntax = Uid(context.transfer_syntax)
        slot.begin(
            meta(
                sop_class=sop_class,
                sop_instance=sop_instance,
                transfer_syntax=syntax,
                source=str(dialogue.parties.calling),
            )
        )
    except Exception as failure:  # noqa: BLE001  (whatever it is, the peer gets an answer)
        if request.has_dataset:
            dialogue.channel.skip_dataset(context_id, max_bytes=limit)
        _refuse(dialogue, context_id, request, failure)
        return
    reception = Reception(slot, context.transfer_syntax, dialogue.settings.max_header_bytes)
    try:
        if request.has_dataset:
            dialogue.channel.receive_dataset(context_id, reception.take, max_bytes=limit)
        header = reception.finish()
        _compare(header, sop_class, sop_instance)
        dialogue.want(Uid(header[STUDY_INSTANCE_UID]), sop_instance)
        parties = dialogue.parties
        dialogue.last_place = slot.commit(
            Receipt(
                tenant=parties.admission.tenant,
                patient_issuer=parties.admission.issuer.namespace,
                source=str(parties.calling),
                peer=parties.host,
                door=DOOR,
                association=parties.association,
                sop_class=sop_class,
                sop_instance=sop_instance,
                transfer_syntax=syntax,
                digest=reception.digest.digest(),
                received_at=dialogue.services.clock(),
                header=header,
            )
        )
    except (AssociationLost, ProtocolViolated):
        slot.abandon()
        raise
    except Exception as failure:  # noqa: BLE001  (whatever it is, the peer gets an answer)
        slot.abandon()
        _refuse(dialogue, context_id, request, failure)
        return
    dialogue.respond(context_id, request, Status.SUCCESS)


def _refuse(dialogue: Dialogue, context_id: int, request: Command, failure: Exception) -> None:
    if not isinstance(failure, Malformed):
        dialogue.drop_slot()  # a slot whose disk failed takes nothing more: try another next time
    dialogue.refuse(context_id, request, failure, STORE)


def _announced(context: Context, request: Command) -> tuple[Uid, Uid]:
    """Return SOP class and instance of the command, held against the presentation context."""
    announced = request.text(Element.AFFECTED_SOP_CLASS)
    if announced != context.abstract_syntax:
        raise OtherInstance(
            f"class {announced} was sent in a presentation context for {context.abstract_syntax}"
        )
    try:
        return Uid(announced), Uid(request.text(Element.AFFECTED_SOP_INSTANCE))
    except Malformed as error:
        raise MisplacedInstance(f"(0000,1000) or (0000,0002): {error}") from error


def _compare(header: dict[int, str], sop_class: Uid, sop_instance: Uid) -> None:
    """Hold the data set against the command, and check that it says where it belongs."""
    for tag, announced in ((SOP_CLASS_UID, sop_class), (SOP_INSTANCE_UID, sop_instance)):
        found = header.get(tag)
        if found and found != announced.value:
            raise OtherInstance(
                f"(0008,{tag & 0xFFFF:04X}) is {found} in the data set, {announced} in the command"
            )
    for tag in (SOP_INSTANCE_UID, STUDY_INSTANCE_UID, SERIES_INSTANCE_UID):
        try:
            Uid(header.get(tag, ""))
        except Malformed as error:
            raise MisplacedInstance(
                f"({tag >> 16:04X},{tag & 0xFFFF:04X}) of {sop_instance}: {error}"
            ) from error
