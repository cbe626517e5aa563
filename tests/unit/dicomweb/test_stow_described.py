"""STOW-RS of metadata and bulk data (PS3.18 section 10.5.4) over memory ports."""

import io
import json
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset
from tests.unit.dicomweb.conftest import World, parts_of

from archipel.protocols.dicomweb import Limits
from archipel.protocols.dicomweb.native_model import to_xml

STUDY = "1.2.9.1"
JSON, XML = "application/dicom+json", "application/dicom+xml"
PHOTOGRAPH = "1.2.840.10008.5.1.4.1.1.77.1.4"
OCTETS = "application/octet-stream"
JPEG_BASELINE, MP4 = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.102"
Described = dict[str, Any]


@pytest.fixture
def world() -> World:
    return World()


def described(**elements: Any) -> Described:
    base: dict[str, tuple[str, Any]] = {
        "00080016": ("UI", PHOTOGRAPH),
        "00080018": ("UI", f"{STUDY}.1.1"),
        "00080060": ("CS", "XC"),
        "00100010": ("PN", {"Alphabetic": "TEST-Éloïse^Zoé"}),
        "00100020": ("LO", "TEST-9"),
        "0020000D": ("UI", STUDY),
        "0020000E": ("UI", f"{STUDY}.1"),
    }
    made: Described = {tag: {"vr": vr, "Value": [value]} for tag, (vr, value) in base.items()}
    return made | {tag.removeprefix("t"): element for tag, element in elements.items()}


def send(
    world: World,
    datasets: list[Described] | bytes,
    *bulk: tuple[str, str, bytes],
    kind: str = JSON,
    path: str = "/studies",
) -> httpx.Response:
    if isinstance(datasets, bytes):
        texts = [datasets]
    elif kind == JSON:
        texts = [json.dumps(datasets).encode()]
    else:
        texts = [to_xml(one) for one in datasets]
    parts = [(f"Content-Type: {kind}", text) for text in texts]
    parts += [(f"Content-Type: {k}\r\nContent-Location: {at}", c) for at, k, c in bulk]
    body = b"".join(f"--b\r\n{head}\r\n\r\n".encode() + c + b"\r\n" for head, c in parts)
    headers = {"Content-Type": f'multipart/related; type="{kind}"; boundary=b'}
    with world.client() as client:
        return client.post(path, content=body + b"--b--\r\n", headers=headers)


def held(world: World) -> Dataset:
    path = f"/studies/{STUDY}/series/{STUDY}.1/instances/{STUDY}.1.1"
    accept = {"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}
    with world.client() as client:
        answer = client.get(path, headers=accept)
    assert answer.status_code == 200, answer.text
    return dcmread(io.BytesIO(parts_of(answer.content, answer.headers["content-type"])[0][1]))


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.full((20, 30, 3), 90, np.uint8)).save(out, "JPEG")
    return out.getvalue()


PIXELS = {"vr": "OB", "BulkDataURI": "picture"}


@pytest.mark.parametrize("kind", [JSON, XML])
def test_native_pixels_and_text_are_kept(world: World, kind: str) -> None:
    shape = {
        "t00280002": {"vr": "US", "Value": [1]},
        "t00280010": {"vr": "US", "Value": [2]},
        "t00280011": {"vr": "US", "Value": [3]},
        "t00280100": {"vr": "US", "Value": [8]},
    }

    answer = send(
        world,
        [described(**shape, t7FE00010=PIXELS)],
        ("picture", OCTETS, b"abcde"),
        kind=kind,
    )

    assert answer.status_code in {200, 202}, answer.text
    found = held(world)
    assert found.PixelData == b"abcde\0"
    assert str(found.PatientName) == "TEST-Éloïse^Zoé"
    assert found.Rows == 2


def test_a_jpeg_is_described_by_its_own_head(world: World) -> None:
    picture = jpeg()

    answer = send(world, [described(t7FE00010=PIXELS)], ("picture", "image/jpeg", picture))

    assert answer.status_code in {200, 202}, answer.text
    found = held(world)
    assert found.file_meta.TransferSyntaxUID == JPEG_BASELINE
    assert (found.Rows, found.Columns, found.SamplesPerPixel) == (20, 30, 3)
    assert picture in found.PixelData


