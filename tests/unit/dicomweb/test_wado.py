"""WADO-RS (PS3.18 section 10.4)."""

import gzip
import io
import json

import numpy as np
import pytest
from PIL import Image

ANY_SYNTAX = 'multipart/related; type="application/dicom"; transfer-syntax=*'
IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"


def test_a_series_comes_as_parts_in_order(client, stored, apart) -> None:
    answer = client.get("/studies/1.2.3/series/1.2.3.4", headers={"Accept": ANY_SYNTAX})

    parts = apart(answer.content, answer.headers["content-type"])
    assert [body for _, body in parts] == [one.file for one in stored]
    assert parts[0][0] == f"Content-Type: application/dicom; transfer-syntax={EXPLICIT}"


def test_without_a_wish_instances_are_explicit_little_endian(
    client, new_slice, as_multipart, apart
) -> None:
    one = new_slice(transfer_syntax=IMPLICIT)
    body, headers = as_multipart([one.file])
    client.post("/studies", content=body, headers=headers)

    answer = client.get(one.path)

    ((head, content),) = apart(answer.content, answer.headers["content-type"])
    assert head.endswith(f"transfer-syntax={EXPLICIT}")
    assert content.endswith(new_slice().dataset)


@pytest.mark.parametrize(
    "accept", ["image/png", "application/dicom; transfer-syntax=1.2.840.10008.1.2.4.90"]
)
def test_what_cannot_be_made_is_not_acceptable(client, stored, accept) -> None:
    assert client.get(stored[0].path, headers={"Accept": accept}).status_code == 406


def test_metadata_is_one_document_zipped_for_who_takes_it(client, stored) -> None:
    zipped = client.get("/studies/1.2.3/series/1.2.3.4/metadata")
    plain = client.get("/studies/1.2.3/metadata", headers={"Accept-Encoding": "identity"})

    document = json.loads(gzip.decompress(zipped.content)) if zipped.is_error else zipped.json()
    assert zipped.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert document == plain.json()
    assert [one["00200013"]["Value"][0] for one in document] == [1, 2, 3]
    assert zipped.headers["etag"] != plain.headers["etag"]


def test_a_growing_series_is_asked_about_again(client, stored, new_slice, as_multipart) -> None:
    path = "/studies/1.2.3/series/1.2.3.4/metadata"
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    body, headers = as_multipart([new_slice(number=4).file])
    client.post("/studies", content=body, headers=headers)
    grown = client.get(path, headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["cache-control"] == "private, no-cache"
    assert again.status_code == 304
    assert again.content == b""
    assert grown.status_code == 200
    assert len(grown.json()) == 4


def test_a_frame_is_its_stored_bytes(client, stored, apart) -> None:
    accept = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'

    answer = client.get(f"{stored[0].path}/frames/1", headers={"Accept": accept})

    ((head, content),) = apart(answer.content, answer.headers["content-type"])
    assert content == stored[0].pixels.tobytes()
    assert head == f"Content-Type: application/octet-stream; transfer-syntax={EXPLICIT}"
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert "Cookie" in answer.headers["vary"]


def test_one_frame_may_come_alone(client, stored) -> None:
    answer = client.get(
        f"{stored[0].path}/frames/1", headers={"Accept": "application/octet-stream"}
    )

    assert answer.content == stored[0].pixels.tobytes()


@pytest.mark.parametrize(
    ("asked", "piece"),
    [
        ("bytes=0-99", slice(0, 100)),
        ("bytes=100-", slice(100, None)),
        ("bytes=-50", slice(-50, None)),
        ("bytes=1500-99999", slice(1500, None)),
    ],
)
def test_a_range_of_a_frame_is_partial_content(client, stored, asked, piece) -> None:
    path = f"{stored[0].path}/frames/1"
    whole = client.get(path).content

    answer = client.get(path, headers={"Range": asked})

    assert answer.status_code == 206
    assert answer.content == whole[piece]
    first = range(len(whole))[piece].start
    last = range(len(whole))[piece].stop - 1
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(whole)}"


def test_ranges_put_together_are_the_whole(client, stored) -> None:
    path = f"{stored[0].path}/frames/1"
    head = client.get(path, headers={"Range": "bytes=0-499"})
    rest = client.get(path, headers={"Range": "bytes=500-", "If-Range": head.headers["etag"]})

    assert head.content + rest.content == client.get(path).content


def test_a_range_beyond_the_end_cannot_be_satisfied(client, stored) -> None:
    answer = client.get(f"{stored[0].path}/frames/1", headers={"Range": "bytes=999999-"})

    assert answer.status_code == 416


