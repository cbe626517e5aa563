"""From a record of the journal to an arrival: where it belongs, whose it is (PS3.3 C.7.1, C.7.2).

The data set's own issuers qualify its patient identifier and accession number, where it names
them; else the issuer of the organisation that was called does.
"""

from archipel.archive.errors import MisplacedInstance
from archipel.archive.model import Arrival, Header, InstanceKey, Receipt, Recorded
from archipel.kernel.errors import Malformed
from archipel.kernel.identifiers import AccessionNumber, Issuer, PatientIdentifier
from archipel.kernel.uid import Uid

SOP_INSTANCE_UID = 0x00080018
ACCESSION_NUMBER = 0x00080050
PATIENT_ID = 0x00100020
ISSUER_OF_PATIENT_ID = 0x00100021
STUDY_INSTANCE_UID = 0x0020000D
SERIES_INSTANCE_UID = 0x0020000E
INSTANCE_NUMBER = 0x00200013
NUMBER_OF_FRAMES = 0x00280008
ROWS = 0x00280010
LOCAL_NAMESPACE_ENTITY_ID = 0x00400031  # both within (0008,0051)
UNIVERSAL_ENTITY_ID = 0x00400032

_LARGEST = 2**31 - 1  # PS3.5 section 6.2: an integer string fits 32 bits


def arrival_of(record: Recorded) -> Arrival:
    """Say where a record belongs. Raises `MisplacedInstance`."""
    receipt = record.receipt
    key = key_of(receipt.header)
    if key.sop_instance != receipt.sop_instance:
        raise MisplacedInstance(
            f"the data set is SOP instance {key.sop_instance} but was sent as "
            f"{receipt.sop_instance}: correct it at {receipt.source}"
        )
    return Arrival(
        receipt=receipt,
        key=key,
        patient=patient_of(receipt),
        accession=accession_of(receipt),
        size_bytes=record.size_bytes,
        place=record.place,
    )


def key_of(header: Header) -> InstanceKey:
    """Read the three UIDs of an instance. Raises `MisplacedInstance`."""
    return InstanceKey(
        _uid(header, STUDY_INSTANCE_UID, "Study Instance UID"),
        _uid(header, SERIES_INSTANCE_UID, "Series Instance UID"),
        _uid(header, SOP_INSTANCE_UID, "SOP Instance UID"),
    )


def patient_of(receipt: Receipt) -> PatientIdentifier:
    """Read the patient identifier; its value is empty when the data set has none."""
    issuer = receipt.header.get(ISSUER_OF_PATIENT_ID) or receipt.patient_issuer
    return PatientIdentifier(receipt.header.get(PATIENT_ID, ""), Issuer(issuer))


def accession_of(receipt: Receipt) -> AccessionNumber | None:
    """Read the accession number, None where there is none."""
    header = receipt.header
    value = header.get(ACCESSION_NUMBER)
    if not value:
        return None
    own = header.get(UNIVERSAL_ENTITY_ID) or header.get(LOCAL_NAMESPACE_ENTITY_ID)
    return AccessionNumber(value, Issuer(own or receipt.patient_issuer))


def number_of(header: Header, tag: int = INSTANCE_NUMBER) -> int | None:
    """Read an integer string, None where it is absent or not a number."""
    text = header.get(tag, "").split("\\", 1)[0].strip()
    digits = text[1:] if text[:1] in ("-", "+") else text
    if not (digits.isascii() and digits.isdigit()) or len(digits) > len(str(_LARGEST)):
        return None
    return int(text)


def frames_of(header: Header) -> int:
    """Count the frames: 1 where the count is absent, 0 where there are no pixels."""
    if not header.get(ROWS):
        return 0
    frames = number_of(header, NUMBER_OF_FRAMES)
    return frames if frames is not None and 0 < frames <= _LARGEST else 1


def _uid(header: Header, tag: int, name: str) -> Uid:
    text = header.get(tag)
    if not text:
        raise MisplacedInstance(f"the data set has no {name}")
    try:
        return Uid.parse(text)
    except Malformed as wrong:
        raise MisplacedInstance(f"{name}: {wrong}") from None
