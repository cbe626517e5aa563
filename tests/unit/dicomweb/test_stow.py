"""STOW-RS (PS3.18 section 10.5)."""

import pytest


def test_what_is_stored_comes_back_as_it_went_in(client, stored, apart) -> None:
    one = stored[0]

    answer = client.get(one.path, headers={"Accept": "application/dicom; transfer-syntax=*"})

    assert answer.status_code == 200
    assert answer.content == one.file


def test_the_answer_names_each_instance_and_its_study(client, new_slice, as_multipart) -> None:
    body, headers = as_multipart([new_slice().file, new_slice(number=2).file])

    answer = client.post("/studies", content=body, headers=headers)

    document = answer.json()
    assert answer.status_code == 200
    assert document["00081190"]["Value"] == ["http://node/dicomweb/studies/1.2.3"]
    references = document["00081199"]["Value"]
    assert [r["00081155"]["Value"][0] for r in references] == ["1.2.3.4.1", "1.2.3.4.2"]
    assert references[0]["00081190"]["Value"][0].endswith("/instances/1.2.3.4.1")
    assert "00081198" not in document


def test_storing_the_same_bytes_again_is_a_success(client, stored, as_multipart, world) -> None:
    body, headers = as_multipart([stored[0].file])

    answer = client.post("/studies", content=body, headers=headers)

    assert answer.status_code == 200
    assert len(world.archive.instances) == 3


def test_other_bytes_under_a_known_uid_are_a_conflict(
    client, stored, new_slice, as_multipart, world
) -> None:
    other = new_slice(number=1, texts={0x00200011: "9"})
    body, headers = as_multipart([other.file])

    answer = client.post("/studies", content=body, headers=headers)

    assert answer.status_code == 409
    failed = answer.json()["00081198"]["Value"]
    assert failed[0]["00081197"]["Value"] == [0x0111]
    assert len(world.archive.quarantined) == 1


def test_an_instance_of_another_study_is_refused_and_the_rest_kept(
    client, new_slice, as_multipart, world
) -> None:
    body, headers = as_multipart([new_slice().file, new_slice(study="1.2.9", number=2).file])

    answer = client.post("/studies/1.2.3", content=body, headers=headers)

    assert answer.status_code == 202
    failed = answer.json()["00081198"]["Value"]
    assert failed[0]["00081155"]["Value"] == ["1.2.3.4.2"]
    assert failed[0]["00081197"]["Value"] == [0xA900]
    assert len(world.archive.instances) == 1
    assert world.archive.abandoned == 1


@pytest.mark.parametrize("kept", [1, 140, 400, -40])
def test_a_body_cut_short_stores_nothing(client, new_slice, as_multipart, world, kept) -> None:
    body, headers = as_multipart([new_slice().file])

    answer = client.post("/studies", content=body[:kept], headers=headers)

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert world.archive.instances == {}


def test_whole_instances_before_the_cut_are_kept_and_said(
    client, new_slice, as_multipart, world
) -> None:
    body, headers = as_multipart([new_slice().file, new_slice(number=2).file])

    answer = client.post("/studies", content=body[:-60], headers=headers)

    assert answer.status_code == 202
    assert len(answer.json()["00081199"]["Value"]) == 1
    assert len(world.archive.instances) == 1


def test_rubbish_in_one_part_harms_no_other(client, new_slice, as_multipart, world) -> None:
    body, headers = as_multipart([b"no dicom" * 40, new_slice().file, b""])

    answer = client.post("/studies", content=body, headers=headers)

    assert answer.status_code == 202
    failures = answer.json()["0008119A"]["Value"]
    assert [f["00081197"]["Value"] for f in failures] == [[0xC000], [0xC000]]
    assert len(world.archive.instances) == 1


def test_one_file_alone_is_taken(client, new_slice) -> None:
    answer = client.post(
        "/studies", content=new_slice().file, headers={"Content-Type": "application/dicom"}
    )

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "kind", ["application/json", 'multipart/related; type="image/jpeg"; boundary=x', "text/plain"]
)
def test_another_media_type_is_not_taken(client, kind) -> None:
    answer = client.post("/studies", content=b"{}", headers={"Content-Type": kind})

    assert answer.status_code == 415


def test_a_multipart_without_boundary_makes_no_sense(client) -> None:
    kind = 'multipart/related; type="application/dicom"'

    answer = client.post("/studies", content=b"--", headers={"Content-Type": kind})

    assert answer.status_code == 400


def test_another_origins_page_cannot_store(client, new_slice, world) -> None:
    headers = {"Content-Type": "application/dicom", "Origin": "https://elsewhere.test"}

    answer = client.post("/studies", content=new_slice().file, headers=headers)

    assert answer.status_code == 403
    assert world.archive.instances == {}


def test_the_door_leaves_the_audit_of_what_comes_in_to_the_index(client, stored, world) -> None:
    received = [e for e in world.audit.entries if e.action.value == "receive"]

    assert received == []
