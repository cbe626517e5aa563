"""QIDO-RS (PS3.18 section 10.6)."""

import pytest
from tests.unit.dicomweb.conftest import WEST, World, make_slice, multipart, visitor

from archipel.access.model import Action, Permission


def _uids(answer, tag: str) -> list[str]:
    return [dataset[tag]["Value"][0] for dataset in answer.json()]


@pytest.fixture
def studies(client, new_slice, as_multipart) -> None:
    slices = [
        new_slice(study="1.2.3", series="1.2.3.4", number=1),
        new_slice(study="1.2.3", series="1.2.3.4", number=2),
        new_slice(study="1.2.3", series="1.2.3.5", number=1, texts={0x00080060: "SR"}),
        new_slice(
            study="1.2.4",
            series="1.2.4.1",
            texts={0x00080020: "20250601", 0x00100010: "TEST-Durand^Paul", 0x00100020: "IPP-2"},
        ),
    ]
    body, headers = as_multipart([one.file for one in slices])
    assert client.post("/studies", content=body, headers=headers).status_code == 200


def test_a_study_has_what_the_standard_asks_for(client, studies) -> None:
    answer = client.get("/studies", params={"StudyInstanceUID": "1.2.3"})

    (study,) = answer.json()
    assert answer.headers["content-type"] == "application/dicom+json"
    assert study["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": "TEST-Éloïse^Zoé"}]}
    assert study["00080061"] == {"vr": "CS", "Value": ["CT", "SR"]}
    assert study["00201206"] == {"vr": "IS", "Value": [2]}
    assert study["00201208"] == {"vr": "IS", "Value": [3]}
    assert study["00081190"]["Value"] == ["http://node/dicomweb/studies/1.2.3"]
    assert study["00080056"]["Value"] == ["ONLINE"]


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({}, {"1.2.3", "1.2.4"}),
        ({"PatientID": "IPP-2"}, {"1.2.4"}),
        ({"00100020": "IPP-2"}, {"1.2.4"}),
        ({"PatientName": "TEST-DUR*"}, {"1.2.4"}),
        ({"StudyDate": "20260101-20261231"}, {"1.2.3"}),
        ({"StudyInstanceUID": "1.2.3,1.2.4"}, {"1.2.3", "1.2.4"}),
        ({"ModalitiesInStudy": "SR"}, {"1.2.3"}),
        ({"PatientID": ""}, {"1.2.3", "1.2.4"}),
    ],
)
def test_studies_are_found_by_their_keys(client, studies, params, found) -> None:
    answer = client.get("/studies", params=params)

    assert set(_uids(answer, "0020000D")) == found


def test_nothing_found_has_no_content(client, studies) -> None:
    answer = client.get("/studies", params={"PatientID": "IPP-NOBODY"})

    assert answer.status_code == 204
    assert answer.content == b""


def test_pages_follow_each_other_and_say_what_remains(client, studies) -> None:
    first = client.get("/studies", params={"limit": 1})
    second = client.get("/studies", params={"limit": 1, "offset": 1})
    beyond = client.get("/studies", params={"limit": 1, "offset": 2})

    assert "There are 1 additional results that can be requested" in first.headers["warning"]
    assert "warning" not in second.headers
    assert {*_uids(first, "0020000D"), *_uids(second, "0020000D")} == {"1.2.3", "1.2.4"}
    assert beyond.status_code == 204


def test_series_of_a_study(client, studies) -> None:
    answer = client.get("/studies/1.2.3/series")

    series = {one["0020000E"]["Value"][0]: one for one in answer.json()}
    assert set(series) == {"1.2.3.4", "1.2.3.5"}
    assert series["1.2.3.4"]["00201209"] == {"vr": "IS", "Value": [2]}
    assert series["1.2.3.4"]["0020000D"]["Value"] == ["1.2.3"]
    assert "00100010" not in series["1.2.3.4"]


