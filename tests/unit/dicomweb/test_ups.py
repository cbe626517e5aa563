"""UPS-RS at the door, over the real tables (PS3.18 chapter 11)."""

import json
from collections.abc import Iterator

import httpx
import orjson
import pytest
from tests.unit.dicomweb.conftest import WEST, World

from archipel.access.model import Action
from archipel.kernel.aetitle import AETitle
from archipel.orders.steps.model import FILTERED_GLOBAL, GLOBAL
from archipel.standards.dicom.dataset import DataSet
from archipel.standards.dicom.json_model import dataset_json
from archipel.stores.sql.orders.steps import SqlWorkitems
from archipel.testing.steps import CANCELED, COMPLETED, scheduled

UID, OURS, OTHER = "2.25.9", "2.25.1", "2.25.2"
ITEM = f"/workitems/{UID}"
JSON = {"Content-Type": "application/dicom+json"}


@pytest.fixture
def world(sqlite_database) -> World:
    return World(workitems=SqlWorkitems(sqlite_database))


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with world.client() as opened:
        yield opened


def make(client: httpx.Client, uid: str = UID, **texts: str) -> httpx.Response:
    body = dataset_json(scheduled(**texts))
    return client.post(f"/workitems?{uid}", content=body, headers=JSON)


def state(client: httpx.Client, wanted: str, transaction: str = OURS) -> httpx.Response:
    said = {"00741000": {"vr": "CS", "Value": [wanted]}}
    if transaction:
        said["00081195"] = {"vr": "UI", "Value": [transaction]}
    return client.put(f"{ITEM}/state", content=orjson.dumps(said), headers=JSON)


def update(client: httpx.Client, said, transaction: str = "") -> httpx.Response:
    if not isinstance(said, DataSet):
        changes = DataSet()
        for tag, items in said.items():
            changes.set_items(tag, items)
        said = changes
    path = f"{ITEM}?{transaction}" if transaction else ITEM
    return client.post(path, content=dataset_json(said), headers=JSON)


def held(client: httpx.Client, uid: str = UID) -> dict:
    (found,) = client.get(f"/workitems/{uid}").json()
    return found


def events(world: World, title: str = "WATCHER") -> list[dict]:
    told = world.workitems.waiting(AETitle(title), tenant=WEST)
    world.workitems.told([one.number for one in told], tenant=WEST)
    return [json.loads(one.content) for one in told]


def value(event: dict, tag: str) -> object:
    return event[tag]["Value"][0]


def test_what_is_created_is_retrieved_without_a_transaction(client) -> None:
    made = make(client)

    found = held(client)
    assert made.status_code == 201
    assert made.headers["location"] == f"http://node/dicomweb{ITEM}"
    assert "warning" not in made.headers
    assert value(found, "00741000") == "SCHEDULED"
    assert value(found, "00080018") == UID
    assert found["00741216"] == {"vr": "SQ"}
    assert "00081195" not in found
    assert value(found, "00100010") == {"Alphabetic": "TEST-Léveillé^Aimée"}


def test_the_uid_may_be_named_or_left_to_the_server(client) -> None:
    body = dataset_json(scheduled())
    named = client.post(f"/workitems?workitem={UID}", content=body, headers=JSON)
    fresh = client.post("/workitems", content=b"[" + body + b"]", headers=JSON)

    assert named.headers["location"].endswith(UID)
    assert fresh.status_code == 201
    assert client.get(fresh.headers["location"]).status_code == 200


def test_a_value_the_server_adds_is_told(client) -> None:
    made = make(client, t00741202="")

    assert "created with modifications" in made.headers["warning"]
    assert value(held(client), "00741202") == "DEFAULT"


@pytest.mark.parametrize(
    "texts",
    [
        {"t00741000": "IN PROGRESS"},
        {"t00741200": "URGENT"},
        {"t00741204": ""},
        {"t00081195": OURS},
        {"t00080018": "2.25.33"},
    ],
)
def test_what_is_no_new_workitem_is_refused(client, texts) -> None:
    assert make(client, **texts).status_code == 400


def test_the_same_uid_is_created_once(client) -> None:
    make(client)

    assert make(client).status_code == 409


def test_a_step_is_claimed_told_of_and_completed(client) -> None:
    make(client)

    assert state(client, "IN PROGRESS").status_code == 200
    assert update(client, COMPLETED, OURS).status_code == 200
    assert state(client, "COMPLETED").status_code == 200
    again = state(client, "COMPLETED")
    assert again.status_code == 200
    assert "already in the requested state of COMPLETED" in again.headers["warning"]
    assert value(held(client), "00741000") == "COMPLETED"


