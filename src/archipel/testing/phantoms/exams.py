"""The exams a simulated modality can make, with the truth of each.

`quick` exams have fewer and smaller
slices: the same anatomy and truth, for tests.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydicom.dataset import Dataset

from archipel.testing.phantoms import datasets
from archipel.testing.phantoms.brain import DIFFUSION, FLAIR, T1, T2, Head
from archipel.testing.phantoms.datasets import Exam, Geometry, Series
from archipel.testing.phantoms.people import (
    BALISIER,
    FRANGIPANE,
    GOMMIER,
    HIBISCUS,
    TAMARIN,
    VETIVER,
    Patient,
)
from archipel.testing.phantoms.projection import radiograph
from archipel.testing.phantoms.shapes import Grid
from archipel.testing.phantoms.thorax import Finding, Thorax
from archipel.testing.phantoms.tracer import uptake
from archipel.testing.phantoms.ultrasound import PIXEL_MM, Abdomen

Truth = Mapping[str, Any]
Make = Callable[[Exam, bool], Iterator[Dataset]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One exam that can be made: its study, its truth, and its instances when asked for."""

    name: str
    exam: Exam
    truth: Truth
    make: Make

    def instances(self, *, quick: bool = False) -> Iterator[Dataset]:
        """Make the instances, series after series."""
        return self.make(self.exam, quick)


NODULE = Finding("right upper lobe", (-66, 14, 34), 17.2, 36)
SMALL = Finding("left lower lobe", (74, 40, -40), 6.0, 28)
PRIOR_NODULE = Finding("right upper lobe", (-66, 14, 34), 8.1, 30)
PLAQUES = (
    Finding("anterior descending", (38, -61, -36), 4.2, 520),
    Finding("anterior descending, distal", (52, -58, -56), 3.0, 380),
    Finding("right", (-22, -54, -42), 5.0, 640),
)
LESION_SUV = {"right upper lobe": 7.2}
STROKE = ((28.0, 16.0, 26.0), 23.0)


def plans(now: datetime, *, run: str = "demo", sites: tuple[str, str] | None = None) -> list[Plan]:
    """Return the exams of a day that ends at `now`; `run` makes other UIDs for another day."""
    moment = datasets.whole_minutes(now)
    made = []
    for name, minutes_ago, description, patient, east, truth, make in _day():
        started = moment - timedelta(minutes=minutes_ago)
        exam = Exam(
            key=f"{run}/{name}",
            patient=patient,
            description=description,
            started=started,
            accession=f"{started:%y%m}-{_number(name):06d}",
            institution=(sites or SITES)[int(east)],
        )
        made.append(Plan(name=name, exam=exam, truth=truth, make=make))
    return made


def _day() -> list[tuple[str, int, str, Patient, bool, Truth, Make]]:
    """Name, minutes ago, description, patient, whether the eastern site makes it, truth, maker."""
    chest = "Scanner thoracique sans injection"
    grown, before = [NODULE, SMALL], [PRIOR_NODULE]
    plaques = {"plaques": [(p.name, p.volume_mm3, p.hounsfield) for p in PLAQUES]}
    stroke = {"stroke_mm3": Head(stroke=STROKE).stroke_volume_mm3, "centre_mm": STROKE[0]}
    tracer = {"suv": LESION_SUV, "weight_kg": VETIVER.weight_kg}
    nodule = {"nodule_mm": NODULE.diameter_mm}
    prior = _thorax(before, (), breath_mm=6, exposure=1)
    current = _thorax(grown, (), breath_mm=0, exposure=2)
    heart = _thorax((), PLAQUES, breath_mm=2, exposure=3, seed=4, window=(40, 400))
    return [
        ("thorax-prior", TWO_YEARS_MIN, chest, HIBISCUS, False, _thorax_truth(before), prior),
        ("thorax", 24, chest, HIBISCUS, False, _thorax_truth(grown), current),
        ("brain", 18, "IRM cérébrale, suspicion d'AVC", BALISIER, False, stroke, _brain),
        ("radiograph", 14, "Radiographie du thorax", TAMARIN, True, nodule, _radiograph),
        (
            "ultrasound",
            11,
            "Échographie abdominale",
            GOMMIER,
            True,
            {"cyst_mm": 24.0},
            _ultrasound,
        ),
        ("calcium", 8, "Coroscanner, score calcique", FRANGIPANE, False, plaques, heart),
        ("pet-ct", 5, "TEP-TDM au FDG", VETIVER, False, tracer, _pet_ct),
    ]


TWO_YEARS_MIN = 60 * 24 * 730
SITES = ("CHU de Fort-de-France (test)", "CH de la Basse-Terre (test)")


def _number(text: str) -> int:
    """Return six digits that are the same in every process (unlike `hash`)."""
    return int(datasets.uid(text)[-6:])


