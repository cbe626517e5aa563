"""WADO-URI (PS3.18 chapter 9) over memory ports."""

import httpx
import pytest
from tests.unit.dicomweb.conftest import Slice, World, make_slice, multipart

from archipel.access.model import Action

STUDY, SERIES = "1.2.7.1", "1.2.7.1.1"


@pytest.fixture
def one() -> Slice:
    return make_slice(STUDY, SERIES, 1, shape=(8, 12))


@pytest.fixture
def world(one: Slice) -> World:
    made = World()
    body, headers = multipart([one.file])
    with made.client() as client:
        stored = client.post("/studies", content=body, headers=headers)
    assert stored.status_code in {200, 202}
    return made


def ask(world: World, one: Slice, **parameters: str | None) -> httpx.Response:
    named = {"studyUID": STUDY, "seriesUID": SERIES, "objectUID": one.instance}
    asked = {"requestType": "WADO", **named, **parameters}
    with world.client() as client:
        return client.get("/wado", params={k: v for k, v in asked.items() if v is not None})


def test_an_object_leaves_as_the_file_that_came(world: World, one: Slice) -> None:
    answer = ask(world, one, contentType="application/dicom", transferSyntax="*")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/dicom;")
    assert one.file[132:] in answer.content or answer.content[128:132] == b"DICM"


@pytest.mark.parametrize("kind", ["image/jpeg", "image/png", "image/gif"])
def test_an_image_leaves_as_the_picture_asked_for(world: World, one: Slice, kind: str) -> None:
    answer = ask(world, one, contentType=kind)

    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)


def test_the_first_of_a_list_of_content_types_that_can_be_made_is_chosen(
    world: World, one: Slice
) -> None:
    answer = ask(world, one, contentType="text/html,image/png")

    assert answer.headers["content-type"] == "image/png"


@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        ({"requestType": "X"}, 400),
        ({"objectUID": None}, 400),
        ({"objectUID": "1.2.7.9"}, 404),
        ({"seriesUID": "abc"}, 400),
        ({"contentType": "text/html"}, 406),
        ({"anonymize": "yes"}, 406),
        ({"presentationUID": "1.2.3"}, 400),
        ({"presentationUID": "1.2.3", "presentationSeriesUID": "1.2.4"}, 404),
        ({"contentType": "image/png", "annotation": "weather"}, 400),
        ({"frameNumber": "2"}, 404),
        ({"frameNumber": "0"}, 400),
        ({"windowCenter": "40"}, 400),
        ({"windowCenter": "x", "windowWidth": "400"}, 400),
        ({"windowCenter": "40", "windowWidth": "0"}, 400),
        ({"rows": "99999"}, 400),
        ({"region": "0,0,1"}, 400),
        ({"region": "0.5,0,0.2,1"}, 400),
        ({"imageQuality": "101"}, 400),
        ({"contentType": "application/dicom", "transferSyntax": "x"}, 400),
    ],
)
def test_what_cannot_be_is_refused(
    world: World, one: Slice, parameters: dict[str, str | None], status: int
) -> None:
    assert ask(world, one, **parameters).status_code == status


def test_a_region_and_a_size_are_minded(world: World, one: Slice) -> None:
    answer = ask(world, one, contentType="image/png", region="0,0,0.5,1", rows="16", columns="99")

    assert answer.content[16:24] == (12).to_bytes(4, "big") + (16).to_bytes(4, "big")


def test_what_leaves_is_in_the_audit_and_what_is_refused_reads_nothing(
    world: World, one: Slice
) -> None:
    ask(world, one, anonymize="yes")
    refused = [e for e in world.audit.entries if e.action is Action.READ]
    ask(world, one, contentType="image/png")
    read = [e for e in world.audit.entries if e.action is Action.READ]

    assert refused == []
    assert [entry.subject for entry in read] == [STUDY]
