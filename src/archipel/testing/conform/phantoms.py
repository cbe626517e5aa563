"""What a server is sent: two small studies of nobody, made anew for each run.

The first study has four series: a CT of three slices, five frames of ultrasound, a PDF, and a
colour picture in RLE; the second study has one MR slice of somebody else. Each pixel is known.
"""

import io
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset

EXPLICIT, RLE = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5"
CT_IMAGE, MR_IMAGE = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
US_MULTIFRAME, SECONDARY = "1.2.840.10008.5.1.4.1.1.3.1", "1.2.840.10008.5.1.4.1.1.7"
ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"
ROWS, COLUMNS, FRAMES, SLICES = 48, 64, 5, 3
PDF = b"%PDF-1.4\n" + b"% TEST, nothing to read here\n" * 200 + b"%%EOF\n"


def fresh_uid() -> str:
    """Make a UID of its own (PS3.5 B.2)."""
    return f"2.25.{uuid.uuid4().int}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The instances of one run. `run` is a word that no other run has."""

    run: str
    slices: Sequence[Dataset]
    cine: Dataset
    document: Dataset
    colour: Dataset
    other: Dataset

    @property
    def all(self) -> list[Dataset]:
        """Every instance of both studies."""
        return [*self.slices, self.cine, self.document, self.colour, self.other]

    @property
    def first(self) -> list[Dataset]:
        """Every instance of the first study."""
        return self.all[:-1]


def study_path(held: Dataset) -> str:
    """Name the study of an instance as a resource."""
    return f"/studies/{held.StudyInstanceUID}"


def series_path(held: Dataset) -> str:
    """Name the series of an instance as a resource."""
    return f"{study_path(held)}/series/{held.SeriesInstanceUID}"


def instance_path(held: Dataset) -> str:
    """Name an instance as a resource."""
    return f"{series_path(held)}/instances/{held.SOPInstanceUID}"


def part10(held: Dataset, transfer_syntax: str = "") -> bytes:
    """Write an instance as a file (PS3.10)."""
    out = io.BytesIO()
    given = getattr(held, "file_meta", None)
    held.file_meta = FileMetaDataset()
    held.file_meta.MediaStorageSOPClassUID = held.get("SOPClassUID", SECONDARY)
    held.file_meta.MediaStorageSOPInstanceUID = held.get("SOPInstanceUID", fresh_uid())
    known = given.TransferSyntaxUID if given is not None else EXPLICIT
    held.file_meta.TransferSyntaxUID = transfer_syntax or known
    dcmwrite(out, held, enforce_file_format=True)
    return out.getvalue()


def make() -> Sent:
    """Make the instances of a run."""
    run = uuid.uuid4().hex[:8].upper()
    study, series = fresh_uid(), fresh_uid()
    slices = [_slice(run, study, series, number) for number in range(1, SLICES + 1)]
    return Sent(
        run=run,
        slices=slices,
        cine=_cine(run, study),
        document=_document(run, study),
        colour=_colour(run, study),
        other=_other(run),
    )


def patient(run: str, *, second: bool = False) -> Dataset:
    """Make the patient and study attributes of a run's first or second study."""
    made = Dataset()
    made.SpecificCharacterSet = "ISO_IR 192"
    made.PatientName = f"TEST-{run}^{'Marcel' if second else 'Éloïse'}"
    made.PatientID = f"TEST-{run}-{'B' if second else 'A'}"
    made.PatientBirthDate = "19520229" if second else "19610804"
    made.PatientSex = "M" if second else "F"
    made.StudyDate = "20240216" if second else "20240215"
    made.StudyTime = "170000" if second else "093015"
    made.AccessionNumber = f"{run}{'B' if second else 'A'}"
    made.StudyID = f"S{run}{'B' if second else 'A'}"
    made.ReferringPhysicianName = f"TEST-{run}REF^{'Odile' if second else 'Ada'}"
    made.StudyDescription = "TEST conformance"
    made.InstitutionName = "TEST"
    return made


