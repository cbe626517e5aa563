"""What became of each instance of a STOW-RS request (PS3.18 section 10.5.3 and annex I.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from archipel.archive.errors import MisplacedInstance
from archipel.kernel.errors import (
    ArchipelError,
    Conflict,
    Exhausted,
    Malformed,
    NotFound,
    Refused,
    Unavailable,
)
from archipel.kernel.uid import Uid


class Reason(IntEnum):
    """Failure reason (0008,1197): PS3.18 table I.2-2, PS3.7 annex C."""

    PROCESSING_FAILURE = 0x0110
    DUPLICATE_SOP_INSTANCE = 0x0111
    NOT_AUTHORISED = 0x0124
    OUT_OF_RESOURCES = 0xA700
    MISMATCH = 0xA900
    CANNOT_UNDERSTAND = 0xC000
    TRANSFER_SYNTAX_NOT_SUPPORTED = 0xC122


class UnfitTransferSyntax(Malformed):
    """Bulk data in a transfer syntax that it cannot be in, or that nobody knows."""


REASON: dict[type[ArchipelError], Reason] = {
    MisplacedInstance: Reason.MISMATCH,
    UnfitTransferSyntax: Reason.TRANSFER_SYNTAX_NOT_SUPPORTED,
    Malformed: Reason.CANNOT_UNDERSTAND,
    Refused: Reason.NOT_AUTHORISED,
    NotFound: Reason.PROCESSING_FAILURE,
    Conflict: Reason.DUPLICATE_SOP_INSTANCE,
    Exhausted: Reason.OUT_OF_RESOURCES,
    Unavailable: Reason.OUT_OF_RESOURCES,
}


def reason_of(error: ArchipelError) -> Reason:
    """Give the failure reason of a failure: that of its nearest kind."""
    return next(
        (REASON[kind] for kind in type(error).__mro__ if kind in REASON), Reason.PROCESSING_FAILURE
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One part: which instance it was, where it went, or why not."""

    sop_class: Uid | None
    sop_instance: Uid | None
    study: Uid | None = None
    series: Uid | None = None
    failure: Reason | None = None


def status_of(outcomes: Sequence[Outcome], *, indexed: bool) -> int:
    """200 all stored and found, 202 some stored or not found yet, 400 or 409 none stored."""
    failed = [one.failure for one in outcomes if one.failure is not None]
    if not failed:
        return 200 if indexed else 202
    if len(failed) < len(outcomes):
        return 202
    if Reason.OUT_OF_RESOURCES in failed:
        return 503
    unread = {Reason.CANNOT_UNDERSTAND, Reason.TRANSFER_SYNTAX_NOT_SUPPORTED}
    return 400 if set(failed) <= unread else 409


def response_dataset(outcomes: Sequence[Outcome], base_url: str) -> Mapping[str, Any]:
    """Write the response data set (PS3.18 table 10.5.3-1) in the DICOM JSON model."""
    answer: dict[str, Any] = {}
    studies = {one.study for one in outcomes if one.failure is None and one.study is not None}
    if len(studies) == 1:
        url = f"{base_url}/studies/{next(iter(studies))}"
        answer["00081190"] = {"vr": "UR", "Value": [url]}
    else:
        answer["00081190"] = {"vr": "UR"}
    stored = [_stored(one, base_url) for one in outcomes if one.failure is None]
    failed = [_failed(one) for one in outcomes if one.failure is not None and one.sop_instance]
    others = [_failed(one) for one in outcomes if one.failure is not None and not one.sop_instance]
    for tag, items in (("00081198", failed), ("00081199", stored), ("0008119A", others)):
        if items:
            answer[tag] = {"vr": "SQ", "Value": items}
    return answer


def _reference(one: Outcome) -> dict[str, Any]:
    item: dict[str, Any] = {}
    if one.sop_class is not None:
        item["00081150"] = {"vr": "UI", "Value": [one.sop_class.value]}
    if one.sop_instance is not None:
        item["00081155"] = {"vr": "UI", "Value": [one.sop_instance.value]}
    return item


def _stored(one: Outcome, base_url: str) -> dict[str, Any]:
    url = f"{base_url}/studies/{one.study}/series/{one.series}/instances/{one.sop_instance}"
    return {**_reference(one), "00081190": {"vr": "UR", "Value": [url]}}


def _failed(one: Outcome) -> dict[str, Any]:
    assert one.failure is not None  # noqa: S101  (chosen by the caller)
    return {**_reference(one), "00081197": {"vr": "US", "Value": [int(one.failure)]}}
