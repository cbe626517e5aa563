"""The six search resources, their media types and the answer when nothing is found."""

from archipel.testing.conform.model import Group, Trial, claim
from archipel.testing.conform.phantoms import fresh_uid, series_path, study_path
from archipel.testing.conform.server import JSON, XML, related

group = Group("qido", "QIDO-RS: resources and media types")


def _own(trial: Trial) -> list[tuple[str, str]]:
    return [("StudyInstanceUID", trial.sent.slices[0].StudyInstanceUID)]


@group.must("10.6.1.1", "`/studies` is searched, one study is found by its UID")
def studies(trial: Trial) -> None:
    """Search for studies."""
    found = trial.server.search("/studies", _own(trial))
    claim(len(found) == 1, f"{len(found)} studies were found, 1 was stored")


@group.must("10.6.1.1", "`/studies/{study}/series` lists the series of a study")
def series_of_a_study(trial: Trial) -> None:
    """Search below a study."""
    found = trial.server.search(f"{study_path(trial.sent.cine)}/series", ())
    claim(len(found) == 4, f"{len(found)} series were found, 4 were stored")


@group.must("10.6.1.1", "`/studies/{study}/series/{series}/instances` lists the instances")
def instances_of_a_series(trial: Trial) -> None:
    """Search below a series."""
    found = trial.server.search(f"{series_path(trial.sent.slices[0])}/instances", ())
    claim(len(found) == len(trial.sent.slices), f"{len(found)} instances were found, not 3")


@group.must("10.6.1.1", "`/studies/{study}/instances` lists the instances of all its series")
def instances_of_a_study(trial: Trial) -> None:
    """Search below a study, relationally."""
    found = trial.server.search(f"{study_path(trial.sent.cine)}/instances", ())
    claim(len(found) == len(trial.sent.first), f"{len(found)} instances were found, not 6")


@group.must("10.6.1.1", "`/series` is searched over all studies")
def series_anywhere(trial: Trial) -> None:
    """Search for series wherever they are."""
    found = trial.server.search("/series", _own(trial))
    claim(len(found) == 4, f"{len(found)} series were found, 4 were stored")


@group.must("10.6.1.1", "`/instances` is searched over all studies")
def instances_anywhere(trial: Trial) -> None:
    """Search for instances wherever they are."""
    found = trial.server.search("/instances", _own(trial))
    claim(len(found) == len(trial.sent.first), f"{len(found)} instances were found, not 6")


@group.must("10.6.3.1", "a search that finds nothing answers 204 without content")
def nothing_is_204(trial: Trial) -> None:
    """Search for what is not there."""
    answer = trial.server.get("/studies", {"StudyInstanceUID": fresh_uid()}, accept=JSON)
    answer.wanted(204)
    claim(not answer.body, "204 has a body")


@group.must("10.6.3.1", "the series of an unknown study are none, or the study is not found")
def nothing_below_nothing(trial: Trial) -> None:
    """Search below what is not there."""
    answer = trial.server.get(f"/studies/{fresh_uid()}/series", accept=JSON)
    claim(
        answer.wanted(200, 204, 404).status == 404 or not answer.datasets(), "something was found"
    )


@group.must("10.6.4", "without an Accept header the answer is `application/dicom+json`")
def json_is_the_default(trial: Trial) -> None:
    """Say nothing of media types."""
    trial.server.get("/studies", _own(trial), accept="*/*").wanted().of(JSON)


@group.must("8.7.3.2", "`application/dicom+json` is answered under its own name")
def json_as_asked(trial: Trial) -> None:
    """Ask for JSON."""
    trial.server.get("/studies", _own(trial), accept=JSON).wanted().of(JSON)


@group.must("8.7.3.2", "`application/json` is understood as DICOM JSON")
def plain_json(trial: Trial) -> None:
    """Ask for JSON by its plain name."""
    answer = trial.server.get("/studies", _own(trial), accept="application/json")
    claim(answer.wanted().of("application/json", JSON).datasets(), "nothing was found")


@group.must("10.6.4", "results leave as parts of `application/dicom+xml`, one each")
def xml_as_asked(trial: Trial) -> None:
    """Ask for XML."""
    path = f"{study_path(trial.sent.cine)}/series"
    parts = trial.server.get(path, accept=related(XML)).wanted().parts()
    claim(len(parts) == 4, f"{len(parts)} parts for 4 series")
    claim(all(part.kind == XML for part in parts), "a part is not application/dicom+xml")
    claim(all(b"NativeDicomModel" in part.content for part in parts), "a part is no Native model")


@group.must("8.7.8", "the media type liked best is chosen")
def quality_is_minded(trial: Trial) -> None:
    """Ask for two media types."""
    accept = f"{related(XML)}; q=0.1, {JSON}; q=0.9"
    trial.server.get("/studies", _own(trial), accept=accept).wanted().of(JSON)


@group.must("8.7.8", "media types that cannot be made are refused with 406")
def unacceptable(trial: Trial) -> None:
    """Ask for something that no search answers."""
    trial.server.get("/studies", _own(trial), accept="text/csv").wanted(406)


@group.must("8.3.3.1", "the query parameter `accept` counts as the header does")
def accept_as_a_parameter(trial: Trial) -> None:
    """Say the media type in the query."""
    pairs = [*_own(trial), ("accept", JSON)]
    trial.server.get("/studies", pairs, accept="*/*").wanted().of(JSON)


@group.may("8.9", "`/studies/count` tells how many match (an extension; not in PS3.18)")
def count(trial: Trial) -> None:
    """Count the matches."""
    answer = trial.server.get("/studies/count", _own(trial), accept="application/json")
    claim(answer.wanted().json() == {"count": 1}, "the count is not 1")
