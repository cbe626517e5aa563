"""DICOM instances of the phantoms (PS3.3 A.3 CT, A.4 MR, A.26 DX, A.7 US multi-frame, A.21 PET).

Only modules that the information objects demand, and what viewers need to place, window,
measure and scale the pixels.
"""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset

from archipel.kernel.uid import Uid
from archipel.testing.phantoms.people import Patient

CT_IMAGE, MR_IMAGE = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
DX_IMAGE, US_MULTIFRAME = "1.2.840.10008.5.1.4.1.1.1.1", "1.2.840.10008.5.1.4.1.1.3.1"
PET_IMAGE = "1.2.840.10008.5.1.4.1.1.128"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
_ROOT = uuid.UUID("8f8e6a0e-4f3b-4f0e-9d53-2f6a1f4f9c11")


def uid(*parts: object) -> str:
    """Return the same UID for the same parts, under the 2.25 root."""
    return Uid.from_uuid(uuid.uuid5(_ROOT, "/".join(map(str, parts)))).value


@dataclass(frozen=True, slots=True, kw_only=True)
class Exam:
    """What all instances of one study share."""

    key: str  # the same key makes the same UIDs
    patient: Patient
    description: str
    started: datetime
    accession: str
    institution: str
    referring: str = "TEST-POMME^Ada"

    @property
    def study(self) -> str:
        """Return the Study Instance UID."""
        return uid(self.key, "study")


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """What all instances of one series share."""

    number: int
    description: str
    modality: str
    body_part: str
    station: str
    delay: timedelta = timedelta()
    frame_of_reference: str = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """Where a stack of axial slices lies: mm in the patient frame, first slice lowest."""

    origin: tuple[float, float, float]
    pixel_mm: tuple[float, float]  # rows, columns
    slice_mm: float


def _common(exam: Exam, series: Series, sop_class: str, number: int) -> Dataset:
    moment = exam.started + series.delay
    d = Dataset()
    d.SpecificCharacterSet = "ISO_IR 192"
    d.SOPClassUID = sop_class
    d.SOPInstanceUID = uid(exam.key, series.number, number)
    d.StudyDate = d.ContentDate = d.SeriesDate = d.AcquisitionDate = moment.strftime("%Y%m%d")
    d.StudyTime = exam.started.strftime("%H%M%S")
    d.SeriesTime = d.AcquisitionTime = d.ContentTime = moment.strftime("%H%M%S")
    d.TimezoneOffsetFromUTC = moment.strftime("%z") or "+0000"
    d.AccessionNumber = exam.accession
    d.Modality = series.modality
    d.Manufacturer = "Archipel phantoms"
    d.ManufacturerModelName = "Simulated modality"
    d.InstitutionName = exam.institution
    d.StationName = series.station
    d.ReferringPhysicianName = exam.referring
    d.StudyDescription = exam.description
    d.SeriesDescription = series.description
    d.BodyPartExamined = series.body_part
    d.PatientName = exam.patient.dicom_name
    d.PatientID = exam.patient.identifier
    d.PatientBirthDate = exam.patient.birth.strftime("%Y%m%d")
    d.PatientSex = exam.patient.sex
    d.PatientWeight = str(exam.patient.weight_kg)
    years = (exam.started.date() - exam.patient.birth).days // 365
    d.PatientAge = f"{years:03d}Y"
    d.PatientComments = "Fictional patient"
    d.StudyInstanceUID = exam.study
    d.SeriesInstanceUID = uid(exam.key, series.number)
    d.StudyID = exam.accession[-6:]
    d.SeriesNumber = series.number
    d.InstanceNumber = number
    d.FrameOfReferenceUID = uid(exam.key, "frame", series.frame_of_reference)
    d.PositionReferenceIndicator = ""
    return d


def _pixels(d: Dataset, values: NDArray[Any], *, bits_stored: int) -> Dataset:
    """Attach pixel values of shape (rows, columns) or (frames, rows, columns)."""
    d.SamplesPerPixel = 1
    d.PhotometricInterpretation = "MONOCHROME2"
    d.Rows, d.Columns = values.shape[-2:]
    d.BitsAllocated = values.dtype.itemsize * 8
    d.BitsStored, d.HighBit = bits_stored, bits_stored - 1
    d.PixelRepresentation = int(values.dtype.kind == "i")
    content = values.astype(values.dtype.newbyteorder("<")).tobytes()
    vr = "OW" if d.BitsAllocated > 8 else "OB"  # PS3.5 A.2
    d.add_new(0x7FE00010, vr, content + b"\0" * (len(content) % 2))
    return d