def test_a_film_is_one_fragment(world: World) -> None:
    film = b"\0\0\0\x18ftypmp42" + bytes(1001)
    frames = {"t00280008": {"vr": "IS", "Value": [25]}}

    answer = send(world, [described(**frames, t7FE00010=PIXELS)], ("picture", "video/mp4", film))

    assert answer.status_code in {200, 202}, answer.text
    assert held(world).file_meta.TransferSyntaxUID == MP4
    assert film in held(world).PixelData


def test_metadata_without_bulk_data_are_an_instance_too(world: World) -> None:
    assert send(world, [described()]).status_code in {200, 202}
    assert held(world).PatientID == "TEST-9"


@pytest.mark.parametrize(
    ("elements", "bulk"),
    [
        ({"t7FE00010": PIXELS}, []),
        ({"t7FE00010": PIXELS}, [("picture", "image/jpeg", b"no picture")]),
        ({"t7FE00010": PIXELS}, [("picture", f"image/jpeg; transfer-syntax={MP4}", b"x")]),
        (
            {"t7FE00010": PIXELS, "t00280008": {"vr": "IS", "Value": [2]}},
            [("picture", "image/jpeg", jpeg())],
        ),
        ({"t00280010": {"vr": "US", "Value": ["many"]}}, []),
        ({"t00080018": {"vr": "UI"}}, []),
        ({"t0020000D": {"vr": "UI", "Value": ["x"]}}, []),
        ({"t00080018": []}, []),
    ],
)
def test_what_cannot_be_an_instance_is_told_with_a_reason(
    world: World, elements: Described, bulk: list[tuple[str, str, bytes]]
) -> None:
    answer = send(world, [described(**elements)], *bulk)

    assert answer.status_code in {400, 409}, answer.text
    failed = answer.json().get("00081198") or answer.json()["0008119A"]
    assert failed["Value"][0]["00081197"]["Value"][0] in {0xC000, 0xC122, 0xA900}


def test_a_picture_in_a_syntax_it_cannot_be_in_has_a_reason_of_its_own(world: World) -> None:
    picture = ("picture", f"image/jpeg; transfer-syntax={MP4}", jpeg())

    answer = send(world, [described(t7FE00010=PIXELS)], picture)

    assert answer.json()["00081198"]["Value"][0]["00081197"]["Value"] == [0xC122]


def test_one_of_two_is_stored_and_the_other_told(world: World) -> None:
    wrong = described(t00080018={"vr": "UI", "Value": [f"{STUDY}.1.2"]}, t7FE00010=PIXELS)

    answer = send(world, [described(), wrong])

    assert answer.status_code == 202
    told = answer.json()
    assert told["00081199"]["Value"][0]["00081155"]["Value"] == [f"{STUDY}.1.1"]
    assert told["00081198"]["Value"][0]["00081155"]["Value"] == [f"{STUDY}.1.2"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b'[{"0008', JSON),
        (b'["text"]', JSON),
        (b"<NativeDicomModel>", XML),
        (b"<Other/>", XML),
        (b"\xff\xfe<\0", XML),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><NativeDicomModel>&a;</NativeDicomModel>', XML),
        (b"<NativeDicomModel><Other/></NativeDicomModel>", XML),
        (b"<NativeDicomModel>" * 100_000, XML),
    ],
)
def test_metadata_that_cannot_be_read_are_refused(world: World, content: bytes, kind: str) -> None:
    assert send(world, content, kind=kind).status_code == 400


def test_of_another_study_is_refused(world: World) -> None:
    answer = send(world, [described()], path="/studies/1.2.9.2")

    assert answer.status_code == 409
    assert answer.json()["00081198"]["Value"][0]["00081197"]["Value"] == [0xA900]


def test_a_request_beyond_its_room_is_refused() -> None:
    world = World(limits=Limits(described_bytes=1_000))

    answer = send(world, [described(t7FE00010=PIXELS)], ("picture", OCTETS, bytes(2_000)))

    assert answer.status_code == 413


def test_a_private_attribute_finds_its_block(world: World) -> None:
    private = (
        b'<DicomAttribute tag="00990001" vr="LO" privateCreator="TEST"><Value number="1">kept'
        b"</Value></DicomAttribute></NativeDicomModel>"
    )
    content = to_xml(described()).replace(b"</NativeDicomModel>", private)

    assert send(world, content, kind=XML).status_code in {200, 202}
    assert held(world)[0x0099, 0x1001].value == "kept"
