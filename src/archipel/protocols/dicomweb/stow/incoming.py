"""One STOW-RS part on its way into the journal: nothing of it is gathered but its head.

The head, up to the end of group 2, says what follows; the data set goes to the journal slot as
it comes, hashed as it passes, and its first bytes are kept until its indexed attributes are read.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime

from blake3 import blake3

from archipel.archive.errors import MisplacedInstance, RejectedBefore
from archipel.archive.model import InstanceKey, JournalPlace, Receipt
from archipel.archive.ports import Slot
from archipel.kernel.errors import ArchipelError, Malformed
from archipel.kernel.identifiers import Issuer, TenantId
from archipel.kernel.uid import Uid
from archipel.protocols.dicomweb.stow.outcome import Outcome, reason_of
from archipel.standards.dicom.elements import NeedMore
from archipel.standards.dicom.header import scan
from archipel.standards.dicom.part10 import MAX_META_BYTES, FileMeta, split

FIRST_SCAN_BYTES = 64 << 10
_LEAST_BYTES = 140  # preamble, prefix, one element head
_KEY = (0x0020000D, 0x0020000E, 0x00080018)
_NEXT_BYTES = 8  # the first element head of the data set: group 2 is over
MAX_HEADER_BYTES = 16 << 20  # an instance that hides its UIDs behind more is not understood


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who stores, for whom: the part of a `Receipt` that all parts of a request share."""

    tenant: TenantId
    issuer: Issuer
    source: str
    peer: str
    request: str  # identifies the request
    study: Uid | None  # the only study this request may add to
    at: datetime
    refused: Callable[[Uid], Collection[Uid]]  # of a study: what is not taken once more


