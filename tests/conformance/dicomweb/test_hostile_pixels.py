"""Objects made to hurt whoever decodes them: the door refuses and stays small."""

import os
import zlib
from collections.abc import Callable, Iterator

import httpx
import psutil
import pytest

from archipel.kernel.uid import Uid
from archipel.standards.dicom import part10
from archipel.standards.dicom import transfer_syntax as ts
from archipel.standards.dicom.dataset import DataSet, Element, write

MIB = 1 << 20
CT = Uid("1.2.840.10008.5.1.4.1.1.2")
PLAIN = f"application/dicom; transfer-syntax={ts.EXPLICIT_VR_LITTLE_ENDIAN}"
NOT_ACCEPTABLE, UNAVAILABLE, BAD_REQUEST = 406, 503, 400


def described(study: str, *, rows: int, columns: int, frames: int = 1) -> DataSet:
    dataset = DataSet()
    texts = {
        0x00080016: CT.value,
        0x00080018: f"{study}.1.1",
        0x00080060: "CT",
        0x00100010: "TEST-Éloïse^Zoé",
        0x00100020: f"IPP-{study}",
        0x0020000D: study,
        0x0020000E: f"{study}.1",
        0x00280002: "1",
        0x00280004: "MONOCHROME2",
        0x00280008: str(frames),
        0x00280010: str(rows),
        0x00280011: str(columns),
        0x00280100: "8",
        0x00280101: "8",
        0x00280102: "7",
        0x00280103: "0",
    }
    for tag, text in texts.items():
        dataset.set_text(tag, text)
    return dataset


def file_of(study: str, syntax: str, content: bytes) -> bytes:
    return (
        part10.meta(sop_class=CT, sop_instance=Uid(f"{study}.1.1"), transfer_syntax=Uid(syntax))
        + content
    )


def encapsulated(dataset: DataSet, frame: bytes, frames: int) -> DataSet:
    item = b"\xfe\xff\x00\xe0"
    fragment = item + len(frame).to_bytes(4, "little") + frame
    dataset.elements[0x7FE00010] = Element(
        "OB", item + bytes(4) + fragment * frames, encapsulated=True
    )
    return dataset


@pytest.fixture
def unharmed(node: dict) -> Iterator[Callable[[], int]]:
    """Tell by how many bytes the door grew since; it must serve afterwards."""
    process = psutil.Process(node["pid"])
    before = process.memory_info().rss
    yield lambda: process.memory_info().rss - before
    assert process.is_running()


@pytest.mark.slow
def test_a_deflated_bomb_is_refused_without_growing(west, store, unharmed) -> None:
    study = f"1.2.826.1.{os.getpid()}.31"
    stream = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    plain = write(described(study, rows=30000, columns=30000), ts.EXPLICIT_VR_LITTLE_ENDIAN)
    head = b"\xe0\x7f\x10\x00OW\0\0" + (900 * MIB).to_bytes(4, "little")
    bomb = stream.compress(plain + head)
    bomb += b"".join(stream.compress(bytes(MIB)) for _ in range(900)) + stream.flush()
    sent = store([file_of(study, ts.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, bomb)])
    assert sent.status_code in {200, 202}, sent.text
    path = f"/studies/{study}/series/{study}.1/instances/{study}.1.1"

    answers = [
        west.get(f"{path}/frames/1"),
        west.get(f"{path}/rendered"),
        west.get(f"{path}/bulkdata/7FE00010"),
        west.get(path, headers={"Accept": PLAIN}),
    ]

    assert {one.status_code for one in answers} <= {NOT_ACCEPTABLE, UNAVAILABLE, BAD_REQUEST, 404}
    assert unharmed() < 64 * MIB


@pytest.mark.slow
def test_zeros_that_unfold_to_gigabytes_leave_from_a_file(west, store, unharmed) -> None:
    study, side, frames = f"1.2.826.1.{os.getpid()}.32", 4096, 20
    run = bytes([129, 0])  # 128 zeros (PS3.5 G.3.1)
    segment = (1).to_bytes(4, "little") + (64).to_bytes(4, "little") + bytes(56)
    frame = segment + run * (side * side // 128)
    dataset = encapsulated(described(study, rows=side, columns=side, frames=frames), frame, frames)
    sent = store([file_of(study, ts.RLE_LOSSLESS, write(dataset, ts.RLE_LOSSLESS))])
    assert sent.status_code in {200, 202}, sent.text
    before, size = unharmed(), 0

    path = f"/studies/{study}/series/{study}.1/instances/{study}.1.1"
    with west.stream("GET", path, headers={"Accept": PLAIN}) as answer:
        assert answer.status_code == 200
        for piece in answer.iter_bytes():
            size += len(piece)
            assert unharmed() - before < 64 * MIB

    assert size > side * side * frames


def test_a_codestream_that_says_otherwise_is_refused(west, store) -> None:
    study = f"1.2.826.1.{os.getpid()}.33"
    huge = b"\xff\x4f\xff\x51\x00\x29\x00\x00" + (0xFFFFFF).to_bytes(4) * 2 + bytes(8)
    huge += (0xFFFFFF).to_bytes(4) * 2 + bytes(8) + b"\x00\x01\x07\x01\x01" + bytes(200)
    dataset = encapsulated(described(study, rows=64, columns=64), huge, 1)
    store([file_of(study, ts.JPEG_2000, write(dataset, ts.JPEG_2000))])
    path = f"/studies/{study}/series/{study}.1/instances/{study}.1.1"

    answer: httpx.Response = west.get(f"{path}/rendered")

    assert answer.status_code == NOT_ACCEPTABLE
    assert "the codestream holds 16777215 x 16777215" in answer.json()["detail"]