def _thorax_truth(nodules: list[Finding]) -> Truth:
    return {
        "nodules": [
            {
                "name": n.name,
                "centre_mm": n.centre,
                "diameter_mm": n.diameter_mm,
                "volume_mm3": n.volume_mm3,
                "hounsfield": n.hounsfield,
            }
            for n in nodules
        ]
    }


def _stack(pixels: int, slices: int, field_mm: float, low: float, high: float) -> Geometry:
    step = field_mm / pixels
    return Geometry(
        origin=(-field_mm / 2, -field_mm / 2, low),
        pixel_mm=(step, step),
        slice_mm=(high - low) / slices,
    )


def _grid(geometry: Geometry, pixels: int, slices: int) -> Grid:
    spacing = (geometry.pixel_mm[1], geometry.pixel_mm[0], geometry.slice_mm)
    return Grid.make(origin=geometry.origin, spacing=spacing, shape=(slices, pixels, pixels))


def _thorax(
    nodules: Any,
    calcium: Any,
    *,
    breath_mm: float,
    exposure: int,
    seed: int = 1,
    window: tuple[int, int] = (-500, 1500),
) -> Make:
    def make(exam: Exam, quick: bool) -> Iterator[Dataset]:
        pixels, slices = (192, 20) if quick else (512, 104)
        geometry = _stack(pixels, slices, 380, -130, 130)
        body = Thorax(seed=seed, nodules=nodules, calcium=calcium, breath_mm=breath_mm)
        volume = body.render(_grid(geometry, pixels, slices), noise_hu=15, exposure=exposure)
        name = "Coro sans injection" if calcium else "Poumon 2,5 mm"
        series = Series(
            number=2, description=name, modality="CT", body_part="CHEST", station="CT1"
        )
        return datasets.ct(exam, series, volume, geometry, window)

    return make


def _brain(exam: Exam, quick: bool) -> Iterator[Dataset]:
    pixels, slices = (128, 8) if quick else (256, 28)
    geometry = _stack(pixels, slices, 230, -72, 82)
    head = Head(seed=2, stroke=STROKE)
    tissue = head.tissues(_grid(geometry, pixels, slices))
    for number, sequence in enumerate((T1, T2, FLAIR, DIFFUSION), start=2):
        series = Series(
            number=number,
            description=sequence.name,
            modality="MR",
            body_part="BRAIN",
            station="MR1",
            delay=timedelta(minutes=4 * (number - 2)),
        )
        times = {"RepetitionTime": sequence.repetition_ms, "EchoTime": sequence.echo_ms}
        if sequence.inversion_ms:
            times["InversionTime"] = sequence.inversion_ms
        if sequence.b_value:
            times["b value"] = sequence.b_value
        volume = head.image(tissue, sequence, exposure=number)
        yield from datasets.mr(exam, series, volume, geometry, times)
    series = Series(
        number=6,
        description="ADC",
        modality="MR",
        body_part="BRAIN",
        station="MR1",
        delay=timedelta(minutes=17),
    )
    coefficient = head.diffusion_coefficient(tissue, exposure=9)
    yield from datasets.mr(exam, series, coefficient, geometry, {})


def _radiograph(exam: Exam, quick: bool) -> Iterator[Dataset]:
    pixel_mm = 1.6 if quick else 0.4
    coarse = 3.2 if quick else 0.8
    image = radiograph(Thorax(seed=6, nodules=[NODULE]), sample_mm=coarse)
    series = Series(
        number=1, description="Thorax face", modality="DX", body_part="CHEST", station="DX1"
    )
    return datasets.radiograph(exam, series, image, pixel_mm)


def _ultrasound(exam: Exam, quick: bool) -> Iterator[Dataset]:
    cine = Abdomen(seed=3, cyst_diameter_mm=24.0).cine(6 if quick else 40)
    series = Series(
        number=1,
        description="Foie et rein droit",
        modality="US",
        body_part="ABDOMEN",
        station="US1",
    )
    return datasets.ultrasound(exam, series, cine, PIXEL_MM)


def _pet_ct(exam: Exam, quick: bool) -> Iterator[Dataset]:
    body = Thorax(seed=8, nodules=[NODULE])
    pixels, slices = (128, 16) if quick else (256, 65)
    geometry = _stack(pixels, slices, 400, -130, 130)
    volume = body.render(_grid(geometry, pixels, slices), noise_hu=28, exposure=5)
    series = Series(
        number=2, description="TDM faible dose", modality="CT", body_part="CHEST", station="PT1"
    )
    yield from datasets.ct(exam, series, volume, geometry, (40, 400))
    pixels, slices = (64, 32) if quick else (100, 65)
    geometry = _stack(pixels, slices, 400, -130, 130)
    _, measured = uptake(body, _grid(geometry, pixels, slices), LESION_SUV, exposure=5)
    series = Series(
        number=3,
        description="TEP corrigée",
        modality="PT",
        body_part="CHEST",
        station="PT1",
        delay=timedelta(minutes=2),
    )
    yield from datasets.pet(exam, series, measured, geometry, dose_bq=3.0e8)