@dataclass(slots=True)
class IncomingInstance:
    """Receives one part. A failure is kept as its outcome: the other parts go on."""

    slot: Slot
    sender: Sender
    outcome: Outcome | None = None
    place: JournalPlace | None = None
    digest: bytes = b""
    error: ArchipelError | None = None
    _head: bytearray | None = field(default_factory=bytearray)  # until group 2 is complete
    _meta: FileMeta | None = None
    _kept: bytearray | None = field(default_factory=bytearray)  # until the attributes are read
    _scan_at: int = FIRST_SCAN_BYTES
    _attributes: dict[int, str] | None = None
    _key: InstanceKey | None = None
    _state: "blake3" = field(default_factory=blake3)
    _open: bool = False

    def write(self, data: memoryview) -> None:
        """Take the next bytes of the file."""
        if self.outcome is not None:
            return
        try:
            self._take(data)
        except ArchipelError as failure:
            self._fail(failure)

    def end(self) -> None:
        """Close the complete file; `Slot.secure` makes it durable with those of its request."""
        if self.outcome is not None:
            return
        try:
            self._finish()
        except ArchipelError as failure:
            self._fail(failure)

    def abandon(self) -> None:
        """Make the journal forget what it has of a file that will never be complete."""
        if self.outcome is None:
            self._fail(Malformed("the body ends within this instance"))

    def lose(self, failure: ArchipelError) -> None:
        """Tell of an instance that came whole and could not be made durable."""
        if self.place is not None and self.outcome is not None:
            self.place, self.error = None, failure
            self.outcome = replace(self.outcome, failure=reason_of(failure))

    def refuse(self, failure: ArchipelError, sop_class: str, sop_instance: str) -> None:
        """Tell of an instance that never became a file."""
        self.error = failure
        self.outcome = Outcome(
            sop_class=_uid(sop_class), sop_instance=_uid(sop_instance), failure=reason_of(failure)
        )

    def _take(self, data: memoryview) -> None:
        if self._head is not None:
            self._head += data
            start = self._read_head(self._head)
            if not start:
                return
            head, self._head = bytes(self._head), None
            self.slot.begin(head[:start])
            self._open = True
            data = memoryview(head)[start:]
        self._state.update(data)
        self.slot.write([data])
        if self._kept is not None:
            self._kept += data
            if len(self._kept) >= self._scan_at:
                self._scan(complete=False)

    def _read_head(self, head: bytearray) -> int:
        """Read the file meta information and return its length; 0: there is more to come."""
        if len(head) < _LEAST_BYTES:
            return 0
        if head[128:132] != b"DICM":
            raise Malformed("no DICOM file: the prefix DICM is not at byte 128 (PS3.10 7.1)")
        try:
            self._meta, start = split(bytes(head))
        except NeedMore:
            start = len(head)
        if start + _NEXT_BYTES <= len(head):
            return start
        if len(head) > MAX_META_BYTES:
            raise Malformed("the file meta information has no end")
        self._meta = None
        return 0

    def _scan(self, *, complete: bool) -> None:
        assert self._meta is not None  # noqa: S101  (set before the first data set byte)
        assert self._kept is not None  # noqa: S101  (asked by the callers)
        syntax = self._meta.transfer_syntax
        try:
            self._attributes = scan(bytes(self._kept), syntax, complete=complete)
        except NeedMore as more:
            if complete:
                raise
            self._scan_at = max(more.at_least_bytes, len(self._kept) * 2)
            if self._scan_at > MAX_HEADER_BYTES:
                raise Malformed(
                    f"the attributes to index lie beyond {MAX_HEADER_BYTES} bytes"
                ) from None
            return
        self._kept = None
        self._key = self._checked(_key_of(self._attributes))

    def _checked(self, key: InstanceKey) -> InstanceKey:
        # Group 2 of files in the field names another instance at times: the data set decides.
        if self.sender.study is not None and key.study != self.sender.study:
            raise MisplacedInstance(f"it belongs to study {key.study}, not {self.sender.study}")
        if key.sop_instance in self.sender.refused(key.study):
            raise RejectedBefore(key.sop_instance)
        return key

    def _finish(self) -> None:
        if self._meta is None:
            raise Malformed("the part ends within its file meta information")
        if self._kept is not None:
            self._scan(complete=True)
        assert self._attributes is not None  # noqa: S101  (the scan above set both or raised)
        assert self._key is not None  # noqa: S101
        sop_class = self._sop_class(self._attributes)
        self.digest = self._state.digest()
        self.place = self.slot.keep(self._receipt(self._key, sop_class, self._attributes))
        self._open = False
        self.outcome = Outcome(
            sop_class=sop_class,
            sop_instance=self._key.sop_instance,
            study=self._key.study,
            series=self._key.series,
        )

    def _sop_class(self, attributes: dict[int, str]) -> Uid:
        assert self._meta is not None  # noqa: S101  (as above)
        text = attributes.get(0x00080016)
        if text:
            return Uid.parse(text)
        if not self._meta.sop_class:
            raise MisplacedInstance("neither the file nor its data set names a SOP class")
        return Uid.parse(self._meta.sop_class)

    def _receipt(self, key: InstanceKey, sop_class: Uid, attributes: dict[int, str]) -> Receipt:
        assert self._meta is not None  # noqa: S101  (as above)
        return Receipt(
            tenant=self.sender.tenant,
            patient_issuer=self.sender.issuer.namespace,
            source=self.sender.source,
            peer=self.sender.peer,
            door="stow",
            association=self.sender.request,
            sop_class=sop_class,
            sop_instance=key.sop_instance,
            transfer_syntax=Uid.parse(self._meta.transfer_syntax),
            digest=self.digest,
            received_at=self.sender.at,
            header=attributes,
        )

    def _fail(self, failure: ArchipelError) -> None:
        if self._open:
            self.slot.abandon()
            self._open = False
        self.error = failure
        self._head = self._kept = None
        self.outcome = Outcome(
            sop_class=_uid(self._meta.sop_class) if self._meta else None,
            sop_instance=_uid(self._meta.sop_instance) if self._meta else None,
            failure=reason_of(failure),
        )


def _key_of(attributes: dict[int, str]) -> InstanceKey:
    try:
        study, series, instance = (Uid.parse(attributes.get(tag, "")) for tag in _KEY)
    except Malformed as wrong:
        raise MisplacedInstance(f"its study, series or instance UID is wrong: {wrong}") from wrong
    return InstanceKey(study, series, instance)


def _uid(text: str) -> Uid | None:
    try:
        return Uid.parse(text)
    except Malformed:
        return None
