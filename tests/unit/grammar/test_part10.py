"""DICOM files: written, split, and taken even without a preamble."""

import io

import pydicom
import pytest
from tests.unit.grammar.encoded import BIG, EXPLICIT, IMPLICIT, ct, element

from archipel.kernel.errors import Malformed
from archipel.kernel.uid import Uid
from archipel.standards.dicom.elements import NeedMore
from archipel.standards.dicom.part10 import meta, split

CT = Uid("1.2.840.10008.5.1.4.1.1.2")


def begin(syntax: str = EXPLICIT, source: str = "TEST-CT") -> bytes:
    return meta(
        sop_class=CT, sop_instance=Uid("2.25.3"), transfer_syntax=Uid(syntax), source=source
    )


def test_pydicom_reads_what_is_written() -> None:
    theirs = pydicom.dcmread(io.BytesIO(begin() + ct()))

    assert theirs.file_meta.MediaStorageSOPClassUID == CT.value
    assert theirs.file_meta.MediaStorageSOPInstanceUID == "2.25.3"
    assert theirs.file_meta.TransferSyntaxUID == EXPLICIT
    assert theirs.file_meta.SourceApplicationEntityTitle == "TEST-CT"
    assert theirs.file_meta.FileMetaInformationGroupLength == len(begin()) - 144
    assert theirs.PatientID == "TEST-7"


def test_a_file_is_split_where_its_data_set_starts() -> None:
    fields, offset = split(begin(IMPLICIT) + ct(IMPLICIT))

    assert offset == len(begin(IMPLICIT))
    assert (fields.sop_class, fields.sop_instance) == (CT.value, "2.25.3")
    assert (fields.transfer_syntax, fields.source) == (IMPLICIT, "TEST-CT")


@pytest.mark.parametrize("cut", [128, 132])
def test_a_preamble_may_be_missing(cut: int) -> None:
    assert split(begin()[cut:] + ct())[1] == len(begin()) - cut


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG])
def test_a_bare_data_set_is_taken(syntax: str) -> None:
    fields, offset = split(ct(syntax))

    assert offset == 0
    assert fields.transfer_syntax == syntax
    assert (fields.sop_class, fields.sop_instance) == (CT.value, "2.25.3")


def test_a_group_length_that_lies_does_no_harm() -> None:
    data = bytearray(begin() + ct())
    data[140:144] = b"\xff\xff\xff\x7f"

    assert split(bytes(data))[1] == len(begin())


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.7" + bytes(200),
        bytes(300),
        b"<html>" * 40,
        bytes(128) + b"DICM" + element(0x00020010, "UN", bytes(70_000)),
    ],
)
def test_what_is_no_dicom_file_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        split(data)


def test_a_first_part_needs_more() -> None:
    with pytest.raises(NeedMore):
        split(begin()[:200])
