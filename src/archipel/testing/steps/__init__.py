"""A unified procedure step of a fictional patient, and what it must say to end."""

from archipel.standards.dicom.charset import UTF_8
from archipel.standards.dicom.dataset import DataSet


def _code(value: str, meaning: str) -> DataSet:
    return DataSet.from_texts({0x00080100: value, 0x00080102: "DCM", 0x00080104: meaning})


def scheduled(**texts: str) -> DataSet:
    """Make what creates a step: an interpretation to be done. `texts` by tag, as `t00741204`."""
    made = DataSet(outer=UTF_8)
    said = {
        0x00100010: "TEST-Léveillé^Aimée",
        0x00100020: "TEST-0007",
        0x00100030: "19610203",
        0x00100040: "F",
        0x00404005: "20261124230000",
        0x00404041: "READY",
        0x00741000: "SCHEDULED",
        0x00741200: "MEDIUM",
        0x00741202: "TEST list",
        0x00741204: "TEST interpretation",
    }
    said |= {int(name[1:], 16): text for name, text in texts.items()}
    for tag, text in said.items():
        made.set_text(tag, text)
    made.set_items(0x00404018, [_code("110005", "Interpretation")])
    return made


def _performed() -> DataSet:
    done = DataSet.from_texts({0x00404050: "20261124230500", 0x00404051: "20261124231000"})
    done.set_items(0x00404028, [_code("TEST1", "Test station")])
    done.set_items(0x00404019, [_code("110005", "Interpretation")])
    done.set_items(0x00404033, [])
    return done


def _given_up() -> DataSet:
    given_up = DataSet.from_texts({0x00404052: "20261124230700"})
    given_up.set_items(0x0074100E, [_code("110513", "Discontinued for unspecified reason")])
    return given_up


COMPLETED = {0x00741216: [_performed()]}
CANCELED = {0x00741002: [_given_up()]}
"""What an update says before the state changes, by sequence."""