def test_a_range_of_something_else_gives_the_whole(client, stored) -> None:
    headers = {"Range": "bytes=0-9", "If-Range": '"another"'}

    assert client.get(f"{stored[0].path}/frames/1", headers=headers).status_code == 200


@pytest.mark.parametrize(("frame", "status"), [("2", 404), ("0", 400), ("x", 400), ("1,", 400)])
def test_frames_that_are_not_there(client, stored, frame, status) -> None:
    assert client.get(f"{stored[0].path}/frames/{frame}").status_code == status


@pytest.mark.parametrize(("kind", "form"), [("image/png", "PNG"), ("image/jpeg", "JPEG")])
def test_a_rendered_image_is_a_picture(client, stored, kind, form) -> None:
    answer = client.get(f"{stored[0].path}/rendered", headers={"Accept": kind})

    picture = Image.open(io.BytesIO(answer.content))
    assert answer.headers["content-type"] == kind
    assert (picture.format, picture.size, picture.mode) == (form, (32, 24), "L")


def test_the_window_asked_for_is_applied(client, stored) -> None:
    answer = client.get(
        f"{stored[0].path}/rendered",
        params={"window": "0,100,linear"},
        headers={"Accept": "image/png"},
    )

    grey = np.asarray(Image.open(io.BytesIO(answer.content)))
    expected = np.clip(((stored[0].pixels - (0 - 0.5)) / (100 - 1) + 0.5) * 255, 0, 255)
    assert np.abs(grey - expected).max() <= 0.51


def test_a_viewport_shows_a_region_in_its_size(client, stored) -> None:
    answer = client.get(
        f"{stored[0].path}/rendered",
        params={"viewport": "64,64,0,0,16,16", "quality": "80"},
    )

    assert Image.open(io.BytesIO(answer.content)).size == (64, 64)


@pytest.mark.parametrize(
    "params",
    [
        {"window": "1"},
        {"window": "1,0"},
        {"window": "a,b"},
        {"window": "1,1,cubic"},
        {"window": "nan,1"},
        {"viewport": "0,10"},
        {"viewport": "99999,10"},
        {"viewport": "10,10,0,0,999,999"},
        {"viewport": "10,10,1"},
        {"quality": "0"},
        {"quality": "101"},
        {"quality": "best"},
    ],
)
def test_wishes_that_make_no_sense_are_refused(client, stored, params) -> None:
    assert client.get(f"{stored[0].path}/rendered", params=params).status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/studies/1.2.3/thumbnail",
        "/studies/1.2.3/series/1.2.3.4/thumbnail",
        "/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.2/thumbnail",
        "/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.2/frames/1/thumbnail",
    ],
)
def test_a_thumbnail_stands_for_every_level(client, stored, path) -> None:
    answer = client.get(path)

    assert answer.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(answer.content)).size == (256, 192)
    again = client.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


def test_a_series_is_rendered_in_parts(client, stored, apart) -> None:
    answer = client.get(
        "/studies/1.2.3/series/1.2.3.4/rendered",
        headers={"Accept": 'multipart/related; type="image/jpeg"'},
    )

    parts = apart(answer.content, answer.headers["content-type"])
    assert [head for head, _ in parts] == ["Content-Type: image/jpeg"] * 3


def test_what_is_no_image_is_not_rendered(client, new_slice, as_multipart) -> None:
    one = new_slice(texts={0x00280010: ""})
    body, headers = as_multipart([one.file])
    client.post("/studies", content=body, headers=headers)

    assert client.get(f"{one.path}/rendered").status_code == 406


def test_bulk_data_is_the_value(client, stored) -> None:
    headers = {"Accept": "application/octet-stream"}

    answer = client.get(f"{stored[0].path}/bulkdata/7FE00010", headers=headers)

    assert answer.content == stored[0].pixels.tobytes()
    assert client.get(f"{stored[0].path}/bulkdata/00091001").status_code == 404
    assert client.get(f"{stored[0].path}/bulkdata/../x").status_code in {400, 404}


def test_reading_a_series_is_audited_once_and_again_later(client, stored, world) -> None:
    def reads() -> list[str]:
        return [e.detail for e in world.audit.entries if e.action.value == "read"]

    for one in stored:
        client.get(f"{one.path}/frames/1")
    client.get("/studies/1.2.3/metadata")

    assert reads() == ["frames of series 1.2.3.4", "metadata of series 1.2.3.4"]

    world.later(700)
    client.get(f"{stored[0].path}/frames/1")

    assert reads()[2:] == ["frames of series 1.2.3.4"]