def _place(d: Dataset, geometry: Geometry, index: int, volume: NDArray[Any]) -> None:
    x, y, z = geometry.origin
    d.ImagePositionPatient = [f"{x:.4f}", f"{y:.4f}", f"{z + index * geometry.slice_mm:.4f}"]
    d.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    d.PixelSpacing = [f"{geometry.pixel_mm[0]:.6f}", f"{geometry.pixel_mm[1]:.6f}"]
    d.SliceThickness = f"{geometry.slice_mm:.3f}"
    d.SliceLocation = f"{z + index * geometry.slice_mm:.3f}"
    d.SpacingBetweenSlices = f"{geometry.slice_mm:.3f}"
    d.ImagesInAcquisition = len(volume)


def ct(
    exam: Exam, series: Series, volume: NDArray[Any], geometry: Geometry, window: tuple[int, int]
) -> Iterator[Dataset]:
    """Yield a CT stack from Hounsfield units of shape (slices, rows, columns)."""
    stored = np.clip(np.rint(volume), -1024, 3071).astype(np.int16)
    for index in reversed(range(len(stored))):
        d = _common(exam, series, CT_IMAGE, len(stored) - index)
        d.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        _place(d, geometry, index, stored)
        d.KVP, d.XRayTubeCurrent, d.ExposureTime = "120", "180", "500"
        d.ConvolutionKernel, d.GantryDetectorTilt = "B50f", "0"
        d.PatientPosition = "HFS"
        d.CTDIvol = 4.1
        d.AcquisitionNumber = 1
        d.RescaleIntercept, d.RescaleSlope, d.RescaleType = "0", "1", "HU"
        d.WindowCenter, d.WindowWidth = str(window[0]), str(window[1])
        yield _pixels(d, stored[index], bits_stored=16)


def mr(
    exam: Exam,
    series: Series,
    volume: NDArray[Any],
    geometry: Geometry,
    times_ms: Mapping[str, float],
) -> Iterator[Dataset]:
    """Yield an MR stack; `times_ms` holds RepetitionTime, EchoTime, InversionTime, b value."""
    stored = np.clip(np.rint(volume), 0, 4095).astype(np.uint16)
    high = float(np.percentile(stored, 99.5))
    for index in range(len(stored)):
        d = _common(exam, series, MR_IMAGE, index + 1)
        derived = "b value" not in times_ms and not times_ms
        d.ImageType = (
            ["DERIVED", "PRIMARY", "ADC", "NONE"]
            if derived
            else ["ORIGINAL", "PRIMARY", "M", "SE"]
        )
        _place(d, geometry, index, stored)
        d.ScanningSequence, d.SequenceVariant, d.ScanOptions = "SE", "SK", ""
        d.MRAcquisitionType, d.MagneticFieldStrength = "2D", "1.5"
        d.PatientPosition = "HFS"
        d.EchoTrainLength = 1
        for keyword in ("RepetitionTime", "EchoTime", "InversionTime"):
            if keyword in times_ms:
                setattr(d, keyword, f"{times_ms[keyword]:g}")
        if "b value" in times_ms:
            d.DiffusionBValue = float(times_ms["b value"])
        d.WindowCenter, d.WindowWidth = f"{high / 2:.0f}", f"{high:.0f}"
        yield _pixels(d, stored[index], bits_stored=12)


def radiograph(
    exam: Exam, series: Series, image: NDArray[Any], pixel_mm: float
) -> Iterator[Dataset]:
    """Yield one digital radiograph, for presentation."""
    stored = np.clip(np.rint(image), 0, 4095).astype(np.uint16)
    d = _common(exam, series, DX_IMAGE, 1)
    d.ImageType = ["ORIGINAL", "PRIMARY"]
    d.PresentationIntentType = "FOR PRESENTATION"
    d.ViewPosition, d.PatientOrientation, d.ImageLaterality = "PA", ["L", "F"], "U"
    d.ImagerPixelSpacing = [f"{pixel_mm}", f"{pixel_mm}"]
    d.PixelSpacing = d.ImagerPixelSpacing
    d.PixelIntensityRelationship, d.PixelIntensityRelationshipSign = "LOG", 1
    d.RescaleIntercept, d.RescaleSlope, d.RescaleType = "0", "1", "US"
    d.PresentationLUTShape, d.LossyImageCompression = "IDENTITY", "00"
    d.BurnedInAnnotation, d.KVP = "NO", "110"
    d.WindowCenter, d.WindowWidth = "2048", "4096"
    yield _pixels(d, stored, bits_stored=12)


