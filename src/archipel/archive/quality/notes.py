"""From an instance that is a note to what it says: the title decides (PS3.16 CID 7010)."""

from collections.abc import Callable

from archipel.archive.model import Arrival, InstanceKey
from archipel.archive.quality.model import Note, Reason
from archipel.kernel.errors import Malformed
from archipel.kernel.uid import Uid
from archipel.standards.dicom.document import KEY_OBJECT_SELECTION, Code
from archipel.standards.dicom.key_object import Selection, read_key_object

MOST_BYTES = 16 << 20  # of a note's data set: more than any study of real life needs
TITLES: dict[Reason | None, Code] = {
    Reason.QUALITY: ("113001", "DCM", "Rejected for Quality Reasons"),
    Reason.SAFETY: ("113037", "DCM", "Rejected for Patient Safety Reasons"),
    Reason.WORKLIST: ("113038", "DCM", "Incorrect Modality Worklist Entry"),
    Reason.EXPIRED: ("113039", "DCM", "Data Retention Policy Expired"),
    # DICOM has no title to take a rejection back; this one dcm4chee-arc writes and understands.
    None: ("REVOKE_REJECTION", "99DCM4CHEE", "Restore rejected Instances"),
}
_REASONS = {(value, scheme): reason for reason, (value, scheme, _) in TITLES.items()}


def may_be_note(sop_class: Uid, size_bytes: int) -> bool:
    """Tell whether an instance is worth reading for what it rejects."""
    return sop_class == KEY_OBJECT_SELECTION and size_bytes <= MOST_BYTES


def note_of(arrival: Arrival, read: Callable[[], bytes]) -> Note | None:
    """Read what an instance rejects or takes back; None where it is no such note.

    It bears on its own study alone (IHE RAD TF-2 4.66.4.1.2). Raises `Unavailable`.
    """
    try:
        said = read_key_object(read(), arrival.receipt.transfer_syntax.value)
    except Malformed:
        return None
    title = said.title[:2]
    if title not in _REASONS:
        return None
    return _note(arrival, _REASONS[title], said)


def _note(arrival: Arrival, reason: Reason | None, said: Selection) -> Note:
    key = arrival.key
    named = {
        InstanceKey(one.study, one.series, one.sop_instance)
        for one in said.references
        if one.study == key.study and one.sop_class != KEY_OBJECT_SELECTION
    }
    notes = {
        one.sop_instance
        for one in said.references
        if one.study == key.study and one.sop_class == KEY_OBJECT_SELECTION
    }
    return Note(
        tenant=arrival.receipt.tenant,
        study=key.study,
        series=key.series,
        uid=key.sop_instance,
        reason=reason,
        instances=tuple(sorted(named)),
        undoes=frozenset(notes) if reason is None else frozenset(),
        why=said.text[:1024],
        by=(said.observer or arrival.receipt.source)[:128],
        at=arrival.receipt.received_at,
    )
