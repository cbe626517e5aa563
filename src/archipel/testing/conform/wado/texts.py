"""Metadata, JSON and XML (PS3.18 sections 10.4.1.1.2, annex F; PS3.19 annex A.1)."""

from typing import Any
from xml.etree import ElementTree as ET

from archipel.testing.conform.model import Group, NotOffered, Trial, claim
from archipel.testing.conform.phantoms import fresh_uid, instance_path, series_path, study_path
from archipel.testing.conform.server import JSON, XML, related

group = Group("metadata", "WADO-RS: metadata")
NAMESPACE = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"


def _first(trial: Trial) -> dict[str, Any]:
    path = f"{instance_path(trial.sent.slices[0])}/metadata"
    return trial.server.get(path, accept=JSON).wanted().datasets()[0]


def _count(trial: Trial, path: str, expected: int) -> None:
    answer = trial.server.get(f"{path}/metadata", accept=JSON).wanted().of(JSON)
    found = len(answer.datasets())
    claim(found == expected, f"{found} data sets, not {expected}")


@group.must("10.4.1.1.2", "metadata of a study: one data set for each instance")
def study(trial: Trial) -> None:
    """Ask at study level."""
    _count(trial, study_path(trial.sent.cine), 6)


@group.must("10.4.1.1.2", "metadata of a series: one data set for each instance")
def series(trial: Trial) -> None:
    """Ask at series level."""
    _count(trial, series_path(trial.sent.slices[0]), 3)


@group.must("10.4.1.1.2", "metadata of an instance: an array of one data set")
def instance(trial: Trial) -> None:
    """Ask at instance level."""
    _count(trial, instance_path(trial.sent.cine), 1)


@group.must("10.4.4", "without a wish, metadata leave as `application/dicom+json`")
def default_form(trial: Trial) -> None:
    """Say nothing of media types."""
    path = f"{instance_path(trial.sent.cine)}/metadata"
    trial.server.get(path, accept="*/*").wanted().of(JSON)


@group.must("10.4.4", "metadata leave as parts of `application/dicom+xml`")
def xml(trial: Trial) -> None:
    """Ask for XML of a series."""
    path = f"{series_path(trial.sent.slices[0])}/metadata"
    parts = trial.server.get(path, accept=related(XML)).wanted().parts()
    claim(len(parts) == 3, f"{len(parts)} parts for 3 instances")


@group.must("PS3.19 A.1.6", "the XML says keyword, tag and vr of each attribute")
def xml_attributes(trial: Trial) -> None:
    """Read the XML of a slice."""
    first = trial.sent.slices[0]
    path = f"{instance_path(first)}/metadata"
    part = trial.server.get(path, accept=related(XML)).wanted().parts()[0]
    root = ET.fromstring(part.content)  # noqa: S314  (of the server that is looked at)
    found = {a.get("tag"): a for a in root.iter(f"{NAMESPACE}DicomAttribute")}
    uid = found["0020000D"]
    claim(uid.get("vr") == "UI", "StudyInstanceUID is not of vr UI")
    claim(uid.get("keyword") == "StudyInstanceUID", "the keyword is not told")
    value = uid.find(f"{NAMESPACE}Value")
    claim(value is not None and value.text == first.StudyInstanceUID, "the UID is not as stored")
    claim(found["00100010"].find(f".//{NAMESPACE}FamilyName") is not None, "a name is not parted")


@group.must("F.2.2", "attributes are as stored: text, numbers, lists")
def values(trial: Trial) -> None:
    """Compare attributes of a slice."""
    found = _first(trial)
    claim(found["00080008"]["Value"] == ["ORIGINAL", "PRIMARY", "AXIAL"], "ImageType differs")
    claim(found["00280010"]["Value"] == [48], "Rows differs")
    spacing = [float(v) for v in found["00280030"]["Value"]]
    claim(spacing == [0.5, 0.75], "PixelSpacing differs")


@group.must("F.2.2", "a name keeps its accents, in UTF-8")
def name(trial: Trial) -> None:
    """Compare the patient's name."""
    expected = {"Alphabetic": str(trial.sent.cine.PatientName)}
    claim(_first(trial)["00100010"]["Value"] == [expected], "the name differs")


@group.must("F.2.5", "an empty attribute has a vr and no value")
def empty(trial: Trial) -> None:
    """Look at what was sent empty."""
    element = _first(trial)["00180010"]
    claim(element.get("vr") == "LO", "the vr is lost")
    claim(not element.get("Value"), "it has a value")


@group.must("F.2.4", "a sequence holds its items")
def sequence(trial: Trial) -> None:
    """Look at the request."""
    items = _first(trial)["00400275"]["Value"]
    claim(items[0]["00401001"]["Value"] == [f"RP{trial.sent.run}"], "the item differs")


@group.must("10.4.1.1.2", "pixel data are not within the metadata")
def no_pixels(trial: Trial) -> None:
    """Look at Pixel Data."""
    element = _first(trial).get("7FE00010", {})
    claim("InlineBinary" not in element and "Value" not in element, "the pixels are within")


@group.must("10.4.1.1.2", "pixel data are given by reference")
def pixels_by_reference(trial: Trial) -> None:
    """Look at Pixel Data for a BulkDataURI."""
    claim(_first(trial).get("7FE00010", {}).get("BulkDataURI"), "there is no BulkDataURI")


@group.must("F.2", "the file meta information is not within the metadata")
def no_meta(trial: Trial) -> None:
    """Look for group 2."""
    odd = [tag for tag in _first(trial) if tag.startswith("0002")]
    claim(not odd, f"{odd[:3]} are of the file, not of the data set")


@group.may("10.4.1.1.2", "the transfer syntax the server holds is told (0008,3002)")
def available_syntax(trial: Trial) -> None:
    """Look for Available Transfer Syntax UID."""
    if "00083002" not in _first(trial):
        raise NotOffered("(0008,3002) is left out")


@group.may("8.4.2", "metadata are compressed when gzip is accepted")
def gzip(trial: Trial) -> None:
    """Accept gzip."""
    path = f"{study_path(trial.sent.cine)}/metadata"
    answer = trial.server.get(path, accept=JSON, Accept_Encoding="gzip").wanted()
    if answer.headers.get("content-encoding") != "gzip":
        raise NotOffered("the answer is not compressed")
    claim(len(answer.datasets()) == 6, "the body is not whole")


@group.must("8.4.2", "metadata are not compressed for one who does not accept it")
def identity(trial: Trial) -> None:
    """Accept no coding."""
    path = f"{study_path(trial.sent.cine)}/metadata"
    answer = trial.server.get(path, accept=JSON, Accept_Encoding="identity").wanted()
    claim(answer.headers.get("content-encoding", "identity") == "identity", "it is compressed")


@group.must("10.4.3.1", "metadata of an unknown study are 404")
def unknown_study(trial: Trial) -> None:
    """Ask for what is not there."""
    trial.server.get(f"/studies/{fresh_uid()}/metadata", accept=JSON).wanted(404)


@group.must("10.4.3.1", "metadata of an unknown instance are 404")
def unknown_instance(trial: Trial) -> None:
    """Ask for what is not there, below what is."""
    path = f"{series_path(trial.sent.cine)}/instances/{fresh_uid()}/metadata"
    trial.server.get(path, accept=JSON).wanted(404)
