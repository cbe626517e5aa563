"""The ports of the archive and of access, in memory: for tests here and of those who extend us.

They keep every promise of the ports that does not need a disk. One `MemoryArchive` stands behind
the journal, the contents and the catalogue: what is committed is indexed at once.
"""

import fnmatch
import threading
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from archipel.access.model import AuditEntry, Device, Organisation
from archipel.archive.model import (
    Frame,
    Header,
    Held,
    InstanceKey,
    JournalPlace,
    Match,
    Page,
    Query,
    Receipt,
    StudyEntry,
)
from archipel.archive.ports import Buffer
from archipel.kernel.actors import Scope
from archipel.kernel.aetitle import AETitle
from archipel.kernel.errors import NotFound
from archipel.kernel.hierarchy import Level
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.orders.model import Order
from archipel.orders.ports import Scheduled, WorklistKeys
from archipel.standards.dicom.attributes import INDEXED, UNIQUE_KEY
from archipel.standards.dicom.dictionary import vr_of

_STUDY, _SERIES = UNIQUE_KEY[Level.STUDY], UNIQUE_KEY[Level.SERIES]
_RANGES = frozenset({"DA", "TM", "DT"})
_CASELESS = frozenset({"PN"})


@dataclass(frozen=True, slots=True)
class Stored:
    """One instance as committed."""

    receipt: Receipt
    meta: bytes
    dataset: bytes
    place: JournalPlace

    @property
    def key(self) -> InstanceKey:
        """Where it sits in the hierarchy."""
        header = self.receipt.header
        sop_instance = self.receipt.sop_instance
        return InstanceKey(Uid(header[_STUDY]), Uid(header[_SERIES]), sop_instance)

    def held(self) -> Held:
        """Return it as the catalogue tells it."""
        receipt = self.receipt
        number, frames = receipt.header.get(0x00200013), receipt.header.get(0x00280008)
        return Held(
            tenant=receipt.tenant,
            key=self.key,
            sop_class=receipt.sop_class,
            transfer_syntax=receipt.transfer_syntax,
            size_bytes=len(self.dataset),
            digest=receipt.digest,
            number=int(number) if number and number.lstrip("+-").isdecimal() else None,
            frames=int(frames) if frames and frames.isdecimal() else 1,
            received_at=receipt.received_at,
            source=receipt.source,
            place=self.place,
        )


@dataclass(slots=True)
class MemoryArchive:
    """All that was committed; what came again with other bytes stands in `quarantined`."""

    instances: dict[tuple[TenantId, Uid], Stored] = field(default_factory=dict)
    quarantined: list[Stored] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    records: int = 0
    abandoned: int = 0

    def commit(self, receipt: Receipt, meta: bytes, dataset: bytes) -> JournalPlace:
        """Keep one record."""
        with self.lock:
            self.records += 1
            place = JournalPlace(1, self.records * 64)
            stored = Stored(receipt, meta, dataset, place)
            earlier = self.instances.setdefault((receipt.tenant, receipt.sop_instance), stored)
            if earlier.receipt.digest != receipt.digest:
                self.quarantined.append(stored)
            return place

    def visible(self, scope: Scope) -> list[Stored]:
        """Return what a scope sees, in a stable order."""
        with self.lock:
            seen = [s for (tenant, _), s in self.instances.items() if scope.sees(tenant)]
        return sorted(seen, key=lambda s: (s.key.study, s.key.series, s.held().number or 0, s.key))


class MemorySlot:
    """`archive.ports.Slot`."""

    def __init__(self, archive: MemoryArchive) -> None:
        self._archive = archive
        self._meta: bytes | None = None
        self._content = bytearray()

    def begin(self, meta: bytes) -> None:
        """Open a record."""
        if self._meta is not None:
            raise RuntimeError("a slot takes one record at a time")
        self._meta, self._content = meta, bytearray()

    def write(self, buffers: Sequence[Buffer]) -> None:
        """Append data set bytes."""
        for buffer in buffers:
            self._content += buffer

    def commit(self, receipt: Receipt) -> JournalPlace:
        """Close the record."""
        if self._meta is None:
            raise RuntimeError("no record is open in this slot")
        meta, self._meta = self._meta, None
        return self._archive.commit(receipt, meta, bytes(self._content))

    def keep(self, receipt: Receipt) -> JournalPlace:
        """Close the record."""
        return self.commit(receipt)

    def secure(self) -> None:
        """See the port: in memory nothing is ever safer."""

    def abandon(self) -> None:
        """Forget the record that is open."""
        if self._meta is not None:
            self._archive.abandoned += 1
        self._meta = None

    def close(self) -> None:
        """Give the slot back."""
        self._meta = None


