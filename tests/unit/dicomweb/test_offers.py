"""What the door says of itself, who may read across origins, and resources of many values."""

import io
from xml.etree import ElementTree as ET

import httpx
import numpy as np
import pytest
from PIL import Image
from starlette.routing import Route, WebSocketRoute
from tests.unit.dicomweb.conftest import World, make_slice, multipart, parts_of

from archipel.protocols.dicomweb import across_origins, router
from archipel.protocols.dicomweb.offers import ITSELF, READ, STORED, TAKING
from archipel.protocols.dicomweb.ups.offers import CHANNEL

STUDY, SERIES = "1.2.6.1", "1.2.6.1.1"
SLICES = [make_slice(STUDY, SERIES, number) for number in (1, 2, 3)]
VIEWER = "https://viewer.example.org"


@pytest.fixture
def client() -> httpx.Client:
    world = World()
    body, headers = multipart([one.file for one in SLICES])
    with world.client() as made:
        assert made.post("/studies", content=body, headers=headers).status_code in {200, 202}
        yield made


def test_what_is_told_is_what_is_routed(client: httpx.Client) -> None:
    told = client.request("OPTIONS", "/", headers={"Accept": "application/json"}).json()

    listed = {(one["method"], one["path"]) for one in told["resources"]}
    offers = [ITSELF, CHANNEL, *STORED, *(one.offer for one in (*READ, *TAKING))]
    assert listed == {(o.method, o.path.replace(":path", "")) for o in offers}
    assert all(one["answers"] or one["method"] != "GET" for one in told["resources"])


def test_the_same_is_told_as_wadl(client: httpx.Client) -> None:
    answer = client.request("OPTIONS", "/", headers={"Accept": "*/*"})

    root = ET.fromstring(answer.content)  # noqa: S314  (we wrote it)
    assert answer.headers["content-type"] == "application/vnd.sun.wadl+xml"
    assert len(list(root.iter("{http://wadl.dev.java.net/2009/02}method"))) == len(
        [ITSELF, CHANNEL, *STORED, *READ, *TAKING]
    )


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/studies", "GET, HEAD, OPTIONS, POST"),
        (f"/studies/{STUDY}/metadata", "GET, HEAD, OPTIONS"),
    ],
)
def test_the_methods_of_a_resource_are_told(client: httpx.Client, path: str, allowed: str) -> None:
    answer = client.request("OPTIONS", path)

    assert (answer.status_code, answer.headers["allow"]) == (204, allowed)


def test_the_methods_of_what_is_no_resource_are_not(client: httpx.Client) -> None:
    assert client.request("OPTIONS", "/nothing").status_code == 404


@pytest.mark.parametrize("level", ["studies", "series", "instances"])
def test_matches_are_counted(client: httpx.Client, level: str) -> None:
    expected = {"studies": 1, "series": 1, "instances": 3}[level]

    assert client.get(f"/{level}/count").json() == {"count": expected}
    assert client.get(f"/{level}/count?PatientID=nobody").json() == {"count": 0}


@pytest.mark.parametrize("path", [f"/studies/{STUDY}", f"/studies/{STUDY}/series/{SERIES}"])
@pytest.mark.parametrize("what", ["bulkdata", "pixeldata"])
def test_every_value_of_something_leaves_in_a_part_that_says_where_it_is(
    client: httpx.Client, path: str, what: str
) -> None:
    accept = {"Accept": 'multipart/related; type="application/octet-stream"'}

    answer = client.get(f"{path}/{what}", headers=accept)

    parts = parts_of(answer.content, answer.headers["content-type"])
    assert [content for _, content in parts] == [one.pixels.tobytes() for one in SLICES]
    for head, content in parts:
        where = head.split("Content-Location: ")[1].split("\r\n")[0]
        alone = client.get(where, headers={"Accept": "application/octet-stream"})
        assert alone.content == content


def test_a_gif_is_a_gif(client: httpx.Client) -> None:
    answer = client.get(f"{SLICES[0].path}/rendered", headers={"Accept": "image/gif"})

    assert answer.content[:6] in {b"GIF87a", b"GIF89a"}


@pytest.mark.parametrize("kind", ["patient", "technique", "patient,technique"])
def test_an_annotation_is_burnt_in(client: httpx.Client, kind: str) -> None:
    asked = {"viewport": "256,256", "window": "40,5000"}

    bare = _grey(client.get(f"{SLICES[0].path}/rendered", params=asked))
    told = _grey(client.get(f"{SLICES[0].path}/rendered", params={**asked, "annotation": kind}))

    changed = np.abs(bare.astype(int) - told) > 60
    assert changed[:60].any() == ("patient" in kind)
    assert changed[-60:].any() == ("technique" in kind)


def _grey(answer: httpx.Response) -> np.ndarray:
    assert answer.status_code == 200, answer.text
    return np.asarray(Image.open(io.BytesIO(answer.content)).convert("L"))


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"annotation": "weather"}, 400),
        ({"iccprofile": "no"}, 200),
        ({"iccprofile": "srgb"}, 406),
        ({"iccprofile": "x"}, 400),
    ],
)
def test_what_a_picture_may_be_asked(
    client: httpx.Client, asked: dict[str, str], status: int
) -> None:
    assert client.get(f"{SLICES[0].path}/rendered", params=asked).status_code == status


def test_no_page_of_others_reads_unless_it_is_named() -> None:
    services = World().services()
    door = router(services)

    assert across_origins(door, ()) is door
    assert all(isinstance(route, Route | WebSocketRoute) for route in door.routes)


@pytest.mark.parametrize(
    ("origin", "method", "status"),
    [
        (VIEWER, "GET", 200),
        (VIEWER, "POST", 400),
        ("https://elsewhere.example.org", "GET", 400),
    ],
)
def test_a_named_page_reads_and_does_not_store(origin: str, method: str, status: int) -> None:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization",
    }
    with World(origins=(VIEWER,)).client() as client:
        answer = client.request("OPTIONS", "/studies", headers=asked)
        read = client.get("/studies", headers={"Origin": origin})

    assert answer.status_code == status
    assert "access-control-allow-credentials" not in answer.headers
    named = read.headers.get("access-control-allow-origin")
    assert named == (VIEWER if origin == VIEWER else None)
