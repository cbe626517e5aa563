"""Instances as DICOM files (PS3.18 sections 10.4.1.1.1 and 10.4.3.3.1)."""

import io

from pydicom import dcmread
from pydicom.dataset import Dataset

from archipel.testing.conform.model import Group, NotOffered, Trial, claim
from archipel.testing.conform.phantoms import (
    EXPLICIT,
    RLE,
    fresh_uid,
    instance_path,
    part10,
    red,
    series_path,
    study_path,
)
from archipel.testing.conform.server import DICOM, Part, related

group = Group("instances", "WADO-RS: instances")
PREAMBLE = 132
JPEG_2000 = "1.2.840.10008.1.2.4.90"
IMPLICIT = "1.2.840.10008.1.2"


def read(content: bytes) -> Dataset:
    """Read a file. Raises `Failed` where it is none."""
    claim(content[128:PREAMBLE] == b"DICM", "a part is no DICOM file (PS3.10 section 7.1)")
    return dcmread(io.BytesIO(content))


def _parts(trial: Trial, path: str, accept: str = related(DICOM)) -> list[Part]:
    return trial.server.get(path, accept=accept).wanted().parts()


@group.must("10.4.1.1.1", "a study leaves as one part for each of its instances")
def study(trial: Trial) -> None:
    """Retrieve the first study."""
    parts = _parts(trial, study_path(trial.sent.cine))
    found = sorted(str(read(part.content).SOPInstanceUID) for part in parts)
    claim(found == sorted(str(one.SOPInstanceUID) for one in trial.sent.first), "not all of it")


@group.must("10.4.1.1.1", "a series leaves as one part for each of its instances")
def series(trial: Trial) -> None:
    """Retrieve the CT."""
    parts = _parts(trial, series_path(trial.sent.slices[0]))
    found = sorted(str(read(part.content).SOPInstanceUID) for part in parts)
    claim(found == sorted(str(one.SOPInstanceUID) for one in trial.sent.slices), "not all of it")


@group.must("10.4.1.1.1", "an instance leaves as one part")
def instance(trial: Trial) -> None:
    """Retrieve one slice."""
    first = trial.sent.slices[0]
    parts = _parts(trial, instance_path(first))
    claim(len(parts) == 1, f"{len(parts)} parts for one instance")
    claim(read(parts[0].content).SOPInstanceUID == first.SOPInstanceUID, "another instance came")


@group.must("10.4.4", "without a wish, instances leave as multipart/related of application/dicom")
def default_form(trial: Trial) -> None:
    """Say nothing of media types."""
    answer = trial.server.get(instance_path(trial.sent.slices[0]), accept="*/*").wanted()
    claim(answer.kind in {"multipart/related", DICOM}, f"it leaves as {answer.kind}")
    if answer.kind == "multipart/related":
        claim(answer.parts()[0].kind == DICOM, "a part is not application/dicom")


@group.must("8.6.1.2", "the Content-Type of the answer names the type of its parts")
def type_of_the_parts(trial: Trial) -> None:
    """Look at the head of the answer."""
    answer = trial.server.get(series_path(trial.sent.slices[0]), accept=related(DICOM)).wanted()
    claim("application/dicom" in answer.headers.get("content-type", ""), "it names no type")


@group.must("8.6.1.2", "each part has a Content-Type of its own")
def type_of_each_part(trial: Trial) -> None:
    """Look at the heads of the parts."""
    parts = _parts(trial, series_path(trial.sent.slices[0]))
    claim(all(part.kind == DICOM for part in parts), "a part is not application/dicom")


@group.must("8.7.3.5", "without a wish, the transfer syntax is Explicit VR Little Endian")
def default_transfer_syntax(trial: Trial) -> None:
    """Retrieve what is stored in RLE without naming a transfer syntax."""
    part = _parts(trial, instance_path(trial.sent.colour))[0]
    found = read(part.content)
    claim(found.file_meta.TransferSyntaxUID == EXPLICIT, "it left in another transfer syntax")
    claim(found.PixelData[: red().nbytes] == red().tobytes(), "the pixels are not as stored")


@group.must("8.7.3.5", "`transfer-syntax=*` leaves an instance in the syntax it came in")
def as_stored(trial: Trial) -> None:
    """Retrieve what is stored in RLE as it is stored."""
    part = _parts(trial, instance_path(trial.sent.colour), related(DICOM, "*"))[0]
    claim(read(part.content).file_meta.TransferSyntaxUID == RLE, "it was transcoded")


@group.must("8.7.3.5", "the transfer syntax that is named and stored is given")
def as_named(trial: Trial) -> None:
    """Retrieve what is stored in RLE in RLE."""
    part = _parts(trial, instance_path(trial.sent.colour), related(DICOM, RLE))[0]
    claim(read(part.content).file_meta.TransferSyntaxUID == RLE, "it left in another syntax")