def test_instances_of_a_series_tell_their_image(client, studies) -> None:
    answer = client.get("/studies/1.2.3/series/1.2.3.4/instances")

    first = answer.json()[0]
    assert _uids(answer, "00080018") == ["1.2.3.4.1", "1.2.3.4.2"]
    assert first["00280010"] == {"vr": "US", "Value": [24]}
    assert first["00081190"]["Value"][0].endswith("/series/1.2.3.4/instances/1.2.3.4.1")


@pytest.mark.parametrize("path", ["/series", "/instances", "/studies/1.2.3/instances"])
def test_relational_resources_add_the_levels_above(client, studies, path) -> None:
    answer = client.get(path, params={"PatientID": "IPP-1"})

    assert {one["00100020"]["Value"][0] for one in answer.json()} == {"IPP-1"}
    assert set(_uids(answer, "0020000D")) == {"1.2.3"}


def test_includefield_adds_and_all_adds_everything(client, studies) -> None:
    plain = client.get("/studies/1.2.3/series").json()[0]
    one = client.get("/studies/1.2.3/series", params={"includefield": "PatientID"}).json()[0]
    everything = client.get("/studies/1.2.3/series", params={"includefield": "all"}).json()[0]

    assert "00100020" not in plain
    assert one["00100020"]["Value"] == ["IPP-1"]
    assert everything["00080090"]["Value"] == [{"Alphabetic": "TEST-Référent^Anne"}]


@pytest.mark.parametrize(
    "query",
    [
        "PatientID=a&PatientID=b",
        "limit=many",
        "limit=-1",
        "fuzzymatching=perhaps",
        "includefield=all&includefield=PatientID",
        "No%20Keyword=1",
        "PatienID=1",
        "0010=1",
        "limit=1&limit=2",
        "&".join(f"0010{n:04X}=1" for n in range(70)),
    ],
)
def test_a_search_that_makes_no_sense_is_refused(client, query) -> None:
    answer = client.get(f"/studies?{query}")

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_key_that_is_not_indexed_is_told(client, studies) -> None:
    answer = client.get("/studies", params={"KVP": "120"})

    assert answer.status_code == 200
    assert "KVP" in answer.headers["warning"]


def test_answers_come_as_xml_when_asked(client, studies, apart) -> None:
    kind = 'multipart/related; type="application/dicom+xml"'

    answer = client.get("/studies", headers={"Accept": kind})

    parts = apart(answer.content, answer.headers["content-type"])
    assert len(parts) == 2
    assert "TEST-Éloïse" in b"".join(body for _, body in parts).decode()


def test_another_media_type_is_not_acceptable(client) -> None:
    assert client.get("/studies", headers={"Accept": "text/html"}).status_code == 406


def test_the_audit_tells_the_keys_and_never_their_values(client, studies, world) -> None:
    client.get("/studies", params={"PatientName": "TEST-DURAND*"})

    entry = world.audit.entries[-1]
    assert (entry.action.value, entry.subject) == ("query", "study search")
    assert entry.detail == "by 00100010"


def test_an_attribute_of_no_index_is_read_from_the_metadata_by_who_may_read_images() -> None:
    world = World()
    world.visitors["seer"] = visitor(WEST, frozenset({Permission.SEE_EXAMS}))
    one = make_slice(texts={0x00280030: "0.5\\0.75"})
    body, headers = multipart([one.file])
    asked = {"includefield": "PixelSpacing,00280030,PatientAge"}
    with world.client() as client, world.client("seer") as seer:
        client.post("/studies", content=body, headers=headers)
        before = len(world.audit.entries)

        read = client.get(f"/studies/{one.study}/instances", params=asked).json()
        seen = seer.get(f"/studies/{one.study}/instances", params=asked).json()
        studies = client.get("/studies", params=asked).json()

    assert read[0]["00280030"]["Value"] == [0.5, 0.75]
    assert "00280030" not in seen[0]
    assert "00280030" not in studies[0]
    actions = [entry.action for entry in world.audit.entries[before:]]
    assert actions.count(Action.READ) == 1


def test_a_field_that_is_no_attribute_is_refused() -> None:
    with World().client() as client:
        assert client.get("/studies", params={"includefield": "Weather"}).status_code == 400
