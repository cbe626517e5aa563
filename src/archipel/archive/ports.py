"""What the archive needs of the world. ``stores`` and ``testing`` provide it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from archipel.access.model import AuditEntry
from archipel.archive.commitment import Commitment, CommitmentKey
from archipel.archive.model import (
    Arrival,
    AttributeConflict,
    Batch,
    Frame,
    Held,
    JournalPlace,
    Match,
    PackLabel,
    PackPlace,
    Page,
    Quarantined,
    QuarantineEntry,
    Query,
    Receipt,
    Reception,
    Sealed,
    Series,
    SeriesKey,
    SetAside,
    Study,
    StudyKey,
    ToSeal,
)
from archipel.archive.quality.model import Note
from archipel.identity.ports import Sightings
from archipel.kernel.actors import Scope
from archipel.kernel.aetitle import AETitle
from archipel.kernel.events import Event
from archipel.kernel.hierarchy import Level
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid

Buffer = bytes | bytearray | memoryview


class Slot(Protocol):
    """An exclusive place to append in the journal: one for each association or request.

    One instance at a time: `begin`, any number of `write`, then `commit` or `abandon`.
    """

    def begin(self, meta: bytes) -> None:
        """Open a record; `meta` is preamble, prefix and group 2 of the Part 10 file to be."""

    def write(self, buffers: Sequence[Buffer]) -> None:
        """Append data set bytes. The buffers may be reused after the call.

        Raises `Exhausted` (no space) or `Unavailable` (the disk failed); the slot is then done.
        """

    def commit(self, receipt: Receipt) -> JournalPlace:
        """Close the record and make it durable: on return it survives a power cut.

        Also announces it to the index writer. Raises as `write`.
        """

    def keep(self, receipt: Receipt) -> JournalPlace:
        """Close the record without waiting for the disk: it is safe when `secure` returns.

        For several instances that are acknowledged together. Raises as `write`.
        """

    def secure(self) -> None:
        """Make durable and announce what was kept. Raises as `write`: nothing kept is safe then.

        What an earlier `secure` made safe may be told lost too, never the reverse.
        """

    def abandon(self) -> None:
        """Forget the record that is open: it was never acknowledged and is never indexed."""

    def close(self) -> None:
        """Give the slot back."""


class Journal(Protocol):
    """Where what comes in is made safe."""

    def slot(self) -> Slot:
        """Take a slot. Raises `Exhausted` or `Unavailable` while the node is read-only."""

    def wait_indexed(self, place: JournalPlace, *, timeout_s: float) -> bool:
        """Wait until the index knows the record (the fence); False when time ran out."""


class Tail(Protocol):
    """The journal as the index writer reads it: one for each node, in one process."""

    def replay(self) -> Iterator[Batch]:
        """Everything durable that the index lacks, checked byte by byte; once, at start."""

    def batches(self, *, timeout_s: float) -> Sequence[Batch]:
        """What was announced since: at most one batch a segment; empty when time ran out."""

    def indexed(self, batches: Sequence[Batch]) -> None:
        """Say that the transaction over these is committed: it lets the fences go."""

    def lost(self, applied: Mapping[int, int]) -> bool:
        """Tell whether an index that remembers `applied` lacks what it was given already."""

    def rewind(self, applied: Mapping[int, int]) -> None:
        """Begin again where the index is: `replay` then gives what it lacks."""


@dataclass(slots=True, kw_only=True)
class Changes:
    """All that one batch changes in the index: written together or not at all.

    `studies` and `series` are whole new values, known or not; `applied` is, by segment, the
    offset up to which records are now decided upon; `live` how many more records of a segment
    are the only copy of something.
    """

    studies: list[Study] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)
    instances: list[Arrival] = field(default_factory=list)
    conflicts: list[AttributeConflict] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    receptions: list[Reception] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    applied: dict[int, int] = field(default_factory=dict)
    live: dict[int, int] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    audit: list[AuditEntry] = field(default_factory=list)


class IndexTransaction(Sightings, Protocol):
    """One transaction of the index writer, which alone adds instances to the index.

    Patients are seen (`identity.ports.Sightings`) in the same transaction.
    """

    def applied(self, segments: Collection[int]) -> Mapping[int, int]:
        """By segment, the offset below which every record was decided upon before."""

    def studies(self, keys: Collection[StudyKey]) -> Mapping[StudyKey, Study]:
        """Those of the named studies that are known."""

    def series(self, keys: Collection[SeriesKey]) -> Mapping[SeriesKey, Series]:
        """Those of the named series that are known."""

    def digests(
        self, instances: Collection[tuple[TenantId, Uid]]
    ) -> Mapping[tuple[TenantId, Uid], bytes]:
        """The digest of those SOP instances that are held, in open or sealed series."""

    def rejected(
        self, instances: Collection[tuple[TenantId, Uid]]
    ) -> Mapping[tuple[TenantId, Uid], Note]:
        """The note that stands against each of those SOP instances that are rejected."""

    def heard(
        self, receptions: Collection[tuple[StudyKey, str]]
    ) -> Collection[tuple[StudyKey, str]]:
        """Those pairs of study and association of which the index knows already."""

    def incomplete(self) -> Sequence[Study]:
        """Every study that is not complete, oldest reception first."""

    def write(self, changes: Changes) -> None:
        """Write rows, counters, outbox, audit and applied offsets of one batch."""


class AdoptionTransaction(IndexTransaction, Protocol):
    """A transaction that also publishes packs which another node built (`archive.adopt`)."""

    def packs_of(self, keys: Collection[SeriesKey]) -> Mapping[SeriesKey, tuple[int, str]]:
        """Generation and pack of those of the named series that are sealed."""

    def publish(self, sealed: Sealed, *, now: datetime) -> bool:
        """As `SealIndex.publish`, in this transaction."""


class Index(Protocol):
    """Where the index writer's transactions begin."""

    def transaction(self) -> AbstractContextManager[IndexTransaction]:
        """One transaction: committed when the block ends, undone when it raises.

        Raises `Unavailable` when the database does not answer.
        """

    def applied(self) -> Mapping[int, int]:
        """By segment, the offset below which every record was decided upon."""