@group.may("8.7.3.5", "Implicit VR Little Endian is made")
def implicit(trial: Trial) -> None:
    """Ask for the default transfer syntax of DICOM."""
    path = instance_path(trial.sent.slices[0])
    part = _parts(trial, path, related(DICOM, IMPLICIT))[0]
    claim(read(part.content).file_meta.TransferSyntaxUID == IMPLICIT, "it left in another syntax")


@group.may("8.7.3.5", "JPEG 2000 lossless is made of native pixels")
def jpeg_2000(trial: Trial) -> None:
    """Ask for a compressed transfer syntax."""
    path = instance_path(trial.sent.slices[0])
    part = _parts(trial, path, related(DICOM, JPEG_2000))[0]
    found = read(part.content).file_meta.TransferSyntaxUID
    if found == EXPLICIT:
        raise NotOffered("it left uncompressed")
    claim(found == JPEG_2000, "it left in another syntax")


@group.must("8.7.3.5", "the Content-Type of a part tells its transfer syntax")
def syntax_in_the_head(trial: Trial) -> None:
    """Look at the head of a part that is not in the default syntax."""
    part = _parts(trial, instance_path(trial.sent.colour), related(DICOM, "*"))[0]
    claim(part.transfer_syntax == RLE, f"the part says {part.transfer_syntax or 'nothing'}")


@group.must("10.4.3.3.1", "pixels are bit for bit as stored")
def pixels(trial: Trial) -> None:
    """Compare the pixels of each slice."""
    by_uid = {str(one.SOPInstanceUID): one for one in trial.sent.slices}
    for part in _parts(trial, series_path(trial.sent.slices[0])):
        found = read(part.content)
        claim(found.PixelData == by_uid[str(found.SOPInstanceUID)].PixelData, "pixels differ")


@group.must("10.4.3.3.1", "attributes are as stored, accents and empty values too")
def attributes(trial: Trial) -> None:
    """Compare some attributes of a slice."""
    first = trial.sent.slices[0]
    found = read(_parts(trial, instance_path(first))[0].content)
    claim(str(found.PatientName) == str(first.PatientName), "the name is not as stored")
    claim("ContrastBolusAgent" in found, "an empty attribute is lost")
    claim(found.RequestAttributesSequence == first.RequestAttributesSequence, "a sequence differs")
    claim(list(found.ImageType) == list(first.ImageType), "a list of values differs")


@group.may("10.4.4", "one instance leaves alone as `application/dicom`")
def alone(trial: Trial) -> None:
    """Ask for a file without parts."""
    first = trial.sent.slices[0]
    answer = trial.server.get(instance_path(first), accept=DICOM).wanted().of(DICOM)
    claim(read(answer.body).SOPInstanceUID == first.SOPInstanceUID, "another instance came")


@group.may("10.5.3", "a file as stored is the bytes that were sent")
def the_bytes_that_came(trial: Trial) -> None:
    """Compare a file with what was sent."""
    first = trial.sent.slices[0]
    part = _parts(trial, instance_path(first), related(DICOM, "*"))[0]
    if part.content != part10(first):
        raise NotOffered("the server wrote the file anew")


@group.may("10.4.4", "a study leaves as `application/zip` (Supplement 211)")
def zipped(trial: Trial) -> None:
    """Ask for an archive of files."""
    answer = trial.server.get(study_path(trial.sent.cine), accept="application/zip").wanted()
    claim(answer.body[:2] == b"PK", "the body is no zip")


@group.must("10.4.3.1", "an unknown study is 404")
def unknown_study(trial: Trial) -> None:
    """Retrieve what is not there."""
    trial.server.get(f"/studies/{fresh_uid()}", accept=related(DICOM)).wanted(404)


@group.must("10.4.3.1", "an unknown series is 404")
def unknown_series(trial: Trial) -> None:
    """Retrieve a series that is not there."""
    path = f"{study_path(trial.sent.cine)}/series/{fresh_uid()}"
    trial.server.get(path, accept=related(DICOM)).wanted(404)


@group.must("10.4.3.1", "an unknown instance is 404")
def unknown_instance(trial: Trial) -> None:
    """Retrieve an instance that is not there."""
    path = f"{series_path(trial.sent.cine)}/instances/{fresh_uid()}"
    trial.server.get(path, accept=related(DICOM)).wanted(404)


@group.must("10.4.1.1.1", "an instance is not found below another series")
def wrong_series(trial: Trial) -> None:
    """Retrieve a slice below the series of the cine."""
    uid = trial.sent.slices[0].SOPInstanceUID
    path = f"{series_path(trial.sent.cine)}/instances/{uid}"
    trial.server.get(path, accept=related(DICOM)).wanted(404)


@group.must("10.4.1.1.1", "a series is not found below another study")
def wrong_study(trial: Trial) -> None:
    """Retrieve the CT below the other study."""
    uid = trial.sent.slices[0].SeriesInstanceUID
    path = f"{study_path(trial.sent.other)}/series/{uid}"
    trial.server.get(path, accept=related(DICOM)).wanted(404)
