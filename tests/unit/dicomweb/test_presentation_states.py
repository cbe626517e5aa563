"""Presentation states applied to what is rendered (PS3.18 sections 8.3.5 and 9.1.2.2)."""

import io
import struct
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
from PIL import Image
from tests.unit.dicomweb.conftest import EXPLICIT, World, make_slice, multipart

from archipel.kernel.uid import Uid
from archipel.standards.dicom import part10
from archipel.standards.dicom.dataset import DataSet, Element, write

STUDY, SERIES, STATES = "1.2.5", "1.2.5.1", "1.2.5.2"
SLICES = [make_slice(STUDY, SERIES, number) for number in (1, 2)]
GREYSCALE = "1.2.840.10008.5.1.4.1.1.11.1"
STATE = f"{STATES}.1"
NAMED = {"presentationSeriesUID": STATES, "presentationUID": STATE}
PNG = {"Accept": "image/png"}
LOW = -288  # of a window that spans 256 of the ramp


def state_file(*instances: str) -> bytes:
    """Make a state about these images: turned by 90 degrees, a window over the ramp."""
    made = DataSet.from_texts(
        {
            0x00080016: GREYSCALE,
            0x00080018: STATE,
            0x00080060: "PR",
            0x00100010: "TEST-Éloïse^Zoé",
            0x00100020: "IPP-1",
            0x0020000D: STUDY,
            0x0020000E: STATES,
            0x00281052: "0",
            0x00281053: "1",
            0x00281054: "HU",
            0x20500020: "IDENTITY",
            0x00700041: "N",
        }
    )
    images = [DataSet.from_texts({0x00081155: one}) for one in instances]
    series = DataSet.from_texts({0x0020000E: SERIES})
    series.set_items(0x00081140, images)
    made.set_items(0x00081115, [series])
    voi = DataSet.from_texts({0x00281050: str(LOW + 128), 0x00281051: "256"})
    made.set_items(0x00283110, [voi])
    made.elements[0x00700042] = Element("US", struct.pack("<H", 90))
    meta = part10.meta(
        sop_class=Uid(GREYSCALE), sop_instance=Uid(STATE), transfer_syntax=Uid(EXPLICIT)
    )
    return meta + write(made, EXPLICIT)


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    files = [*(one.file for one in SLICES), state_file(SLICES[0].instance)]
    body, headers = multipart(files)
    with World().client() as made:
        assert made.post("/studies", content=body, headers=headers).status_code in {200, 202}
        yield made


def pixels(answer: httpx.Response) -> np.ndarray:
    assert answer.status_code == 200, answer.text
    return np.asarray(Image.open(io.BytesIO(answer.content)))


def expected() -> np.ndarray:
    values = np.clip((SLICES[0].pixels.astype(float) - (LOW + 127.5)) / 255 + 0.5, 0, 1) * 255
    return np.rot90(np.rint(values).astype(np.uint8), k=-1)


@pytest.mark.parametrize("path", ["/rendered", "/frames/1/rendered"])
def test_an_image_is_drawn_as_the_named_state_has_it(client, path) -> None:
    shown = pixels(client.get(SLICES[0].path + path, params=NAMED, headers=PNG))

    assert np.abs(shown.astype(int) - expected()).max() <= 1
    assert shown.shape == (32, 24)


def test_a_state_that_is_asked_for_draws_its_images(client) -> None:
    path = f"/studies/{STUDY}/series/{STATES}/instances/{STATE}/rendered"

    shown = pixels(client.get(path, headers=PNG))
    small = pixels(client.get(path, params={"viewport": "12,12"}, headers=PNG))

    assert np.abs(shown.astype(int) - expected()).max() <= 1
    assert small.shape == (12, 9)


def test_wado_uri_takes_the_state_too(client) -> None:
    asked = {"requestType": "WADO", "studyUID": STUDY, "contentType": "image/png"}
    image = {"seriesUID": SERIES, "objectUID": SLICES[0].instance}
    state = {"seriesUID": STATES, "objectUID": STATE}

    of_image = pixels(client.get("/wado", params={**asked, **image, **NAMED}))
    of_state = pixels(client.get("/wado", params={**asked, **state}))

    assert np.abs(of_image.astype(int) - expected()).max() <= 1
    assert of_image.tolist() == of_state.tolist()


def test_another_state_is_another_picture_to_caches(client) -> None:
    plain = client.get(f"{SLICES[0].path}/rendered", headers=PNG)
    told = client.get(f"{SLICES[0].path}/rendered", params=NAMED, headers=PNG)

    assert plain.headers["etag"] != told.headers["etag"]


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"window": "40,400"}, 400),
        ({"viewport": "12,12,0,0,4,4"}, 400),
        ({"presentationUID": ""}, 400),
        ({"presentationUID": "1.2.99"}, 404),
        ({"presentationSeriesUID": SERIES, "presentationUID": SLICES[1].instance}, 400),
    ],
)
def test_what_contradicts_a_state_or_is_none_is_refused(client, more, status) -> None:
    path = f"{SLICES[0].path}/rendered"

    assert client.get(path, params={**NAMED, **more}, headers=PNG).status_code == status


def test_a_state_about_another_image_is_refused(client) -> None:
    answer = client.get(f"{SLICES[1].path}/rendered", params=NAMED, headers=PNG)

    assert answer.status_code == 400
    assert "does not refer" in answer.json()["detail"]