class MemoryJournal:
    """`archive.ports.Journal`."""

    def __init__(self, archive: MemoryArchive) -> None:
        self.archive = archive

    def slot(self) -> MemorySlot:
        """Take a slot."""
        return MemorySlot(self.archive)

    def wait_indexed(self, place: JournalPlace, *, timeout_s: float) -> bool:
        """Tell whether the record is known: at once, here."""
        del timeout_s
        return place.offset <= self.archive.records * 64


class MemoryContents:
    """`archive.ports.Contents`, without frames: they need the grammar of pixels."""

    def __init__(self, archive: MemoryArchive) -> None:
        self.archive = archive

    def dataset(self, held: Held) -> bytes:
        """Return the data set as received."""
        return self._stored(held).dataset

    def pieces(self, held: Held) -> Iterator[bytes]:
        """Yield the data set."""
        yield self.dataset(held)

    def part10(self, held: Held) -> Iterator[bytes]:
        """Yield the instance as a file."""
        stored = self._stored(held)
        yield stored.meta
        yield stored.dataset

    def frame(self, held: Held, number: int) -> Frame:
        """Raise `NotFound`: there are no frames in memory."""
        raise NotFound(f"frame {number} of {held.key.sop_instance} is not kept in memory")

    def low_frame(self, held: Held, number: int) -> Frame:
        """Raise `NotFound`: nothing is sealed in memory."""
        raise NotFound(f"frame {number} of {held.key.sop_instance} is not sealed")

    def series_metadata(self, held: Sequence[Held]) -> bytes:
        """Raise `NotFound`: there is no metadata in memory."""
        raise NotFound(f"metadata of {len(held)} instances is not kept in memory")

    def _stored(self, held: Held) -> Stored:
        stored = self.archive.instances.get((held.tenant, held.key.sop_instance))
        if stored is None:
            raise NotFound(f"{held.key.sop_instance} is not held")
        return stored


class MemoryCatalogue:
    """`archive.ports.Catalogue`: matching as PS3.4 section C.2.2.2, by trying each instance."""

    def __init__(self, archive: MemoryArchive) -> None:
        self.archive = archive

    def find(self, level: Level, keys: Query, *, scope: Scope) -> Sequence[Match]:
        """Answer a query at one level."""
        groups: dict[tuple[TenantId, str], list[Stored]] = defaultdict(list)
        for stored in self.archive.visible(scope):
            unique = stored.receipt.header.get(UNIQUE_KEY[level], "")
            groups[stored.receipt.tenant, unique].append(stored)
        matches = []
        for (tenant, _), members in groups.items():
            attributes = _attributes(level, members)
            if all(_fits(tag, asked, attributes) for tag, asked in keys.matching.items()):
                matches.append(Match(tenant=tenant, attributes=attributes))
        end = None if keys.limit is None else keys.offset + keys.limit
        return matches[keys.offset : end]

    def answers(self, level: Level, keys: Query, *, scope: Scope) -> Iterator[Sequence[Match]]:
        """Answer in pages of ten."""
        found = self.find(level, replace(keys, limit=None, offset=0), scope=scope)
        for start in range(0, len(found), 10):
            yield found[start : start + 10]

    def instances(
        self,
        *,
        scope: Scope,
        study: Uid | None = None,
        series: Uid | None = None,
        sop_instance: Uid | None = None,
        patient_id: str | None = None,
    ) -> Sequence[Held]:
        """Return everything held below the named level."""
        return [
            stored.held()
            for stored in self.archive.visible(scope)
            if study in {None, stored.key.study}
            and series in {None, stored.key.series}
            and sop_instance in {None, stored.key.sop_instance}
            and patient_id in {None, stored.receipt.header.get(UNIQUE_KEY[Level.PATIENT], "")}
        ]

    def page(
        self, keys: Query, *, scope: Scope, after: str | None = None, limit: int = 50
    ) -> Page:
        """Return one page of studies; the cursor is a number of studies passed."""
        found = self.find(Level.STUDY, Query(matching=keys.matching), scope=scope)
        start = int(after or 0)
        entries = [self._entry(match, scope) for match in found[start : start + limit]]
        more = start + limit < len(found)
        return Page(entries=entries, after=str(start + limit) if more else None)

    def refused(self, study: Uid, *, tenant: TenantId) -> Collection[Uid]:
        """Refuse nothing: nothing is rejected here."""
        del study, tenant
        return ()

    def count(self, level: Level, keys: Query, *, scope: Scope, cap: int = 1000) -> int:
        """Count answers, up to `cap` + 1."""
        return min(len(self.find(level, Query(matching=keys.matching), scope=scope)), cap + 1)

    def _entry(self, match: Match, scope: Scope) -> StudyEntry:
        held = self.instances(scope=scope, study=Uid(match.attributes[_STUDY]))
        times = sorted(each.received_at for each in held)
        return StudyEntry(
            match=match,
            received_first=times[0],
            received_last=times[-1],
            completed_at=None,
            person=None,
            shared=False,
        )