class Contents(Protocol):
    """Bytes of held instances, wherever they lie: an open segment or a sealed pack."""

    def dataset(self, held: Held) -> bytes:
        """The data set as received, bit for bit. Raises `NotFound`, `Unavailable`."""

    def pieces(self, held: Held) -> Iterator[bytes]:
        """The data set as received, piece by piece. Raises as `dataset`, perhaps amid it."""

    def part10(self, held: Held) -> Iterator[bytes]:
        """The instance as a Part 10 file in its received transfer syntax, in pieces."""

    def frame(self, held: Held, number: int) -> Frame:
        """Frame `number`, 1 first, as stored. Raises `NotFound` when there is no such frame."""

    def low_frame(self, held: Held, number: int) -> Frame:
        """Frame `number` at a quarter of its resolution in each direction, a whole codestream.

        Raises `NotFound` where it is not kept apart: the series is open, or not in HTJ2K.
        """

    def series_metadata(self, held: Sequence[Held]) -> bytes:
        """Gzip of the DICOM JSON array (PS3.18 F) of these instances of one series."""


class Catalogue(Protocol):
    """Read side of the index, for queries and retrieval. What is rejected is not there."""

    def find(self, level: Level, keys: Query, *, scope: Scope) -> Sequence[Match]:
        """Answer a query at one level, in a stable order."""

    def answers(self, level: Level, keys: Query, *, scope: Scope) -> Iterator[Sequence[Match]]:
        """Every answer of `find` in its order, page by page; a page may be empty.

        Nothing is held between two pages, and a page costs a bounded look into the index: who
        stops asking stops the query. `keys.limit` and `keys.offset` play no part.
        """

    def instances(
        self,
        *,
        scope: Scope,
        study: Uid | None = None,
        series: Uid | None = None,
        sop_instance: Uid | None = None,
        patient_id: str | None = None,
    ) -> Sequence[Held]:
        """Everything held below the named level, by series then number; empty if none."""

    def page(
        self, keys: Query, *, scope: Scope, after: str | None = None, limit: int = 50
    ) -> Page:
        """One page of studies, newest first, by keyset: `after` is a former page's cursor.

        `keys.limit` and `keys.offset` play no part. Raises `Malformed` for a false cursor.
        """

    def count(self, level: Level, keys: Query, *, scope: Scope, cap: int = 1000) -> int:
        """How many answers `find` would give, counted up to `cap` + 1 at most."""

    def refused(self, study: Uid, *, tenant: TenantId) -> Collection[Uid]:
        """Held instances of a study that are not taken once more (`archive.quality.model`)."""


class SealIndex(Protocol):
    """What sealing and reclaiming need of the index. Every write here is fully durable."""

    def quiet_series(self, *, before: datetime, limit: int) -> Sequence[SeriesKey]:
        """Series with instances in this host's journal, quiet since before that, oldest first."""

    def to_seal(self, key: SeriesKey) -> ToSeal | None:
        """All that this host can read of it; None when nothing lies in this host's journal."""

    def publish(self, sealed: Sealed, *, now: datetime) -> bool:
        """Say that the series lies in this pack and nowhere else, and announce `SeriesSealed`.

        One transaction, fully durable: a series of another generation by now is left as it is
        and False returned; else its records in the journal stop being live.
        """

    def condemn(self, packs: Collection[str], *, now: datetime) -> Collection[str]:
        """Say which of the named packs no series lies in; those are never published any more."""

    def idle_segments(self) -> Mapping[int, int]:
        """Segments no live record lies in (quarantine included), and up to where applied."""

    def forget_segments(self, segments: Collection[int]) -> None:
        """Drop what is known of segments whose files are gone."""