@pytest.mark.parametrize(
    ("wanted", "transaction", "status", "said"),
    [
        ("IN PROGRESS", "", 400, "The Transaction UID is missing."),
        ("COMPLETED", OTHER, 400, "The Transaction UID is incorrect."),
        ("IN PROGRESS", OTHER, 409, "inconsistent with the current state"),
        ("COMPLETED", OURS, 409, "inconsistent with the current state"),
        ("SCHEDULED", OURS, 400, "inconsistent with the current state"),
    ],
)
def test_what_a_claimed_step_refuses_is_warned_of(
    client, wanted, transaction, status, said
) -> None:
    make(client)
    state(client, "IN PROGRESS")

    answer = state(client, wanted, transaction)

    assert answer.status_code == status
    assert said in answer.headers["warning"]


def test_an_update_is_of_the_performer_once_claimed(client) -> None:
    make(client)
    changes = DataSet.from_texts({0x00741204: "TEST other"})
    before = update(client, changes, OURS)
    free = update(client, changes)
    state(client, "IN PROGRESS")

    refused = [update(client, DataSet(), one) for one in ("", OTHER)]

    assert before.status_code == 409
    assert "did not reference a claimed Workitem" in before.headers["warning"]
    assert free.status_code == 200
    assert [one.status_code for one in refused] == [400, 400]
    assert value(held(client), "00741204") == "TEST other"


@pytest.mark.parametrize("tag", [0x00100010, 0x00741000, 0x00080018])
def test_an_update_does_not_make_it_another_patients(client, tag) -> None:
    make(client)
    text = "COMPLETED" if tag == 0x00741000 else "2.25.5"

    assert update(client, DataSet.from_texts({tag: text})).status_code == 400


def test_nothing_of_an_ended_step_changes(client) -> None:
    make(client)
    client.post(f"{ITEM}/cancelrequest")

    answer = update(client, DataSet.from_texts({0x00741204: "TEST late"}))

    assert answer.status_code == 400
    assert "inconsistent with the current state" in answer.headers["warning"]


def test_a_cancellation_of_what_nobody_claimed_is_done(client, world) -> None:
    make(client)
    client.post(f"{ITEM}/subscribers/WATCHER")
    events(world)
    reason = dataset_json(DataSet.from_texts({0x00741238: "TEST not needed"}))

    asked = client.post(f"{ITEM}/cancelrequest/ASKER", content=reason, headers=JSON)
    again = client.post(f"{ITEM}/cancelrequest")

    assert (asked.status_code, again.status_code) == (202, 202)
    assert "already in the requested state of CANCELED" in again.headers["warning"]
    assert [value(one, "00741000") for one in events(world)] == ["IN PROGRESS", "CANCELED"]


def test_a_cancellation_of_what_is_in_progress_is_told_and_of_what_is_done_refused(
    client, world
) -> None:
    make(client)
    state(client, "IN PROGRESS")
    client.post(f"{ITEM}/subscribers/WATCHER")
    events(world)

    asked = client.post(f"{ITEM}/cancelrequest/ASKER")

    (told,) = events(world)
    assert asked.status_code == 202
    assert (value(told, "00001002"), value(told, "00741236")) == (2, "ASKER")
    update(client, {**COMPLETED, **CANCELED}, OURS)
    state(client, "COMPLETED")
    assert client.post(f"{ITEM}/cancelrequest").status_code == 409


def test_a_search_matches_within_sequences_and_gives_pages(client) -> None:
    for number in range(3):
        make(client, f"2.25.9{number}", t00404005=f"2026112423{number}000")
    make(client, "2.25.8", t00100020="TEST-0008", t00404005="20261123")

    def found(**keys) -> list[str]:
        answer = client.get("/workitems", params=keys)
        return [value(one, "00080018") for one in answer.json()] if answer.content else []

    assert found() == ["2.25.8", "2.25.90", "2.25.91", "2.25.92"]
    assert found(PatientID="TEST-0008") == ["2.25.8"]
    assert len(found(**{"ScheduledWorkitemCodeSequence.CodeValue": "110005"})) == 4
    assert found(**{"00404018.00080100": "110006"}) == []
    assert found(ScheduledProcedureStepStartDateTime="202611242310-") == ["2.25.91", "2.25.92"]
    assert found(limit="1", offset="1") == ["2.25.90"]
    assert found(ProcedureStepState="COMPLETED") == []
    assert "more results" in client.get("/workitems?limit=1").headers["warning"]
    assert client.get(f"/workitems?00081195={OURS}").status_code == 400


