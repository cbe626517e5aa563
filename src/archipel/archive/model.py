"""What the archive holds: instances in series in studies (PS3.3 section 7), and where."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from archipel.kernel.identifiers import AccessionNumber, PatientIdentifier, TenantId
from archipel.kernel.uid import Uid

Header = Mapping[int, str]
"""Indexed attributes of one instance: tag as (group << 16 | element) -> decoded text, values
joined by a backslash, padding removed. An absent tag was absent; an empty text was empty."""


@dataclass(frozen=True, slots=True, order=True)
class InstanceKey:
    """Where one instance sits in the hierarchy."""

    study: Uid
    series: Uid
    sop_instance: Uid


@dataclass(frozen=True, slots=True, order=True)
class JournalPlace:
    """A record of the journal: segment number and byte offset of its header."""

    segment: int
    offset: int


@dataclass(frozen=True, slots=True, order=True)
class PackPlace:
    """An entry of a sealed pack: the pack's key and the position in its directory."""

    pack: str
    entry: int


Place = JournalPlace | PackPlace


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the receiver knows of an instance when its last byte has come. Kept in the journal.

    `digest` is BLAKE3-256 over the data set as received (group 2 excluded). `header` holds
    what `standards.dicom.header` found.
    """

    tenant: TenantId
    patient_issuer: str  # the organisation's issuer, when the data set names none
    source: str  # calling AE title, login or path label; never a patient's name
    peer: str  # network address
    door: str  # dimse, stow, import
    association: str  # identifies one association or request
    sop_class: Uid
    sop_instance: Uid
    transfer_syntax: Uid
    digest: bytes
    received_at: datetime  # aware, UTC
    header: Header


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One whole, durable record of the journal, as the index writer finds it."""

    place: JournalPlace
    end: int  # offset of the next record: what `applied` becomes once this one is indexed
    size_bytes: int  # of the data set
    receipt: Receipt
    # How its data set is read again: a note is read for what it rejects.
    read: Callable[[], bytes] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Records of one segment that follow each other; `end` is where the next batch starts.

    `end` must be remembered in the transaction that indexes the records, never apart from it.
    """

    segment: int
    end: int
    records: tuple[Recorded, ...]
    start: int = 0  # where the batch before it ended, as far as its reader knows


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One instance found in the journal, not yet decided upon."""

    receipt: Receipt
    key: InstanceKey
    patient: PatientIdentifier
    accession: AccessionNumber | None
    size_bytes: int  # of the data set
    place: JournalPlace


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplaceable:
    """A record of the journal whose data set does not say where it belongs, and why."""

    receipt: Receipt
    size_bytes: int
    place: JournalPlace
    why: str  # for the operator; no patient data


@dataclass(frozen=True, slots=True, order=True)
class StudyKey:
    """One study of one owner: the same Study UID may be held by two organisations."""

    tenant: TenantId
    study: Uid


@dataclass(frozen=True, slots=True, order=True)
class SeriesKey:
    """One series of one owner, within its study."""

    tenant: TenantId
    study: Uid
    series: Uid


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """What the index knows of one study. `attributes` are those of patient and study level.

    The first value that came for an attribute stays. Counters count accepted instances only.
    """

    key: StudyKey
    patient: PatientIdentifier
    person: str | None  # key of the person in ``identity``; None while that is open
    accession: AccessionNumber | None
    attributes: Header
    modalities: frozenset[str]
    series: int
    instances: int
    announced: int  # how many of `instances` an `InstancesStored` has told of
    announced_at: datetime
    received_first: datetime
    received_last: datetime
    completed_at: datetime | None  # None: instances may still be coming


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """What the index knows of one series.

    `generation` grows with every batch that adds to the series; a pack that was built from an
    older generation is not published.
    """

    key: SeriesKey
    attributes: Header
    sop_classes: frozenset[Uid]
    instances: int
    generation: int
    sealed: bool
    received_first: datetime
    received_last: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeConflict:
    """A later instance says otherwise at patient or study level; what was held stays."""

    key: StudyKey
    tag: int
    held: str
    offered: str
    source: str
    at: datetime


