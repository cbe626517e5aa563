"""`archive.ports.Index` in memory: for tests of the domain, and the measure of the SQL one."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field

from archipel.access.model import AuditEntry
from archipel.archive.model import (
    Arrival,
    AttributeConflict,
    Quarantined,
    Reception,
    Series,
    SeriesKey,
    Study,
    StudyKey,
)
from archipel.archive.ports import Changes
from archipel.archive.quality.model import Note, standing
from archipel.identity.model import Appearance, PersonId, SourceKey, SourcePatient
from archipel.kernel.events import Event
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.testing.memory_identity import MemoryPersons


@dataclass(slots=True)
class Memory:
    """All that the index holds."""

    studies: dict[StudyKey, Study] = field(default_factory=dict)
    series: dict[SeriesKey, Series] = field(default_factory=dict)
    instances: dict[tuple[TenantId, Uid], Arrival] = field(default_factory=dict)
    conflicts: dict[tuple[StudyKey, int, str], AttributeConflict] = field(default_factory=dict)
    quarantined: list[Quarantined] = field(default_factory=list)
    receptions: dict[tuple[StudyKey, str], list[Reception]] = field(default_factory=dict)
    applied: dict[int, int] = field(default_factory=dict)
    live: Counter[int] = field(default_factory=Counter)
    events: list[Event] = field(default_factory=list)
    audit: list[AuditEntry] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    persons: MemoryPersons = field(default_factory=MemoryPersons)


class MemoryIndex:
    """One index; a transaction that raises leaves no trace."""

    def __init__(self) -> None:
        self.memory = Memory()

    def applied(self) -> Mapping[int, int]:
        """Give the applied offset of every segment."""
        return dict(self.memory.applied)

    @contextmanager
    def transaction(self) -> Iterator["MemoryIndexTransaction"]:
        """Begin a transaction."""
        before = deepcopy(self.memory)
        try:
            yield MemoryIndexTransaction(self.memory)
        except BaseException:
            self.memory = before
            raise


class MemoryIndexTransaction:
    """`archive.ports.IndexTransaction` over a `Memory`."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def seen(
        self,
        key: SourceKey,
        appearance: Appearance,
        *,
        study: str,
        fresh: PersonId,
        doubtful: Callable[[tuple[Appearance, ...]], bool],
    ) -> SourcePatient:
        """Note an appearance of a patient."""
        return self._memory.persons.seen(
            key, appearance, study=study, fresh=fresh, doubtful=doubtful
        )

    def applied(self, segments: Collection[int]) -> Mapping[int, int]:
        """Give applied offsets."""
        return {n: end for n, end in self._memory.applied.items() if n in segments}

    def studies(self, keys: Collection[StudyKey]) -> Mapping[StudyKey, Study]:
        """Give those that are known."""
        return {key: self._memory.studies[key] for key in keys if key in self._memory.studies}

    def series(self, keys: Collection[SeriesKey]) -> Mapping[SeriesKey, Series]:
        """Give those that are known."""
        return {key: self._memory.series[key] for key in keys if key in self._memory.series}

    def digests(
        self, instances: Collection[tuple[TenantId, Uid]]
    ) -> Mapping[tuple[TenantId, Uid], bytes]:
        """Give the digests of those held."""
        held = self._memory.instances
        return {pair: held[pair].receipt.digest for pair in instances if pair in held}

    def rejected(
        self, instances: Collection[tuple[TenantId, Uid]]
    ) -> Mapping[tuple[TenantId, Uid], Note]:
        """Give the notes that stand against those that are rejected."""
        found: dict[tuple[TenantId, Uid], Note] = {}
        for tenant, uid in instances:
            named = [
                note
                for note in self._memory.notes
                if note.tenant == tenant and uid in {one.sop_instance for one in note.instances}
            ]
            note = standing(named, received_at=None)
            if note is not None:
                found[tenant, uid] = note
        return found

    def heard(
        self, receptions: Collection[tuple[StudyKey, str]]
    ) -> Collection[tuple[StudyKey, str]]:
        """Give the pairs known already."""
        return self._memory.receptions.keys() & set(receptions)

    def incomplete(self) -> Sequence[Study]:
        """Give studies that are not complete."""
        found = [one for one in self._memory.studies.values() if one.completed_at is None]
        return sorted(found, key=lambda one: one.received_first)

    def write(self, changes: Changes) -> None:
        """Write one batch."""
        memory = self._memory
        memory.studies.update((one.key, one) for one in changes.studies)
        memory.series.update((one.key, one) for one in changes.series)
        for arrival in changes.instances:
            memory.instances[arrival.receipt.tenant, arrival.key.sop_instance] = arrival
        for conflict in changes.conflicts:
            memory.conflicts.setdefault((conflict.key, conflict.tag, conflict.offered), conflict)
        memory.quarantined.extend(changes.quarantined)
        for reception in changes.receptions:
            pair = (reception.key, reception.association)
            memory.receptions.setdefault(pair, []).append(reception)
        memory.notes.extend(changes.notes)
        memory.applied.update(changes.applied)
        memory.live.update(changes.live)
        memory.events.extend(changes.events)
        memory.audit.extend(changes.audit)
