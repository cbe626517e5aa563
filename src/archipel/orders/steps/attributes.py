"""What a workitem's data set must hold, may hold and may not (PS3.4 table CC.2.5-3)."""

from archipel.orders.steps.errors import Unfit
from archipel.orders.steps.model import State
from archipel.standards.dicom.dataset import DataSet, Element
from archipel.standards.dicom.dictionary import vr_of

CHARACTER_SET, SOP_CLASS, SOP_INSTANCE, TRANSACTION = (
    0x00080005,
    0x00080016,
    0x00080018,
    0x00081195,
)
STATE, PROGRESS, PERFORMED = 0x00741000, 0x00741002, 0x00741216
PRIORITY, LABEL, WORKLIST_LABEL = 0x00741200, 0x00741204, 0x00741202
READINESS, START, MODIFIED = 0x00404041, 0x00404005, 0x00404010
STATION, PERFORMERS = 0x00404025, 0x00404034
CANCELLED_AT, REASON, REASON_CODE = 0x00404052, 0x00741238, 0x0074100E
PATIENT_ID = 0x00100020

_FIRST = (STATE, PRIORITY, LABEL, READINESS, START)
_SECOND = (  # may be empty, and are there
    *(0x00741210, STATION, 0x00404026, 0x00404027, 0x00404018, 0x00400400, 0x00404021),
    *(0x00100010, PATIENT_ID, 0x00101002, 0x00100030, 0x00100040, 0x00380010, 0x00380014),
    *(0x00081080, 0x00081084, 0x0040A370, PROGRESS, PERFORMED),
)
_NOT_EMPTIED = {
    *(PRIORITY, LABEL, WORKLIST_LABEL, READINESS, START, 0x00404011, 0x00404018, 0x00400400),
}
_NOT_SET = {  # by an update
    *(SOP_CLASS, SOP_INSTANCE, STATE, MODIFIED),
    *(0x00100010, PATIENT_ID, 0x00100030, 0x00100040, 0x00380010, 0x00380014),
    *(0x00081080, 0x00081084, 0x0040A370, 0x00741224),
}
_ENUMERATED = {
    PRIORITY: {"HIGH", "MEDIUM", "LOW"},
    READINESS: {"INCOMPLETE", "UNAVAILABLE", "READY"},
}
_AT_THE_END = (SOP_CLASS, SOP_INSTANCE, PRIORITY, MODIFIED, START, READINESS, STATE)  # code R
_DONE = (0x00404028, 0x00404050, 0x00404019, 0x00404051)  # code P, in each item of PERFORMED
_OUTPUT = 0x00404033  # code P; a step that made nothing says so by no item
_CANCELLED = (CANCELLED_AT, REASON_CODE)  # code X, in PROGRESS


def named(tag: int) -> str:
    """Write a tag as people do."""
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def has_value(content: DataSet, tag: int) -> bool:
    """Tell whether an attribute is there with a value."""
    element = content.elements.get(tag)
    return element is not None and bool(element.value)


def check_new(content: DataSet) -> None:
    """Hold a new workitem against the N-CREATE column. Raises `Unfit`."""
    missing = [tag for tag in _FIRST if not has_value(content, tag)]
    if missing:
        raise Unfit(f"a new workitem lacks {', '.join(map(named, missing))}")
    if has_value(content, TRANSACTION):
        raise Unfit("a new workitem has no Transaction UID (0008,1195)")
    for tag in (PROGRESS, PERFORMED):
        if has_value(content, tag):
            raise Unfit(f"{named(tag)} of a new workitem is empty")
    _check_values(content)


def check_update(changes: DataSet) -> None:
    """Hold changes against the N-SET column. Raises `Unfit`."""
    if forbidden := sorted(_NOT_SET & changes.elements.keys()):
        raise Unfit(f"these are not for an update: {', '.join(map(named, forbidden))}")
    emptied = [
        t for t in sorted(_NOT_EMPTIED & changes.elements.keys()) if not changes.elements[t].value
    ]
    if emptied:
        raise Unfit(f"an update does not empty {', '.join(map(named, emptied))}")
    _check_values(changes)


def _check_values(content: DataSet) -> None:
    for tag, allowed in _ENUMERATED.items():
        if has_value(content, tag) and content.text(tag) not in allowed:
            raise Unfit(f"{named(tag)} is one of {', '.join(sorted(allowed))}")


def fill(content: DataSet) -> bool:
    """Add what a manager adds; tell whether a value was, of which the sender should know."""
    for tag in _SECOND:
        if tag not in content:
            vr = vr_of(tag)
            content.elements[tag] = Element(vr, [] if vr == "SQ" else b"")
    if has_value(content, WORKLIST_LABEL):
        return False
    content.set_text(WORKLIST_LABEL, "DEFAULT")
    return True


def lacking(content: DataSet, state: State) -> list[str]:
    """Name what a workitem lacks to end in `state` (PS3.4 CC.2.5.1.1)."""
    lacks = [named(tag) for tag in _AT_THE_END if not has_value(content, tag)]
    if state is State.COMPLETED:
        performed = content.items(PERFORMED)
        lacks += [] if performed else [named(PERFORMED)]
        for item in performed:
            lacks += [named(tag) for tag in _DONE if not has_value(item, tag)]
            lacks += [] if _OUTPUT in item else [named(_OUTPUT)]
    else:
        progress = content.items(PROGRESS)
        lacks += [] if progress else [named(PROGRESS)]
        for item in progress[:1]:
            lacks += [named(tag) for tag in _CANCELLED if not has_value(item, tag)]
    return lacks
