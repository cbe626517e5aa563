"""Studies and series while one batch is added to them.

The first value that came for an attribute stays. A later instance may fill what was absent or
empty; what it says otherwise at patient or study level is noted as a conflict, once per value.
"""

from datetime import UTC, datetime, timedelta

from archipel.archive.model import (
    Arrival,
    AttributeConflict,
    Header,
    Series,
    SeriesKey,
    Study,
    StudyKey,
)
from archipel.identity.model import Traits
from archipel.kernel.hierarchy import Level
from archipel.kernel.uid import Uid
from archipel.standards.dicom.attributes import INDEXED
from archipel.standards.dicom.matching import normalise, normalise_time

MODALITY = 0x00080060
ANNOUNCE_EVERY = timedelta(seconds=1)
"""A study that is arriving is told of at most this often, not with every batch."""

_TRAITS = (0x00100010, 0x00100030, 0x00100040)  # name, birth date, sex
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_STUDY_TAGS = frozenset(t for t, known in INDEXED.items() if known.level <= Level.STUDY)
_SERIES_TAGS = frozenset(t for t, known in INDEXED.items() if known.level is Level.SERIES)
_UPPER_TAGS = _STUDY_TAGS | _SERIES_TAGS


def image_attributes(header: Header) -> dict[int, str]:
    """Take what is said of the instance itself, not of its series or study."""
    return {tag: value for tag, value in header.items() if tag not in _UPPER_TAGS}


def traits_of(attributes: Header) -> Traits:
    """Take what identity compares of a patient."""
    return Traits(*(attributes.get(tag, "") for tag in _TRAITS))


def _plain(tag: int, value: str) -> str:
    """Write a value without what says nothing (PS3.5 section 6.2), its letters kept as sent."""
    vr = INDEXED[tag].vr
    if vr == "PN":
        return value.rstrip("^ ")
    if vr == "TM":
        whole, _, fraction = normalise_time(value).partition(".")
        return f"{whole}.{fraction.rstrip('0')}"
    return normalise(vr, value)


class StudyDraft:
    """One study, known or new, and the instances that a batch brings."""

    def __init__(self, key: StudyKey, known: Study | None, first: Arrival) -> None:
        self.key, self.known, self.first = key, known, first
        self.conflicts: dict[tuple[int, str], AttributeConflict] = {}
        self.new_series = 0
        self._added = 0
        self._attributes: dict[int, str] = dict(known.attributes) if known else {}
        self._accession = known.accession if known else None
        self._modalities: set[str] = set(known.modalities) if known else set()
        received_at = first.receipt.received_at
        self._received_first = known.received_first if known else received_at
        self._received_last = known.received_last if known else received_at

    @property
    def traits(self) -> Traits:
        """What is said of the patient by now."""
        return traits_of(self._attributes)

    def add(self, arrival: Arrival, *, describes: bool = True) -> None:
        """Count one accepted instance in; a note of rejection does not describe the study."""
        receipt = arrival.receipt
        self._added += 1
        self._received_first = min(self._received_first, receipt.received_at)
        self._received_last = max(self._received_last, receipt.received_at)
        if not describes:
            return
        if modality := receipt.header.get(MODALITY):
            self._modalities.add(modality)
        if self._accession is None:
            self._accession = arrival.accession
        held = self._attributes
        for tag, offered in receipt.header.items():
            if tag not in _STUDY_TAGS:
                continue
            value = held.get(tag)
            if not value:
                held[tag] = offered
            elif offered and value != offered and (tag, offered) not in self.conflicts:
                self._differ(arrival, tag, value, offered)

    def study(self, *, person: str | None, now: datetime) -> Study:
        """Give the study as it is now; `announced` tells whether a fact is due."""
        known = self.known
        instances = (known.instances if known else 0) + self._added
        announced_at = known.announced_at if known else _NEVER
        due = now - announced_at >= ANNOUNCE_EVERY
        return Study(
            key=self.key,
            patient=known.patient if known else self.first.patient,
            person=person,
            accession=self._accession,
            attributes=self._attributes,
            modalities=frozenset(self._modalities),
            series=(known.series if known else 0) + self.new_series,
            instances=instances,
            announced=instances if due else known.announced if known else 0,
            announced_at=now if due else announced_at,
            received_first=self._received_first,
            received_last=self._received_last,
            completed_at=None,
        )

    def _differ(self, arrival: Arrival, tag: int, held: str, offered: str) -> None:
        if _plain(tag, held) == _plain(tag, offered):
            return
        self.conflicts[tag, offered] = AttributeConflict(
            key=self.key,
            tag=tag,
            held=held,
            offered=offered,
            source=arrival.receipt.source,
            at=arrival.receipt.received_at,
        )


class SeriesDraft:
    """One series, known or new, and the instances that a batch brings."""

    def __init__(self, key: SeriesKey, known: Series | None, first: Arrival) -> None:
        self.key, self.known = key, known
        self._added = 0
        self._attributes: dict[int, str] = dict(known.attributes) if known else {}
        self._sop_classes: set[Uid] = set(known.sop_classes) if known else set()
        received_at = first.receipt.received_at
        self._received_first = known.received_first if known else received_at
        self._received_last = known.received_last if known else received_at

    @property
    def opens(self) -> bool:
        """Tell whether a seal is due: a first instance, or one more in a sealed series."""
        return self.known is None or self.known.sealed

    def add(self, arrival: Arrival) -> None:
        """Count one accepted instance in."""
        receipt = arrival.receipt
        self._added += 1
        self._received_first = min(self._received_first, receipt.received_at)
        self._received_last = max(self._received_last, receipt.received_at)
        self._sop_classes.add(receipt.sop_class)
        held = self._attributes
        for tag, offered in receipt.header.items():
            if tag in _SERIES_TAGS and not held.get(tag):
                held[tag] = offered

    def series(self) -> Series:
        """Give the series as it is now."""
        known = self.known
        return Series(
            key=self.key,
            attributes=self._attributes,
            sop_classes=frozenset(self._sop_classes),
            instances=(known.instances if known else 0) + self._added,
            generation=(known.generation if known else 0) + 1,
            sealed=False,
            received_first=self._received_first,
            received_last=self._received_last,
        )
