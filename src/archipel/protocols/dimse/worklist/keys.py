"""Keys of a worklist query, and whether an entry matches them (PS3.4 sections C.2.2.2, K.2)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from archipel.kernel.errors import Malformed
from archipel.orders.ports import WorklistKeys
from archipel.protocols.dimse.worklist.attributes import (
    ACCESSION,
    MODALITY,
    PATIENT_ID,
    START_DATE,
    START_TIME,
    STATION,
    STEPS,
    Entry,
)
from archipel.standards.dicom import dataset as datasets
from archipel.standards.dicom.dataset import DataSet
from archipel.standards.dicom.dictionary import vr_of
from archipel.standards.dicom.matching import (
    AnyOf,
    DateTimeRange,
    Matcher,
    Range,
    combined,
    matcher,
)

_NOT_KEYS = frozenset({0x00080005, 0x00080201, 0x00080052})
_PLAIN = re.compile(
    r"[^*?\\-]+(?:-[^*?\\-]*)?|-[^*?\\-]+"
)  # of a date or time: one value or range
_BINARY = frozenset({"OB", "OW", "UN", "SQ", "US", "SS", "UL", "SL", "FL", "FD", "AT"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A query: the data set of its keys, and what they match."""

    keys: DataSet
    whole: Mapping[int, Matcher]
    step: Mapping[int, Matcher]
    moment: DateTimeRange | None  # date and time as one range

    def matches(self, entry: Entry) -> bool:
        """Tell whether an entry is asked for."""
        if self.moment is not None and not self.moment.holds(
            entry.step.get(START_DATE, ""), entry.step.get(START_TIME, "")
        ):
            return False
        return all(
            one.matches(entry.whole.get(tag, "")) for tag, one in self.whole.items()
        ) and all(
            (tag == STATION and entry.anywhere) or one.matches(entry.step.get(tag, ""))
            for tag, one in self.step.items()
        )

    @property
    def steps(self) -> DataSet:
        """Return the item of keys of the step; empty where there is none."""
        return next(iter(self.keys.items(STEPS)), DataSet())

    def narrowed(self, *, limit: int) -> WorklistKeys:
        """Return what a store can look for."""
        return WorklistKeys(
            dates=_dates(self.step.get(START_DATE)),
            modality=_single(self.step.get(MODALITY)),
            accession=_single(self.whole.get(ACCESSION)),
            patient=_single(self.whole.get(PATIENT_ID)),
            limit=limit,
        )


def read(raw: bytes, transfer_syntax: str) -> Asked:
    """Read an identifier. Raises `Malformed`."""
    keys = datasets.read(raw, transfer_syntax)
    items = keys.items(STEPS)
    if len(items) > 1:
        raise Malformed("(0040,0100) holds one item of keys at most (PS3.4 C.2.2.2.6)")
    step = items[0] if items else DataSet()
    date, time = step.text(START_DATE), step.text(START_TIME)
    moment = None
    if all(text.strip("* ") and _PLAIN.fullmatch(text.strip()) for text in (date, time)):
        moment = combined(date, time)
    left_out = {START_DATE, START_TIME} if moment is not None else set()
    matchers = _matchers(step)
    if moment is not None:
        matcher(time, "TM")  # or it is malformed
    return Asked(
        keys=keys,
        whole=_matchers(keys),
        step={
            tag: one for tag, one in matchers.items() if tag not in left_out or tag == START_DATE
        },
        moment=moment,
    )


def _matchers(keys: DataSet) -> dict[int, Matcher]:
    found = {}
    for tag, element in keys.elements.items():
        vr = element.vr if element.vr != "UN" else vr_of(tag)
        if tag in _NOT_KEYS or vr in _BINARY or isinstance(element.value, list):
            continue
        text = keys.text(tag)
        if text:
            found[tag] = matcher(text, vr)
    return found


def _dates(found: Matcher | None) -> tuple[str, str]:
    if found is None:
        return "", ""
    if isinstance(found.criterion, Range):
        return found.criterion.low, found.criterion.high
    if isinstance(found.criterion, AnyOf) and found.criterion.values:
        return min(found.criterion.values), max(found.criterion.values)
    return "", ""


def _single(found: Matcher | None) -> str:
    if (
        found is not None
        and isinstance(found.criterion, AnyOf)
        and len(found.criterion.values) == 1
    ):
        return found.criterion.values[0]
    return ""
