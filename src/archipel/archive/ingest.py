"""The one way in: records of the journal become instances of the index, batch by batch.

Live arrivals and recovery pass here alike, so what a batch decides depends only on the batch and
on the index: the same bytes again are a duplicate, other bytes under a known SOP Instance UID go
to quarantine, and records decided upon before are passed over.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from archipel.archive.arrival import arrival_of
from archipel.archive.drafts import SeriesDraft, StudyDraft, traits_of
from archipel.archive.errors import IndexWentBack, MisplacedInstance
from archipel.archive.events import (
    DifferentBytesRefused,
    ExpiredSentAgain,
    InstancesRejected,
    InstancesRestored,
    InstancesStored,
    SeriesReceived,
)
from archipel.archive.model import (
    Arrival,
    Batch,
    JournalPlace,
    Quarantined,
    QuarantineReason,
    Recorded,
    Series,
    SeriesKey,
    Study,
    StudyKey,
)
from archipel.archive.ports import Changes, IndexTransaction
from archipel.archive.quality.model import RULES, Again, Note
from archipel.archive.quality.notes import may_be_note, note_of
from archipel.archive.receptions import Receptions, refused, rejecting
from archipel.identity.resolve import Sighting, resolve
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of the records of one ingest."""

    stored: int
    duplicates: int
    quarantined: int
    passed_over: int  # decided upon before


def ingest(batches: Sequence[Batch], *, index: IndexTransaction, now: datetime) -> Outcome:
    """Decide upon every record of `batches` and write what follows, in the caller's transaction.

    Raises `Unavailable` when the index does not answer, `IndexWentBack` when it does not remember
    what came before these; then nothing was decided.
    """
    ends = dict(index.applied({batch.segment for batch in batches}))
    fresh: list[Recorded] = []
    for batch in batches:
        decided = ends.get(batch.segment, 0)
        if decided < batch.start:
            raise IndexWentBack(
                f"the index knows segment {batch.segment:016x} up to {decided}, not {batch.start}"
            )
        fresh.extend(record for record in batch.records if record.place.offset >= decided)
        ends[batch.segment] = max(batch.end, decided)
    decision = _Decision(index, now)
    decision.take_in(fresh)
    changes = decision.conclude()
    changes.applied.update(ends)
    index.write(changes)
    return Outcome(
        stored=len(changes.instances),
        duplicates=decision.duplicates,
        quarantined=len(changes.quarantined),
        passed_over=sum(len(batch.records) for batch in batches) - len(fresh),
    )


def set_aside(batch: Batch, *, index: IndexTransaction, now: datetime) -> None:
    """Put every record of `batch` in quarantine undecided, because indexing it failed."""
    changes = Changes()
    for record in batch.records:
        changes.quarantined.append(
            _unplaceable(record, "it could not be indexed: the node's log says why")
        )
    changes.audit.extend(refused(q, now=now) for q in changes.quarantined)
    changes.live[batch.segment] = len(changes.quarantined)
    changes.applied[batch.segment] = batch.end
    index.write(changes)


