"""Values that say nothing, in the form each VR asks for (PS3.5 section 6.2)."""

from archipel.standards.dicom.dataset import DataSet, Element
from archipel.standards.dicom.vr import BINARY_VRS, NUMBERS, WORD_BYTES

WORD = "REMOVED"
TEXT = "Removed"
_FORMS = {
    "AE": WORD,
    "CS": WORD,
    "AS": "000Y",
    "DA": "19000101",
    "DT": "19000101000000",
    "TM": "000000",
    "DS": "0",
    "IS": "0",
    "UR": "urn:removed",
    "AT": "00000000",
}


def dummy_of(vr: str) -> Element:
    """Make a value of `vr`, not a sequence and not a UID, that is not empty and says nothing."""
    if vr in BINARY_VRS:
        return Element(vr, bytes(WORD_BYTES.get(vr, 2)))
    if vr in NUMBERS:
        return Element(vr, bytes(WORD_BYTES[vr]))
    made = DataSet()
    made.set_text(0, _FORMS.get(vr, TEXT), vr=vr)
    return made.elements[0]