class Packs(Protocol):
    """Where sealed series lie: one immutable object for each generation of a series."""

    def build(self, series: ToSeal) -> Sealed:
        """Write the series' pack, hold every instance against its digest, make it durable.

        Building the same generation again replaces its pack by an equal one. Raises
        `DamagedContent` when a source lost its digest, `Exhausted`, `Unavailable`.
        """

    def inventory(self) -> Iterator[tuple[str, datetime]]:
        """Every pack there is, and when it was written or retired."""

    def label(self, pack: str) -> PackLabel:
        """Say whose a pack is. Raises `Malformed` when it is damaged, `Unavailable`."""

    def read(self, pack: str) -> tuple[Sealed, Sequence[Receipt]]:
        """Say all that a pack knows, with the receipts of its instances. Raises as `label`."""

    def dataset(self, place: PackPlace) -> bytes:
        """One data set as received, bit for bit. Raises `DamagedContent`, `Unavailable`."""

    def retire(self, pack: str, *, now: datetime) -> None:
        """Start the grace of a pack that a newer generation replaced; readers may hold it."""

    def remove(self, pack: str) -> None:
        """Delete a pack for good; one that is gone already is no error."""


class Segments(Protocol):
    """The journal's files, for those who tidy and check them."""

    def numbers(self) -> Sequence[int]:
        """Every segment there is, oldest first."""

    def reclaim(self, segment: int, *, applied: int, now: datetime, grace: timedelta) -> bool:
        """Delete a segment nobody writes to, with no record beyond `applied`.

        Not before `grace` has passed since it was first asked for: readers may hold its places.

        Returns whether it is gone. The caller has read, after a fully durable commit, that
        nothing below `applied` is the only copy of anything.
        """

    def check(self, place: JournalPlace) -> None:
        """Hold one record against its digest. Raises `DamagedContent`, `Unavailable`."""


class Holdings(Protocol):
    """Everything the index says is kept, for those who check it."""

    def everything(self) -> Iterator[Held]:
        """Every instance held, series by series; those of a sealed series in its pack's order."""

    def held(self, tenant: TenantId, sop_instance: Uid) -> Held | None:
        """One instance as it is held now; None when it is not."""

    def set_aside(self) -> Iterator[SetAside]:
        """Every record in quarantine."""


class QuarantineDesk(Protocol):
    """What is in quarantine, for those who decide upon it."""

    def entries(
        self, *, scope: Scope, after: JournalPlace | None = None, limit: int = 50
    ) -> Sequence[QuarantineEntry]:
        """Records of the organisations in scope, latest place first, those behind `after`."""

    def entry(self, place: JournalPlace, *, scope: Scope) -> QuarantineEntry | None:
        """One record; None outside the scope."""

    def resolve(self, place: JournalPlace, *, by: str, scope: Scope, now: datetime) -> None:
        """Note that somebody decided: the bytes stay aside, the alarm is closed."""

    def reopen(self, place: JournalPlace, *, scope: Scope) -> None:
        """Take such a decision back. One whose bytes are given up stays as it is."""

    def discard(
        self, place: JournalPlace, *, by: str, why: str, scope: Scope, now: datetime
    ) -> None:
        """Note that the bytes are given up: their segment may go once nothing else needs it."""


class Commitments(Protocol):
    """Storage commitment transactions, both ways (PS3.4 Annex J)."""

    def ask(self, commitment: Commitment) -> None:
        """Keep a transaction and announce `CommitmentDue`, in one step.

        The same one again is announced again. Raises `Conflict` when its UID was used before for
        other instances.
        """

    def commitment(self, key: CommitmentKey) -> Commitment | None:
        """One transaction."""

    def decide(self, key: CommitmentKey, failed: Mapping[Uid, int], *, now: datetime) -> None:
        """Keep what was decided. Raises `NotFound` for a transaction nobody asked for."""

    def tell(self, key: CommitmentKey, *, now: datetime) -> None:
        """Remember that the other side has taken our message."""

    def untold(self, peer: AETitle, *, tenant: TenantId) -> Sequence[Commitment]:
        """What is decided of a peer's transactions and was not reported, oldest first."""

    def doubtful(self, instances: Collection[Uid], *, tenant: TenantId) -> Collection[Uid]:
        """Those under whose UID other bytes lie in quarantine that nobody decided upon."""

    def latest(self, *, scope: Scope, limit: int = 100) -> Sequence[Commitment]:
        """Transactions of the organisations in scope, newest first."""