class QuarantineReason(Enum):
    """Why bytes that were acknowledged are kept aside."""

    OTHER_BYTES = "other-bytes"  # the SOP Instance UID is held with another digest
    UNPLACEABLE = "unplaceable"  # no usable study, series or instance UID


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """One record kept aside: never given out, never replaced, shown to the operator."""

    reason: QuarantineReason
    receipt: Receipt
    study: Uid | None
    size_bytes: int
    place: JournalPlace
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineEntry:
    """One record in quarantine, as the operator's list shows it."""

    place: JournalPlace
    tenant: TenantId
    reason: QuarantineReason
    study: Uid | None
    sop_instance: Uid
    received_at: datetime
    source: str
    offered_digest: bytes
    held_digest: bytes | None  # of what stays; None where nothing does, or it lies in a pack
    detail: str
    resolved_by: str | None  # login; None: nobody has decided
    resolved_at: datetime | None
    size_bytes: int
    sop_class: Uid
    transfer_syntax: Uid
    discarded: bool  # the bytes are given up, for a reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """What one association or request brought for one study, within one batch."""

    key: StudyKey
    association: str
    source: str
    peer: str
    door: str
    instances: int
    duplicates: int
    quarantined: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One instance the archive can give back, with all that is needed to do so."""

    tenant: TenantId
    key: InstanceKey
    sop_class: Uid
    transfer_syntax: Uid  # as received
    size_bytes: int  # of the data set as received
    digest: bytes  # BLAKE3-256 of the data set as received
    number: int | None  # (0020,0013)
    frames: int  # (0028,0008), 1 where absent, 0 where there are no pixels
    received_at: datetime
    source: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame as stored, encoded in `transfer_syntax`: not always the received one."""

    content: bytes
    transfer_syntax: Uid


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is asked for at one level (PS3.4 C.2.2.2, PS3.18 8.3.4).

    `matching` maps a tag to the key as written by the asker: a value, a wildcard pattern, a
    range, or a list of values joined by backslash; an empty text matches everything.
    `wanted` are tags to return beside those that are required at the level.
    """

    matching: Header
    wanted: frozenset[int] = frozenset()
    limit: int | None = None
    offset: int = 0
    fuzzy: bool = False  # PS3.18 8.3.4.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One answer: attributes of its level and of the levels above, decoded text as `Header`.

    Computed attributes, (0008,0061), (0020,1206), (0020,1208) and such, stand among them.
    """

    tenant: TenantId
    attributes: Header


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyEntry:
    """One line of a worklist: the answer of `Match` and what only we know of the study."""

    match: Match
    received_first: datetime
    received_last: datetime
    completed_at: datetime | None
    person: str | None
    shared: bool  # seen because its owner shares it


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of a worklist, newest study first; `after` is the cursor of the next page."""

    entries: Sequence[StudyEntry]
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToSeal:
    """A series as it stands: every instance it has, in the journal and in its last pack alike.

    Instances are ordered by number, then SOP Instance UID: the order they will have in the pack.
    """

    key: SeriesKey
    generation: int
    instances: tuple[Held, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A pack that is written, checked and durable, to be published.

    `instances` lie in the pack's order, their place its entries: `PackPlace(pack, 0)` first.
    `index` is the same, packed for the database by `stores.packs.index` (about 40 bytes for each
    instance).
    """

    key: SeriesKey
    generation: int
    pack: str
    size_bytes: int
    instances: tuple[Held, ...]
    index: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PackLabel:
    """Whose a pack is, as it says itself."""

    pack: str
    key: SeriesKey
    generation: int
    written_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """A quarantined record, as far as checking it goes."""

    tenant: TenantId
    sop_instance: Uid
    size_bytes: int
    place: JournalPlace