def _common(  # noqa: PLR0917  (what all instances say, in the order of the standard)
    run: str, study: str, series: str, number: int, modality: str, sop_class: str
) -> Dataset:
    made = patient(run)
    made.SOPClassUID, made.SOPInstanceUID = sop_class, fresh_uid()
    made.StudyInstanceUID, made.SeriesInstanceUID = study, series
    made.SeriesNumber, made.InstanceNumber = number, 1
    made.Modality = modality
    made.SeriesDescription = f"TEST series {number}"
    return made


def _pixels(made: Dataset, values: NDArray[np.generic], photometric: str) -> None:
    colour = photometric == "RGB"
    made.Rows, made.Columns = values.shape[-3:-1] if colour else values.shape[-2:]
    made.SamplesPerPixel = 3 if colour else 1
    if colour:
        made.PlanarConfiguration = 0
    made.PhotometricInterpretation = photometric
    bits = values.dtype.itemsize * 8
    made.BitsAllocated, made.BitsStored, made.HighBit = bits, bits, bits - 1
    made.PixelRepresentation = int(values.dtype.kind == "i")
    made.PixelData = values.tobytes()
    made["PixelData"].VR = "OW" if bits == 16 else "OB"


def ramp(number: int) -> NDArray[np.int16]:
    """Give the pixels of slice `number`: a ramp to the right, from -300 on."""
    rows, columns = np.mgrid[:ROWS, :COLUMNS]
    return np.asarray(columns * 10 + rows + number * 7 - 300, "<i2")


def shade(number: int) -> int:
    """Give the grey of each pixel of cine frame `number`, 1 first."""
    return 40 * number


def _slice(run: str, study: str, series: str, number: int) -> Dataset:
    made = _common(run, study, series, 1, "CT", CT_IMAGE)
    made.InstanceNumber = number
    made.PerformedProcedureStepStartDate = "20240215"
    made.PerformedProcedureStepStartTime = "093100"
    request = Dataset()
    request.ScheduledProcedureStepID = f"SPS{run}"
    request.RequestedProcedureID = f"RP{run}"
    made.RequestAttributesSequence = [request]
    made.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    made.PixelSpacing = ["0.5", "0.75"]
    made.ImagePositionPatient = ["0", "0", str(number * 2.5)]
    made.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    made.RescaleIntercept, made.RescaleSlope = "0", "1"
    made.WindowCenter, made.WindowWidth = "40", "400"
    made.ContrastBolusAgent = ""
    _pixels(made, ramp(number), "MONOCHROME2")
    return made


def _cine(run: str, study: str) -> Dataset:
    made = _common(run, study, fresh_uid(), 2, "US", US_MULTIFRAME)
    made.NumberOfFrames = FRAMES
    made.FrameTime = "40"
    made.FrameIncrementPointer = 0x00181063
    shades = [np.full((ROWS, COLUMNS), shade(n), np.uint8) for n in range(1, FRAMES + 1)]
    _pixels(made, np.stack(shades), "MONOCHROME2")
    return made


def _document(run: str, study: str) -> Dataset:
    made = _common(run, study, fresh_uid(), 3, "DOC", ENCAPSULATED_PDF)
    made.DocumentTitle = "TEST"
    made.MIMETypeOfEncapsulatedDocument = "application/pdf"
    made.BurnedInAnnotation = "NO"
    made.EncapsulatedDocument = PDF + b"\0" * (len(PDF) % 2)
    return made


def red() -> NDArray[np.uint8]:
    """Give the pixels of the colour picture, shape (rows, columns, 3)."""
    values = np.zeros((ROWS, COLUMNS, 3), np.uint8)
    values[..., 0] = 200
    values[ROWS // 2 :, :, 1] = 90
    return values


def _colour(run: str, study: str) -> Dataset:
    made = _common(run, study, fresh_uid(), 4, "OT", SECONDARY)
    made.ConversionType = "SYN"
    _pixels(made, red(), "RGB")
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = EXPLICIT
    made.compress(RLE, generate_instance_uid=False)
    return made


def _other(run: str) -> Dataset:
    made = _common(run, fresh_uid(), fresh_uid(), 1, "MR", MR_IMAGE)
    made.update(patient(run, second=True))
    _pixels(made, ramp(9), "MONOCHROME2")
    return made