@dataclass(slots=True)
class MemoryDevices:
    """`access.ports.Devices`."""

    organisations: Sequence[Organisation] = ()
    devices: Sequence[Device] = ()
    knocks: list[tuple[AETitle, AETitle, str]] = field(default_factory=list)

    def organisation_called(self, called: AETitle) -> Organisation | None:
        """Find who answers to this title."""
        return next((o for o in self.organisations if called in o.ae_titles), None)

    def device(self, calling: AETitle, *, tenant: TenantId) -> Device | None:
        """Find the registered peer of an organisation."""
        known = (d for d in self.devices if d.ae_title == calling and d.tenant == tenant)
        return next(known, None)

    def knocked(self, calling: AETitle, called: AETitle, *, host: str, now: datetime) -> None:
        """Remember a caller that was refused."""
        del now
        self.knocks.append((calling, called, host))


@dataclass(slots=True)
class MemoryAudit:
    """`access.ports.Audit`."""

    entries: list[AuditEntry] = field(default_factory=list)

    def record(self, entries: Sequence[AuditEntry]) -> None:
        """Keep the rows."""
        self.entries.extend(entries)


def _attributes(level: Level, members: Sequence[Stored]) -> Header:
    """Return the attributes of a level and those above, and what is computed from its members."""
    first = members[0].receipt.header
    attributes = {
        tag: text for tag, text in first.items() if tag in INDEXED and INDEXED[tag].level <= level
    }
    if level is Level.STUDY:
        headers = [member.receipt.header for member in members]
        modalities = sorted({header.get(0x00080060, "") for header in headers} - {""})
        attributes[0x00080061] = "\\".join(modalities)
        attributes[0x00201206] = str(len({header[_SERIES] for header in headers}))
        attributes[0x00201208] = str(len(members))
    if level is Level.SERIES:
        attributes[0x00201209] = str(len(members))
    return attributes


def _fits(tag: int, asked: str, attributes: Header) -> bool:
    if asked in {"", "*"}:
        return True
    values = attributes.get(tag, "").split("\\")
    vr = vr_of(tag)
    if vr in _RANGES:
        start, dash, end = asked.partition("-")
        return any(
            start <= v and (v <= (end or "99999999") if dash else v == start) for v in values
        )
    if vr in _CASELESS:
        asked, values = asked.casefold(), [value.casefold() for value in values]
    patterns = asked.split("\\")
    return any(fnmatch.fnmatchcase(value, p) for value in values for p in patterns)


@dataclass(slots=True)
class MemoryWorklist:
    """`orders.ports.Worklist` over a list of orders."""

    orders: list[Order] = field(default_factory=list)

    def steps(self, keys: WorklistKeys, *, scope: Scope) -> Sequence[Scheduled]:
        """List the open steps in scope, narrowed by date and modality."""
        first, last = keys.dates
        found = [
            Scheduled(order, step)
            for order in self.orders
            if scope.sees(order.tenant) and order.status.is_open
            for step in order.said.steps or ()
            if (not first or step.start.date >= first) and (not last or step.start.date <= last)
            if not keys.modality or step.modality == keys.modality
        ]
        found.sort(key=lambda one: (one.step.start.date, one.step.start.time))
        return found[: keys.limit]
