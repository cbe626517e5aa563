"""Which attributes a search answers: tables 10.6.3-3 to 10.6.3-5 of PS3.18, one check a row."""

from typing import Any

from archipel.testing.conform.model import Group, NotOffered, Run, Trial, claim
from archipel.testing.conform.phantoms import series_path, study_path
from archipel.testing.conform.server import JSON

group = Group("answer", "QIDO-RS: attributes of the answer")

STUDY: dict[str, tuple[str, str]] = {
    "00080020": ("StudyDate", "StudyDate"),
    "00080030": ("StudyTime", "StudyTime"),
    "00080050": ("AccessionNumber", "AccessionNumber"),
    "00080061": ("ModalitiesInStudy", ""),
    "00080090": ("ReferringPhysicianName", "ReferringPhysicianName"),
    "00081190": ("RetrieveURL", ""),
    "00100010": ("PatientName", "PatientName"),
    "00100020": ("PatientID", "PatientID"),
    "00100030": ("PatientBirthDate", "PatientBirthDate"),
    "00100040": ("PatientSex", "PatientSex"),
    "0020000D": ("StudyInstanceUID", "StudyInstanceUID"),
    "00200010": ("StudyID", "StudyID"),
    "00201206": ("NumberOfStudyRelatedSeries", ""),
    "00201208": ("NumberOfStudyRelatedInstances", ""),
}
SERIES: dict[str, tuple[str, str]] = {
    "00080060": ("Modality", "Modality"),
    "0008103E": ("SeriesDescription", "SeriesDescription"),
    "00081190": ("RetrieveURL", ""),
    "0020000E": ("SeriesInstanceUID", "SeriesInstanceUID"),
    "00200011": ("SeriesNumber", "SeriesNumber"),
    "00201209": ("NumberOfSeriesRelatedInstances", ""),
    "00400244": ("PerformedProcedureStepStartDate", "PerformedProcedureStepStartDate"),
    "00400245": ("PerformedProcedureStepStartTime", "PerformedProcedureStepStartTime"),
    "00400275": ("RequestAttributesSequence", ""),
}
INSTANCE: dict[str, tuple[str, str]] = {
    "00080016": ("SOPClassUID", "SOPClassUID"),
    "00080018": ("SOPInstanceUID", "SOPInstanceUID"),
    "00081190": ("RetrieveURL", ""),
    "00200013": ("InstanceNumber", "InstanceNumber"),
    "00280010": ("Rows", "Rows"),
    "00280011": ("Columns", "Columns"),
    "00280100": ("BitsAllocated", "BitsAllocated"),
}
COMPUTED: dict[str, list[Any]] = {
    "00080061": ["CT", "DOC", "OT", "US"],
    "00201206": [4],
    "00201208": [6],
    "00201209": [3],
}


def found_at(level: str, trial: Trial, extra: tuple[tuple[str, str], ...] = ()) -> dict[str, Any]:
    """Return what the search answers of the first slice at a level."""
    first = trial.sent.slices[0]
    path, pairs = {
        "study": ("/studies", [("StudyInstanceUID", first.StudyInstanceUID)]),
        "series": (
            f"{study_path(first)}/series",
            [("SeriesInstanceUID", first.SeriesInstanceUID)],
        ),
        "instance": (
            f"{series_path(first)}/instances",
            [("SOPInstanceUID", first.SOPInstanceUID)],
        ),
    }[level]
    found = trial.server.search(path, [*pairs, *extra])
    claim(len(found) == 1, f"{len(found)} were found, not 1")
    return found[0]


def plain(element: dict[str, Any]) -> list[str]:
    """Give the values of an element as texts; a name by its alphabetic group."""
    values = element.get("Value", [])
    return [str(v.get("Alphabetic", "") if isinstance(v, dict) else v) for v in values]


def _run(level: str, tag: str, name: str, own: str) -> Run:
    def run(trial: Trial) -> None:
        answer = found_at(level, trial)
        claim(tag in answer, f"{name} ({tag}) is not in the answer")
        values = plain(answer[tag])
        claim(values or own, f"{name} has no value")
        if own:
            expected = str(getattr(trial.sent.slices[0], own))
            claim(values == [expected], f"{name} is not what was stored")
        elif tag in COMPUTED:
            claim(sorted(values) == [str(v) for v in COMPUTED[tag]], f"{name} is {values}")

    return run