def ultrasound(
    exam: Exam, series: Series, cine: NDArray[np.uint8], pixel_mm: float
) -> Iterator[Dataset]:
    """Yield one ultrasound cine with its region calibration."""
    d = _common(exam, series, US_MULTIFRAME, 1)
    d.ImageType = ["ORIGINAL", "PRIMARY", "ABDOMINAL", "0001"]
    d.NumberOfFrames = len(cine)
    d.FrameTime, d.FrameIncrementPointer = "50", 0x00181063
    d.CineRate = 20
    d.LossyImageCompression, d.BurnedInAnnotation = "00", "NO"
    region = Dataset()
    region.RegionSpatialFormat, region.RegionDataType, region.RegionFlags = 1, 1, 0
    region.RegionLocationMinX0, region.RegionLocationMinY0 = 0, 0
    region.RegionLocationMaxX1 = cine.shape[2] - 1
    region.RegionLocationMaxY1 = cine.shape[1] - 1
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
    region.PhysicalDeltaX = region.PhysicalDeltaY = pixel_mm / 10
    d.SequenceOfUltrasoundRegions = [region]
    yield _pixels(d, cine, bits_stored=8)


def pet(
    exam: Exam, series: Series, suv: NDArray[Any], geometry: Geometry, *, dose_bq: float
) -> Iterator[Dataset]:
    """Yield a PET stack in Bq/ml, decay corrected to the start of the series (SUVbw exact)."""
    injected = exam.started + series.delay - timedelta(minutes=60)
    remaining = dose_bq * 0.5 ** (3600 / F18_HALF_LIFE_S)
    activity = suv * remaining / (exam.patient.weight_kg * 1000)
    slope = float(activity.max()) / 32000
    stored = np.rint(activity / slope).astype(np.int16)
    for index in reversed(range(len(stored))):
        d = _common(exam, series, PET_IMAGE, len(stored) - index)
        d.ImageType = ["ORIGINAL", "PRIMARY"]
        _place(d, geometry, index, stored)
        d.PatientPosition = "HFS"
        d.Units, d.CountsSource, d.SeriesType = "BQML", "EMISSION", ["WHOLE BODY", "IMAGE"]
        d.DecayCorrection, d.DecayFactor = "START", "1"
        d.CorrectedImage = ["DECY", "ATTN", "SCAT", "RAN", "NORM"]
        d.NumberOfSlices, d.ImageIndex = len(stored), len(stored) - index
        d.FrameReferenceTime, d.ActualFrameDuration = "0", "120000"
        drug = Dataset()
        drug.Radiopharmaceutical = "Fluorodeoxyglucose"
        drug.RadionuclideTotalDose, drug.RadionuclideHalfLife = f"{dose_bq:g}", "6586.2"
        drug.RadiopharmaceuticalStartTime = injected.strftime("%H%M%S")
        drug.RadiopharmaceuticalStartDateTime = injected.strftime("%Y%m%d%H%M%S")
        d.RadiopharmaceuticalInformationSequence = [drug]
        d.RescaleIntercept, d.RescaleSlope = "0", f"{slope:.10g}"
        high = float(np.percentile(activity, 99.8))
        d.WindowCenter, d.WindowWidth = f"{high / 2:.0f}", f"{high:.0f}"
        yield _pixels(d, stored[index], bits_stored=16)


F18_HALF_LIFE_S = 6586.2


def encode(dataset: Dataset) -> bytes:
    """Return the data set alone, explicit VR little endian, as C-STORE carries it."""
    buffer = BytesIO()
    dcmwrite(buffer, dataset, implicit_vr=False, little_endian=True, enforce_file_format=False)
    return buffer.getvalue()


def part10(dataset: Dataset) -> bytes:
    """Return the Part 10 file (PS3.10) of an instance."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = EXPLICIT_LITTLE
    buffer = BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    del dataset.file_meta
    return buffer.getvalue()


def whole_minutes(moment: datetime) -> datetime:
    """Return `moment` without its seconds, in its own zone: a modality tells local time."""
    return moment.replace(second=0, microsecond=0)