class _Decision:
    """What one ingest decides, record by record, until it is concluded."""

    def __init__(self, index: IndexTransaction, now: datetime) -> None:
        self.duplicates = 0
        self._index, self._now = index, now
        self._changes = Changes()
        self._receptions = Receptions()
        self._held: dict[tuple[TenantId, Uid], bytes] = {}
        self._known_studies: Mapping[StudyKey, Study] = {}
        self._known_series: Mapping[SeriesKey, Series] = {}
        self._studies: dict[StudyKey, StudyDraft] = {}
        self._series: dict[SeriesKey, SeriesDraft] = {}
        self._again: list[Arrival] = []  # the same bytes once more
        self._readers: dict[JournalPlace, Callable[[], bytes]] = {}

    def take_in(self, records: Iterable[Recorded]) -> None:
        """Decide upon records in the order they came."""
        arrivals = [placed for record in records if (placed := self._placed(record))]
        self._held.update(self._index.digests({_instance(a) for a in arrivals}))
        self._known_studies = self._index.studies({_study(a) for a in arrivals})
        self._known_series = self._index.series({_series(a) for a in arrivals})
        for arrival in arrivals:
            held = self._held.get(_instance(arrival))
            if held is None:
                self._held[_instance(arrival)] = arrival.receipt.digest
                self._accept(arrival)
            elif held == arrival.receipt.digest:
                self.duplicates += 1
                self._again.append(arrival)
                self._receptions.duplicate(_study(arrival), arrival.receipt)
            else:
                self._refuse(arrival)

    def conclude(self) -> Changes:
        """Turn what was decided into rows, facts and audit."""
        changes = self._changes
        for series in self._series.values():
            changes.series.append(series.series())
            if series.opens:
                key = series.key
                changes.events.append(
                    SeriesReceived(
                        tenant=key.tenant, at=self._now, study=key.study, series=key.series
                    )
                )
        for study in self._studies.values():
            self._conclude_study(study)
        for note in changes.notes:
            kind = InstancesRestored if note.reason is None else InstancesRejected
            told = kind(tenant=note.tenant, at=self._now, study=note.study, note=note.uid)
            changes.events.append(told)
            changes.audit.append(rejecting(note, now=self._now))
        self._conclude_again()
        changes.receptions.extend(self._receptions.rows())
        heard = self._index.heard(self._receptions.pairs())
        changes.audit.extend(self._receptions.audit(heard, now=self._now))
        changes.audit.extend(refused(q, now=self._now) for q in changes.quarantined)
        live = Counter(arrival.place.segment for arrival in changes.instances)
        live.update(quarantined.place.segment for quarantined in changes.quarantined)
        changes.live.update(live)
        return changes

    def _conclude_again(self) -> None:
        """Tell of what retention had given up and somebody wants kept after all."""
        wanted: dict[StudyKey, set[Uid]] = defaultdict(set)
        rejected = self._index.rejected({_instance(a) for a in self._again}) if self._again else {}
        for arrival in self._again:
            note = rejected.get(_instance(arrival))
            if note is None or note.reason is None or arrival.receipt.received_at <= note.at:
                continue
            if RULES[note.reason].again is Again.RESTORED:
                wanted[_study(arrival)].add(arrival.key.sop_instance)
        for key, instances in wanted.items():
            told = ExpiredSentAgain(
                tenant=key.tenant,
                at=self._now,
                study=key.study,
                instances=tuple(sorted(instances)),
            )
            self._changes.events.append(told)

    def _conclude_study(self, draft: StudyDraft) -> None:
        study = draft.study(person=self._person_of(draft), now=self._now)
        self._changes.studies.append(study)
        self._changes.conflicts.extend(draft.conflicts.values())
        told = draft.known.announced if draft.known else 0
        if study.announced > told:
            self._changes.events.append(
                InstancesStored(
                    tenant=study.key.tenant,
                    at=self._now,
                    study=study.key.study,
                    instances=study.announced - told,
                )
            )

    def _person_of(self, draft: StudyDraft) -> str | None:
        """Resolve the patient of a study that is new, or of whom more is said than before."""
        known = draft.known
        if known is not None and known.person and draft.traits == traits_of(known.attributes):
            return known.person
        patient = known.patient if known is not None else draft.first.patient
        sighting = Sighting(
            tenant=draft.key.tenant,
            study=draft.key.study,
            identifier=patient,
            traits=draft.traits,
        )
        return resolve(sighting, persons=self._index, now=self._now)

    def _placed(self, record: Recorded) -> Arrival | None:
        if record.read is not None:
            self._readers[record.place] = record.read
        try:
            return arrival_of(record)
        except MisplacedInstance as why:
            self._changes.quarantined.append(_unplaceable(record, str(why)))
            return None

    def _accept(self, arrival: Arrival) -> None:
        study_key, series_key = _study(arrival), _series(arrival)
        study = self._studies.get(study_key)
        if study is None:
            study = StudyDraft(study_key, self._known_studies.get(study_key), arrival)
            self._studies[study_key] = study
        series = self._series.get(series_key)
        if series is None:
            series = SeriesDraft(series_key, self._known_series.get(series_key), arrival)
            self._series[series_key] = series
            study.new_series += series.known is None
        note = self._note_of(arrival)
        if note is not None:
            self._changes.notes.append(note)
        study.add(arrival, describes=note is None)
        series.add(arrival)
        self._changes.instances.append(arrival)
        self._receptions.stored(study_key, arrival.receipt)

    def _note_of(self, arrival: Arrival) -> Note | None:
        read = self._readers.get(arrival.place)
        if read is None or not may_be_note(arrival.receipt.sop_class, arrival.size_bytes):
            return None
        return note_of(arrival, read)

    def _refuse(self, arrival: Arrival) -> None:
        key, receipt = arrival.key, arrival.receipt
        self._changes.quarantined.append(
            Quarantined(
                reason=QuarantineReason.OTHER_BYTES,
                receipt=receipt,
                study=key.study,
                size_bytes=arrival.size_bytes,
                place=arrival.place,
                detail="the SOP Instance UID is held with other bytes: ask the sender which hold",
            )
        )
        self._changes.events.append(
            DifferentBytesRefused(
                tenant=receipt.tenant,
                at=self._now,
                study=key.study,
                sop_instance=key.sop_instance,
            )
        )
        if _study(arrival) in self._studies or _study(arrival) in self._known_studies:
            self._receptions.quarantined(_study(arrival), receipt)


def _unplaceable(record: Recorded, why: str) -> Quarantined:
    return Quarantined(
        reason=QuarantineReason.UNPLACEABLE,
        receipt=record.receipt,
        study=None,
        size_bytes=record.size_bytes,
        place=record.place,
        detail=why,
    )


def _instance(arrival: Arrival) -> tuple[TenantId, Uid]:
    return arrival.receipt.tenant, arrival.key.sop_instance


def _series(arrival: Arrival) -> SeriesKey:
    return SeriesKey(arrival.receipt.tenant, arrival.key.study, arrival.key.series)


def _study(arrival: Arrival) -> StudyKey:
    return StudyKey(arrival.receipt.tenant, arrival.key.study)
