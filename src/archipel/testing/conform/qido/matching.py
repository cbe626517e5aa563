"""Matching on attributes (PS3.18 section 8.3.4.1, PS3.4 section C.2.2.2).

Each search is confined to the run's own studies by the patient's identifier or the study's UID,
asked once with a value that matches and once with one that does not.
"""

from dataclasses import dataclass

from archipel.testing.conform.model import Group, NotOffered, Run, Trial, claim
from archipel.testing.conform.phantoms import (
    CT_IMAGE,
    MR_IMAGE,
    Sent,
    fresh_uid,
    series_path,
    study_path,
)

group = Group("match", "QIDO-RS: matching")


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a search, a value that matches and one that does not.

    `{run}` stands for the run's word, `{study}` and the like for UIDs, `{fresh}` for one
    that nobody knows.
    """

    name: str
    key: str
    hit: str
    miss: str

    def fill(self, value: str, sent: Sent) -> str:
        """Write a value of this run."""
        slice_ = sent.slices[0]
        return value.format(
            run=sent.run,
            study=slice_.StudyInstanceUID,
            series=slice_.SeriesInstanceUID,
            instance=slice_.SOPInstanceUID,
            fresh=fresh_uid(),
        )


_REQUEST = "RequestAttributesSequence"
_STEP = "PerformedProcedureStepStart"
KEYS: dict[str, tuple[Key, ...]] = {
    "studies": (
        Key("study-date", "StudyDate", "20240215", "20240216"),
        Key("study-date-range", "StudyDate", "20240101-20240301", "20230101-20240214"),
        Key("study-date-from", "StudyDate", "20240215-", "20240216-"),
        Key("study-date-until", "StudyDate", "-20240215", "-20240214"),
        Key("study-time", "StudyTime", "093015", "093016"),
        Key("study-time-range", "StudyTime", "090000-100000", "100000-110000"),
        Key("accession", "AccessionNumber", "{run}A", "{run}X"),
        Key("modalities-in-study", "ModalitiesInStudy", "CT", "NM"),
        Key("referring", "ReferringPhysicianName", "TEST-{run}REF^Ada", "TEST-{run}REF^Zoé"),
        Key("referring-wildcard", "ReferringPhysicianName", "TEST-{run}REF*", "*^Zoé*"),
        Key("name", "PatientName", "TEST-{run}^Éloïse", "TEST-{run}^Marcel"),
        Key("name-star", "PatientName", "TEST-{run}*", "TEST-X{run}*"),
        Key("name-mark", "PatientName", "TEST-{run}^?lo?se", "TEST-{run}^?lo?s"),
        Key("patient-id", "PatientID", "TEST-{run}-A", "TEST-{run}-X"),
        Key("patient-id-wildcard", "PatientID", "TEST-{run}-?", "TEST-{run}-??"),
        Key("study-uid", "StudyInstanceUID", "{study}", "{fresh}"),
        Key("study-id", "StudyID", "S{run}A", "S{run}X"),
        Key("by-tag", "00100020", "TEST-{run}-A", "TEST-{run}-X"),
        Key("empty-is-universal", "AccessionNumber", "", "{run}X"),
    ),
    "series": (
        Key("modality", "Modality", "CT", "NM"),
        Key("series-uid", "SeriesInstanceUID", "{series}", "{fresh}"),
        Key("series-number", "SeriesNumber", "1", "9"),
        Key("step-start-date", f"{_STEP}Date", "20240215", "20240216"),
        Key("step-start-time", f"{_STEP}Time", "093100", "093200"),
        Key("step-nested", f"{_REQUEST}.ScheduledProcedureStepID", "SPS{run}", "SPSX{run}"),
        Key("procedure-nested", f"{_REQUEST}.RequestedProcedureID", "RP{run}", "RPX{run}"),
        Key("nested-by-tags", "00400275.00400009", "SPS{run}", "SPSX{run}"),
    ),
    "instances": (
        Key("sop-class", "SOPClassUID", CT_IMAGE, MR_IMAGE),
        Key("sop-instance", "SOPInstanceUID", "{instance}", "{fresh}"),
        Key("instance-number", "InstanceNumber", "1", "9"),
    ),
}


def _run(level: str, key: Key) -> Run:
    def run(trial: Trial) -> None:
        sent = trial.sent
        first = sent.slices[0]
        path = {
            "studies": "/studies",
            "series": f"{study_path(first)}/series",
            "instances": f"{series_path(first)}/instances",
        }[level]
        confined = []
        if level == "studies" and key.key != "StudyInstanceUID":
            confined = [("StudyInstanceUID", first.StudyInstanceUID)]
        for value, expected in ((key.hit, True), (key.miss, False)):
            found = trial.server.search(path, [*confined, (key.key, key.fill(value, sent))])
            claim(
                bool(found) is expected,
                f"{len(found)} found by {key.key} where {'some' if expected else 'none'} match",
            )

    return run


for _level, _keys in KEYS.items():
    for _key in _keys:
        group.add(
            _key.name,
            "8.3.4.1",
            f"{_level} are matched by `{_key.key}={_key.hit}`, and not by `{_key.miss}`",
            _run(_level, _key),
        )


@group.must("8.3.4.1", "a list of UIDs, separated by commas, finds each of them")
def uid_list(trial: Trial) -> None:
    """Search for both studies at once."""
    uids = (trial.sent.cine.StudyInstanceUID, trial.sent.other.StudyInstanceUID)
    found = trial.server.search("/studies", {"StudyInstanceUID": ",".join(uids)})
    claim(len(found) == 2, f"{len(found)} studies were found, not 2")


@group.must("8.3.4.1", "a value that is percent-encoded is decoded (RFC 3986 section 2.1)")
def percent_encoding(trial: Trial) -> None:
    """Search by an identifier whose hyphens are encoded."""
    encoded = trial.sent.cine.PatientID.replace("-", "%2D")
    found = trial.server.search(f"/studies?PatientID={encoded}", ())
    claim(len(found) == 1, f"{len(found)} studies were found, not 1")


@group.must("8.3.4.1", "all keys of a search must match")
def keys_are_joined(trial: Trial) -> None:
    """Search by one patient's identifier and the other's study date."""
    pairs = {"PatientID": trial.sent.cine.PatientID, "StudyDate": trial.sent.other.StudyDate}
    found = trial.server.search("/studies", pairs)
    claim(not found, "a study was found that matches one of two keys")


@group.must("8.3.4.1", "a wildcard finds the studies of both patients")
def wildcard_finds_both(trial: Trial) -> None:
    """Search by the part that both names share."""
    found = trial.server.search("/studies", {"PatientName": f"TEST-{trial.sent.run}*"})
    claim(len(found) == 2, f"{len(found)} studies were found, not 2")


@group.must("10.6.1.2.3", "`/instances` is matched by attributes of study and series too")
def upper_levels(trial: Trial) -> None:
    """Search for instances by the patient and the modality."""
    pairs = {"PatientID": trial.sent.cine.PatientID, "Modality": "CT"}
    found = trial.server.search("/instances", pairs)
    claim(len(found) == 3, f"{len(found)} instances were found, not 3")


@group.must("8.3.4.2", "`fuzzymatching=true` matches, or a Warning 299 says that it is not done")
def fuzzy(trial: Trial) -> None:
    """Search with fuzzy matching by the name as it is written."""
    pairs = {"PatientName": f"TEST-{trial.sent.run}^Éloïse", "fuzzymatching": "true"}
    found = trial.server.get("/studies", pairs, accept="application/dicom+json").wanted()
    warned = "299" in found.headers.get("warning", "")
    claim(found.datasets() or warned, "nothing was found and no Warning says why")


@group.may("8.3.4.2", "fuzzy matching finds a name in another order, without accents")
def fuzzy_without_accents(trial: Trial) -> None:
    """Search for a name as somebody hears it."""
    pairs = {"PatientName": f"eloise test-{trial.sent.run.lower()}", "fuzzymatching": "true"}
    answer = trial.server.get("/studies", pairs, accept="application/dicom+json").wanted(200, 204)
    if "299" in answer.headers.get("warning", ""):
        raise NotOffered("a Warning says that names are matched literally")
    claim(len(answer.datasets()) == 1, "the study was not found")


@group.must("8.3.4.2", "`fuzzymatching=false` matches literally")
def not_fuzzy(trial: Trial) -> None:
    """Search without fuzzy matching."""
    pairs = {"PatientID": trial.sent.cine.PatientID, "fuzzymatching": "false"}
    claim(len(trial.server.search("/studies", pairs)) == 1, "the study was not found")


@group.may("8.3.4.6", "`multiplevaluematching=true` finds any value of a list")
def multiple_values(trial: Trial) -> None:
    """Search for two accession numbers at once."""
    both = f"{trial.sent.cine.AccessionNumber},{trial.sent.other.AccessionNumber}"
    pairs = {"AccessionNumber": both, "multiplevaluematching": "true"}
    answer = trial.server.get("/studies", pairs, accept="application/dicom+json").wanted(200, 204)
    found = len(answer.datasets())
    if not found:
        raise NotOffered("the list was matched as one literal value")
    claim(found == 2, f"{found} studies were found, not 2")


@group.may("8.3.4.5", "`emptyvaluematching=true` finds what has no value")
def empty_values(trial: Trial) -> None:
    """Search the series for those without a laterality, then for one that has a modality."""
    path = f"{study_path(trial.sent.cine)}/series"
    pairs = {"emptyvaluematching": "true", "PerformedProcedureStepStartDate": '""'}
    answer = trial.server.get(path, pairs, accept="application/dicom+json").wanted(200, 204)
    found = len(answer.datasets())
    if not found:
        raise NotOffered("nothing was found by an empty value")
    claim(found == 3, f"{found} series were found without a value, not 3")