def test_workitems_leave_and_come_as_xml(client) -> None:
    make(client)
    asked = {"Accept": "application/dicom+xml"}
    one = client.get(ITEM, headers=asked)
    parts = client.get(
        "/workitems", headers={"Accept": 'multipart/related; type="application/dicom+xml"'}
    )

    made = client.post(
        "/workitems?2.25.7",
        content=one.content.replace(UID.encode(), b"2.25.7"),
        headers={"Content-Type": "application/dicom+xml"},
    )

    assert one.content.count(b"<NativeDicomModel") == 1
    assert parts.content.count(b"<NativeDicomModel") == 1
    assert made.status_code == 201
    assert value(held(client, "2.25.7"), "00741204") == "TEST interpretation"


def test_one_watches_a_step_from_how_it_stands_to_its_end(client, world) -> None:
    make(client)

    answer = client.post(f"{ITEM}/subscribers/WATCHER?deletionlock=true")
    state(client, "IN PROGRESS")
    update(client, CANCELED, OURS)
    state(client, "CANCELED")

    assert answer.status_code == 201
    assert answer.headers["content-location"] == "ws://node/dicomweb/subscribers/WATCHER"
    told = events(world)
    assert [value(one, "00001002") for one in told] == [1, 1, 3, 1]
    assert {value(one, "00001000") for one in told} == {UID}
    assert value(told[-1], "00741000") == "CANCELED"
    client.delete(f"{ITEM}/subscribers/WATCHER")
    client.post(f"{ITEM}/cancelrequest")
    assert events(world) == []


def test_one_watches_all_steps_until_one_suspends_or_ends_it(client, world) -> None:
    make(client, "2.25.91")
    client.post(f"/workitems/{GLOBAL}/subscribers/WATCHER")
    make(client, "2.25.92")
    first = [value(one, "00001000") for one in events(world)]

    suspended = client.post(f"/workitems/{GLOBAL}/subscribers/WATCHER/suspend")
    make(client, "2.25.93")
    client.post("/workitems/2.25.91/cancelrequest")
    second = {value(one, "00001000") for one in events(world)}
    client.delete(f"/workitems/{GLOBAL}/subscribers/WATCHER")
    client.post("/workitems/2.25.92/cancelrequest")

    assert first == ["2.25.91", "2.25.92"]
    assert suspended.status_code == 200
    assert second == {"2.25.91"}
    assert events(world) == []
    again = client.post(f"/workitems/{GLOBAL}/subscribers/WATCHER/suspend")
    assert again.status_code == 404


def test_a_filter_chooses_those_that_match_and_those_that_come_to_match(client, world) -> None:
    make(client, "2.25.91", t00741202="TEST other")
    make(client, "2.25.92")
    answer = client.post(
        f"/workitems/{FILTERED_GLOBAL}/subscribers/WATCHER",
        params={"filter": "WorklistLabel=TEST list"},
    )
    make(client, "2.25.93")
    make(client, "2.25.94", t00741202="TEST other")
    chosen = [value(one, "00001000") for one in events(world)]

    changes = dataset_json(DataSet.from_texts({0x00741202: "TEST list"}))
    client.post("/workitems/2.25.91", content=changes, headers=JSON)

    assert answer.status_code == 201
    assert chosen == ["2.25.92", "2.25.93"]
    assert [value(one, "00001000") for one in events(world)] == ["2.25.91"]
    bare = client.post(f"/workitems/{FILTERED_GLOBAL}/subscribers/WATCHER")
    assert bare.status_code == 400


def test_what_is_not_there_is_not_found_and_who_may_not_is_refused(client, world) -> None:
    assert client.get("/workitems/2.25.404").status_code == 404
    assert state(client, "IN PROGRESS").status_code == 404
    assert client.post(f"{ITEM}/subscribers/WATCHER").status_code == 404
    assert client.delete(f"{ITEM}/subscribers/WATCHER").status_code == 404
    for who, status in (("east", 204), ("nobody", 401)):
        with world.client(who) as other:
            assert other.get("/workitems").status_code == status
    foreign = client.post("/workitems", content=b"{}", headers={**JSON, "Origin": "http://evil"})
    assert foreign.status_code == 403
    assert client.post("/workitems", content=b"x", headers=JSON).status_code == 400
    big = client.post("/workitems", content=b"x" * (5 << 20), headers=JSON)
    assert big.status_code == 413


def test_each_request_is_audited_without_the_patient(client, world) -> None:
    make(client)
    state(client, "IN PROGRESS")
    client.get(ITEM)
    client.get("/workitems?PatientID=TEST-0007")

    told = world.audit.entries
    assert [one.action for one in told] == [
        *(Action.CHANGE, Action.CHANGE, Action.READ, Action.QUERY),
    ]
    assert "TEST-0007" not in "".join(one.subject + one.detail for one in told)
