"""Bulk data and pixel data resources (PS3.18 sections 10.4.1.1.5 and 10.4.1.1.6)."""

from pydicom.dataset import Dataset

from archipel.testing.conform.model import Group, NotOffered, Trial, claim
from archipel.testing.conform.phantoms import (
    PDF,
    instance_path,
    ramp,
    series_path,
    study_path,
)
from archipel.testing.conform.server import JSON, OCTETS, Answer, related

group = Group("bulk", "WADO-RS: bulk data")


def _reference(trial: Trial, held: Dataset, tag: str) -> str:
    answer = trial.server.get(f"{instance_path(held)}/metadata", accept=JSON).wanted()
    element = answer.datasets()[0].get(tag, {})
    claim("BulkDataURI" in element or "InlineBinary" in element, f"{tag} is not told of")
    if "BulkDataURI" not in element:
        raise NotOffered(f"{tag} is inline")
    return trial.server.at(element["BulkDataURI"], answer)


def _value(answer: Answer) -> bytes:
    return answer.body if answer.kind == OCTETS else answer.parts()[0].content


@group.must("10.4.1.1.5", "a BulkDataURI leads to the pixels of a slice")
def pixels(trial: Trial) -> None:
    """Follow the reference of Pixel Data."""
    url = _reference(trial, trial.sent.slices[0], "7FE00010")
    answer = trial.server.get(url, accept=related(OCTETS)).wanted()
    claim(_value(answer) == ramp(1).tobytes(), "the pixels differ")


@group.may("10.4.1.1.5", "a BulkDataURI leads to the bytes of a document")
def document(trial: Trial) -> None:
    """Follow the reference of the PDF."""
    url = _reference(trial, trial.sent.document, "00420011")
    answer = trial.server.get(url, accept=related(OCTETS)).wanted()
    claim(_value(answer).rstrip(b"\0") == PDF.rstrip(b"\0"), "the document differs")


@group.may("10.4.4", "one value leaves alone as `application/octet-stream`")
def alone(trial: Trial) -> None:
    """Follow a reference and ask for no parts."""
    url = _reference(trial, trial.sent.slices[0], "7FE00010")
    answer = trial.server.get(url, accept=OCTETS).wanted().of(OCTETS)
    claim(answer.body == ramp(1).tobytes(), "the pixels differ")


@group.may("8.4", "a range of bulk data leaves as 206")
def partial(trial: Trial) -> None:
    """Follow a reference and ask for a piece."""
    url = _reference(trial, trial.sent.slices[0], "7FE00010")
    answer = trial.server.get(url, accept=OCTETS, Range="bytes=2-9").wanted(200, 206)
    if answer.status == 200:
        raise NotOffered("the range was passed over")
    claim(answer.body == ramp(1).tobytes()[2:10], "another piece came")


@group.must("10.4.3.1", "bulk data that is not there is 404")
def unknown(trial: Trial) -> None:
    """Ask for a value the slice has not."""
    path = f"{instance_path(trial.sent.slices[0])}/bulkdata/00420011"
    trial.server.get(path, accept=related(OCTETS)).wanted(404, 400)


def _resource(trial: Trial, path: str, expected: int) -> None:
    parts = trial.server.get(path, accept=related(OCTETS)).wanted().parts()
    claim(len(parts) >= expected, f"{len(parts)} parts, at least {expected} were expected")


@group.may("10.4.1.1.5", "`/studies/{study}/bulkdata` gives all bulk data of a study")
def of_a_study(trial: Trial) -> None:
    """Ask at study level."""
    _resource(trial, f"{study_path(trial.sent.cine)}/bulkdata", 6)


@group.may("10.4.1.1.5", "`.../series/{series}/bulkdata` gives all bulk data of a series")
def of_a_series(trial: Trial) -> None:
    """Ask at series level."""
    _resource(trial, f"{series_path(trial.sent.slices[0])}/bulkdata", 3)


@group.may("10.4.1.1.5", "`.../instances/{instance}/bulkdata` gives all bulk data of an instance")
def of_an_instance(trial: Trial) -> None:
    """Ask at instance level."""
    _resource(trial, f"{instance_path(trial.sent.slices[0])}/bulkdata", 1)


@group.may("10.4.1.1.6", "`/studies/{study}/pixeldata` gives the pixels of a study")
def pixels_of_a_study(trial: Trial) -> None:
    """Ask at study level."""
    _resource(trial, f"{study_path(trial.sent.cine)}/pixeldata", 5)


@group.may("10.4.1.1.6", "`.../series/{series}/pixeldata` gives the pixels of a series")
def pixels_of_a_series(trial: Trial) -> None:
    """Ask at series level."""
    _resource(trial, f"{series_path(trial.sent.slices[0])}/pixeldata", 3)


@group.may("10.4.1.1.6", "`.../instances/{instance}/pixeldata` gives the pixels of an instance")
def pixels_of_an_instance(trial: Trial) -> None:
    """Ask at instance level."""
    path = f"{instance_path(trial.sent.slices[0])}/pixeldata"
    parts = trial.server.get(path, accept=related(OCTETS)).wanted().parts()
    claim(parts[0].content == ramp(1).tobytes(), "the pixels differ")
