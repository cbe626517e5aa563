"""A node on PostgreSQL and S3 answers as one on SQLite and files does, byte for byte."""

import re
from pathlib import Path

import httpx
import pytest
from tests.scale.site import (
    AS_STORED,
    ORGANISATION,
    QUICK,
    SCANNER,
    Reader,
    exam,
    peer_of,
    send,
    until,
)

from archipel.app.health import status_of
from archipel.app.home import Home
from archipel.app.wiring import Node
from archipel.archive.model import PackPlace
from archipel.kernel.hierarchy import Level
from archipel.kernel.uid import Uid
from archipel.protocols.dimse.find_scu import find
from archipel.stores.packs.bucket import BucketAddress
from archipel.testing import postgresql
from archipel.testing.furnished import Peer, furnish
from archipel.testing.instances import Instance
from archipel.testing.objects.server import settings_of
from archipel.testing.running_node import RunningNode

pytestmark = pytest.mark.long  # half a minute; the contracts of both stores are in every run
DICOM_JSON = {"Accept": "application/dicom+json"}
PATHS = [
    ("", AS_STORED),
    ("/metadata", DICOM_JSON),
    ("/series/{series}/metadata", DICOM_JSON),
    ("/series/{series}/instances/{sop}", AS_STORED),
]
STUDY, NAME, DATE = 0x0020000D, 0x00100010, 0x00080020


def answers(node: RunningNode, token: str, load: list[Instance]) -> dict[str, bytes]:
    """Ask for everything of a study; return bodies without what is a node's or an answer's own."""
    first, found = load[0], dict[str, bytes]()
    with Reader(node, token) as reader:
        for template, headers in PATHS:
            path = template.format(series=first.series, sop=first.sop_instance)
            answer = reader.get(f"/studies/{first.study}{path}", **headers)
            assert answer.status_code == httpx.codes.OK, (path, answer.text)
            boundary = re.search(r'boundary="?([^";]+)', answer.headers["content-type"])
            body = answer.content.replace(node.http.encode(), b"http://node")
            found[path] = body.replace(boundary[1].encode(), b"boundary") if boundary else body
        asked = reader.get(
            "/studies?PatientName=TEST-lefevre*&StudyDate=20260101-20260131", **DICOM_JSON
        )
        assert first.study.value in asked.text
        found["by name and date"] = asked.content.replace(node.http.encode(), b"http://node")
    keys = {NAME: "test-lefevre*", DATE: "20260101-", STUDY: ""}
    listed = find(peer_of(node), Level.STUDY, keys)
    assert [each.text(STUDY) for each in listed] == [first.study.value]
    return found


def kept(
    home: Path, load: list[Instance], *, database: str = "", told: dict[str, str] | None = None
) -> dict[str, bytes]:
    """Let a node take an exam in, seal it, and answer."""
    tokens = furnish(home, {ORGANISATION: [Peer(SCANNER)]}, database=database)
    with RunningNode(home, settings=QUICK | (told or {})) as node:
        assert len(send(node, load)) == len(load)
        with Node.open(Home(home)) as local:
            until(lambda: status_of(local).lag.series_to_seal == 0)
            assert {type(one.place) for one in local.holdings.everything()} == {PackPlace}
        return answers(node, tokens[ORGANISATION], load)


def test_wado_qido_and_find_are_the_same_on_both(
    server: postgresql.Server, bucket: BucketAddress, tmp_path: Path
) -> None:
    load = exam(8, study=Uid("1.2.826.0.1.3680043.8.498.1"))
    small = kept(tmp_path / "small", load)
    large = kept(tmp_path / "large", load, database=server.url, told=settings_of(bucket))

    assert small.keys() == large.keys()
    for path, body in small.items():
        assert large[path] == body, path
    assert not list((tmp_path / "large" / "packs").glob("*/*.pack"))
    assert list((tmp_path / "large" / "cache").glob("*/*"))
