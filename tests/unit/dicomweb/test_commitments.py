"""Commitment requests at the door, over the real tables (PS3.18 chapter 13)."""

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import orjson
import pytest
from tests.unit.dicomweb.conftest import WEST, World

from archipel.archive.commitment import Asker, CommitmentKey, FailureReason
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.aetitle import AETitle
from archipel.kernel.uid import Uid
from archipel.stores.sql.archive.commitments import SqlCommitments

TRANSACTION, CT = Uid("2.25.70"), "1.2.840.10008.5.1.4.1.1.2"
PATH = f"/commitment-requests/{TRANSACTION}"
JSON = {"Content-Type": "application/dicom+json"}
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.fixture
def world(sqlite_database) -> World:
    return World(commitments=SqlCommitments(sqlite_database))


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with world.client() as opened:
        yield opened


def ask(client: httpx.Client, *instances: str, **more: str) -> httpx.Response:
    items = [
        {"00081150": {"vr": "UI", "Value": [CT]}, "00081155": {"vr": "UI", "Value": [one]}}
        for one in instances
    ]
    said = {"00081199": {"vr": "SQ", "Value": items}}
    said |= {tag: {"vr": "UI", "Value": [text]} for tag, text in more.items()}
    return client.post(PATH, content=orjson.dumps(said), headers=JSON)


def test_what_was_decided_is_told_and_nothing_before(client, world) -> None:
    asked = ask(client, "1.2.3", "1.2.4")
    before = client.get(PATH)
    key = CommitmentKey(
        tenant=WEST, asker=Asker.CLIENT, peer=AETitle("DICOMWEB"), transaction=TRANSACTION
    )
    failed = {Uid("1.2.4"): FailureReason.NO_SUCH_OBJECT_INSTANCE}
    world.commitments.decide(key, failed, now=NOW)

    told = client.get(PATH)

    assert (asked.status_code, before.status_code) == (202, 202)
    assert before.headers["retry-after"] == "1"
    assert asked.headers["content-location"] == f"http://node/dicomweb{PATH}"
    assert told.status_code == 200
    (found,) = told.json()
    (kept,), (lost,) = found["00081199"]["Value"], found["00081198"]["Value"]
    assert found["00081195"]["Value"] == [str(TRANSACTION)]
    assert kept["00081155"]["Value"] == ["1.2.3"]
    assert (lost["00081155"]["Value"], lost["00081197"]["Value"]) == (["1.2.4"], [0x0112])


def test_a_transaction_is_used_once_and_the_same_request_is_decided_again(client) -> None:
    ask(client, "1.2.3")

    assert ask(client, "1.2.3").status_code == 202
    assert ask(client, "1.2.4").status_code == 409


@pytest.mark.parametrize(
    ("instances", "more"),
    [((), {}), (("1.2.3", "1.2.3"), {}), (("x",), {}), (("1.2.3",), {"00081195": "2.25.71"})],
)
def test_what_makes_no_sense_is_refused(client, instances, more) -> None:
    assert ask(client, *instances, **more).status_code == 400
    assert client.get(PATH).status_code == 404


def test_a_request_is_of_the_organisation_that_made_it(client, world) -> None:
    ask(client, "1.2.3")

    with world.client("east") as other:
        assert other.get(PATH).status_code == 404
        assert ask(other, "1.2.9").status_code == 202
    scope = Scope(Actor(ActorKind.PERSON, "test"), frozenset({WEST}))
    (only,) = world.commitments.latest(scope=scope)
    assert only.references[0].sop_instance == Uid("1.2.3")