for _level, _table in (("study", STUDY), ("series", SERIES), ("instance", INSTANCE)):
    for _tag, (_name, _own) in _table.items():
        group.add(
            f"{_level}-{_name}",
            "10.6.3.3",
            f"at {_level} level `{_name}` ({_tag[:4]},{_tag[4:]}) is told, as stored or counted",
            _run(_level, _tag, _name, _own),
        )


@group.must("10.6.3.3", "an instance of several frames is answered with `NumberOfFrames`")
def number_of_frames(trial: Trial) -> None:
    """Search for the cine."""
    cine = trial.sent.cine
    found = trial.server.search(f"{series_path(cine)}/instances", ())
    claim(plain(found[0].get("00280008", {})) == ["5"], "NumberOfFrames is not 5")


@group.must("10.6.3.3", "`/studies/{study}/instances` answers attributes of the series too")
def relational_instances(trial: Trial) -> None:
    """Search for instances below a study."""
    found = trial.server.search(f"{study_path(trial.sent.cine)}/instances", ())
    claim(all("0020000E" in one and "00080060" in one for one in found), "a series is not told")


@group.must("10.6.3.3", "`/series` answers attributes of the study too")
def relational_series(trial: Trial) -> None:
    """Search for series anywhere."""
    uid = trial.sent.cine.StudyInstanceUID
    found = trial.server.search("/series", {"StudyInstanceUID": uid})
    claim(all("00100020" in one and "0020000D" in one for one in found), "a study is not told")


@group.must("10.6.3.3", "the Retrieve URL of a study leads to the study")
def retrieve_url(trial: Trial) -> None:
    """Follow the address that a search answers, to its metadata."""
    uid = trial.sent.other.StudyInstanceUID
    answer = trial.server.get("/studies", {"StudyInstanceUID": uid}, accept=JSON).wanted()
    url = trial.server.at(plain(answer.datasets()[0]["00081190"])[0], answer)
    claim(uid in url, "the address does not name the study")
    trial.server.get(f"{url}/metadata", accept=JSON).wanted()


@group.must("8.3.4.3", "`includefield` adds an attribute named by its keyword")
def include_by_keyword(trial: Trial) -> None:
    """Ask for one more attribute."""
    answer = found_at("study", trial, (("includefield", "StudyDescription"),))
    claim(plain(answer["00081030"]) == ["TEST conformance"], "StudyDescription is not told")


@group.must("8.3.4.3", "`includefield` adds an attribute named by its tag")
def include_by_tag(trial: Trial) -> None:
    """Ask for one more attribute by its tag."""
    answer = found_at("study", trial, (("includefield", "00081030"),))
    claim(plain(answer["00081030"]) == ["TEST conformance"], "StudyDescription is not told")


@group.must("8.3.4.3", "`includefield` takes a list, separated by commas")
def include_a_list(trial: Trial) -> None:
    """Ask for two more attributes."""
    answer = found_at("study", trial, (("includefield", "00081030,PatientAge"),))
    claim("00081030" in answer, "StudyDescription is not told")


@group.must("8.3.4.3", "`includefield` may be said several times")
def include_again(trial: Trial) -> None:
    """Ask for more attributes of an instance, one by one."""
    wishes = (("includefield", "ImageType"), ("includefield", "00280004"))
    answer = found_at("instance", trial, wishes)
    claim("00080008" in answer and "00280004" in answer, "one of two attributes is not told")


@group.must("8.3.4.3", "`includefield=all` adds all that the server has at this level")
def include_all(trial: Trial) -> None:
    """Ask for all."""
    answer = found_at("study", trial, (("includefield", "all"),))
    claim("00081030" in answer, "StudyDescription is not told")


@group.may("8.3.4.3", "`includefield` adds an attribute that no index holds")
def include_what_is_in_no_table(trial: Trial) -> None:
    """Ask for an attribute that is in no table of the standard."""
    answer = found_at("instance", trial, (("includefield", "PixelSpacing"),))
    if "00280030" not in answer:
        raise NotOffered("the answer leaves it out")
    claim(plain(answer["00280030"]) == ["0.5", "0.75"], "PixelSpacing is not as stored")


@group.may("8.3.4.3", "`includefield` takes the path of an attribute within a sequence")
def include_a_path(trial: Trial) -> None:
    """Ask for an attribute of the request."""
    path = "RequestAttributesSequence.RequestedProcedureID"
    answer = found_at("series", trial, (("includefield", path),))
    claim(f"RP{trial.sent.run}" in str(answer.get("00400275")), "the attribute is not told")
