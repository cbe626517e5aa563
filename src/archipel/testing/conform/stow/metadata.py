"""Metadata with bulk data (PS3.18 section 10.5.4, PS3.18 annex F, PS3.19 annex A.1)."""

import copy
import io
from typing import Any

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset

from archipel.testing.conform.model import Group, Trial, claim
from archipel.testing.conform.phantoms import PDF, fresh_uid, patient
from archipel.testing.conform.server import JSON, OCTETS
from archipel.testing.conform.stow.body import metadata, multipart, post_body, post_metadata
from archipel.testing.conform.stow.storing import fresh, stored

group = Group("stow-metadata", "STOW-RS: metadata with bulk data")
VIDEO = "1.2.840.10008.5.1.4.1.1.77.1.4.1"
PHOTOGRAPH = "1.2.840.10008.5.1.4.1.1.77.1.4"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
MP4 = "1.2.840.10008.1.2.4.102"
PIXEL_DATA, DOCUMENT, SYNTAX = "7FE00010", "00420011", "00083002"


def _slice(trial: Trial, *, xml: bool) -> None:
    made = fresh(trial)
    described = metadata(made)
    described[PIXEL_DATA] = {"vr": "OW", "BulkDataURI": "pixels"}
    answer = post_metadata(
        trial.server, [described], [("pixels", OCTETS, made.PixelData)], xml=xml
    )
    found = stored(trial, made, answer)
    claim(found.PixelData == made.PixelData, "the pixels differ")
    claim(str(found.PatientName) == str(made.PatientName), "the name differs")
    claim(found.RequestAttributesSequence == made.RequestAttributesSequence, "a sequence differs")


@group.may("10.5.4", "a slice is stored from JSON with its pixels as octets")
def json_with_pixels(trial: Trial) -> None:
    """Store from JSON."""
    _slice(trial, xml=False)


@group.may("10.5.4", "a slice is stored from XML with its pixels as octets")
def xml_with_pixels(trial: Trial) -> None:
    """Store from XML."""
    _slice(trial, xml=True)


def _described(trial: Trial, sop_class: str, modality: str) -> Dataset:
    made = patient(trial.sent.run)
    made.SOPClassUID, made.SOPInstanceUID = sop_class, fresh_uid()
    made.StudyInstanceUID, made.SeriesInstanceUID = fresh_uid(), fresh_uid()
    made.Modality, made.SeriesNumber, made.InstanceNumber = modality, 1, 1
    return made


@group.may("10.5.4", "a PDF is stored as bulk data of `application/pdf`")
def pdf(trial: Trial) -> None:
    """Store a document from JSON."""
    made = copy.deepcopy(trial.sent.document)
    made.StudyInstanceUID, made.SOPInstanceUID = fresh_uid(), fresh_uid()
    described = metadata(made)
    described[DOCUMENT] = {"vr": "OB", "BulkDataURI": "document"}
    answer = post_metadata(trial.server, [described], [("document", "application/pdf", PDF)])
    found = stored(trial, made, answer)
    claim(found.EncapsulatedDocument.rstrip(b"\0") == PDF.rstrip(b"\0"), "the document differs")


def _picture_description(made: Dataset, syntax: str, *, frames: int = 1) -> dict[str, Any]:
    made.Rows, made.Columns, made.SamplesPerPixel = 32, 48, 3
    made.PhotometricInterpretation, made.PlanarConfiguration = "YBR_FULL_422", 0
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 8, 8, 7, 0
    if frames > 1:
        made.PhotometricInterpretation, made.NumberOfFrames = "YBR_PARTIAL_420", frames
    described = metadata(made)
    described[PIXEL_DATA] = {"vr": "OB", "BulkDataURI": "picture"}
    described[SYNTAX] = {"vr": "UI", "Value": [syntax]}
    return described


@group.may("10.5.4", "a JPEG is stored as bulk data of `image/jpeg`")
def jpeg(trial: Trial) -> None:
    """Store a photograph from JSON."""
    made = _described(trial, PHOTOGRAPH, "XC")
    out = io.BytesIO()
    grey = np.full((32, 48, 3), 120, np.uint8)
    Image.fromarray(grey).save(out, "JPEG")
    kind = f"image/jpeg; transfer-syntax={JPEG_BASELINE}"
    described = _picture_description(made, JPEG_BASELINE)
    answer = post_metadata(trial.server, [described], [("picture", kind, out.getvalue())])
    found = stored(trial, made, answer)
    claim(found.file_meta.TransferSyntaxUID == JPEG_BASELINE, "it is in another transfer syntax")
    claim(out.getvalue() in bytes(found.PixelData), "the codestream differs")


@group.may("10.5.4", "an MP4 is stored as bulk data of `video/mp4`")
def mp4(trial: Trial) -> None:
    """Store a film, of which only the first box is real, from JSON."""
    made = _described(trial, VIDEO, "XC")
    film = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(4096)
    kind = f"video/mp4; transfer-syntax={MP4}"
    described = _picture_description(made, MP4, frames=10)
    answer = post_metadata(trial.server, [described], [("picture", kind, film)])
    found = stored(trial, made, answer)
    claim(found.file_meta.TransferSyntaxUID == MP4, "it is in another transfer syntax")
    claim(film in bytes(found.PixelData), "the film differs")


@group.may("10.5.4", "a data set without bulk data is stored from JSON alone")
def no_bulk(trial: Trial) -> None:
    """Store a slice whose pixels are inline."""
    made = fresh(trial)
    found = stored(trial, made, post_metadata(trial.server, [metadata(made)]))
    claim(found.PixelData == made.PixelData, "the pixels differ")


@group.must("10.5.3.1", "metadata that refer to bulk data that is not sent are refused")
def bulk_is_missing(trial: Trial) -> None:
    """Refer to nothing."""
    made = fresh(trial)
    described = metadata(made)
    described[PIXEL_DATA] = {"vr": "OW", "BulkDataURI": "pixels"}
    post_metadata(trial.server, [described]).wanted(400, 409, 415)


@group.must("10.5.3.1", "metadata that are no JSON are refused")
def no_json(trial: Trial) -> None:
    """Send half of an array."""
    body = multipart([(f"Content-Type: {JSON}", b'[{"00080018":')])
    post_body(trial.server, body, JSON).wanted(400, 409, 415)
