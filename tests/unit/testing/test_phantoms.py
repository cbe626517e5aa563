"""Phantoms: their truth holds in their pixels (archipel.testing.phantoms)."""

from datetime import UTC, datetime

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.filebase import DicomBytesIO

from archipel.testing.phantoms.brain import DIFFUSION, FLAIR, T2, Head, Tissue
from archipel.testing.phantoms.datasets import encode, part10
from archipel.testing.phantoms.exams import LESION_SUV, plans
from archipel.testing.phantoms.shapes import Grid
from archipel.testing.phantoms.thorax import Finding, Thorax
from archipel.testing.phantoms.tracer import uptake
from archipel.testing.phantoms.ultrasound import CYST, PIXEL_MM, Abdomen

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
NODULE = Finding("n", (-66, 14, 34), 17.2, 36)


def around(centre: tuple[float, float, float], step: float, half: int) -> Grid:
    n = 2 * half + 1
    origin = tuple(c - half * step for c in centre)
    return Grid.make(
        origin=(origin[0], origin[1], origin[2]), spacing=(step, step, step), shape=(n, n, n)
    )


def test_a_nodule_has_its_volume() -> None:
    grid = around(NODULE.centre, 0.7, 18)
    body = Thorax(nodules=[NODULE]).render(grid, noise_hu=0, exposure=1)
    bare = Thorax().render(grid, noise_hu=0, exposure=1)

    added = (body - bare)[bare < -700].sum() / (36 + 860)  # where it replaced lung
    measured = added * 0.7**3 + ((body > -400) & (bare >= -700)).sum() * 0.7**3

    assert measured == pytest.approx(NODULE.volume_mm3, rel=0.12)


def test_the_same_seed_is_the_same_patient() -> None:
    grid = around((0, 0, 0), 6, 12)

    first, again = (Thorax(seed=3).render(grid, noise_hu=9, exposure=1) for _ in range(2))

    assert np.array_equal(first, again)
    assert not np.array_equal(first, Thorax(seed=3).render(grid, noise_hu=9, exposure=2))


def test_a_stroke_is_bright_in_diffusion_and_dark_in_its_coefficient() -> None:
    grid = around((28, 16, 26), 2.0, 30)
    head = Head(stroke=((28, 16, 26), 23.0))
    tissue = head.tissues(grid)
    lesion, white = tissue == Tissue.LESION, tissue == Tissue.WHITE
    diffusion = head.image(tissue, DIFFUSION, exposure=1)
    coefficient = head.diffusion_coefficient(tissue, exposure=1)

    assert lesion.sum() * 8 == pytest.approx(head.stroke_volume_mm3, rel=0.05)
    assert diffusion[lesion].mean() > 1.4 * diffusion[white].mean()
    assert coefficient[lesion].mean() < 0.75 * coefficient[white].mean()


def test_fluid_is_bright_in_t2_and_dark_when_inverted() -> None:
    fluid = Tissue.CSF

    assert T2.signal(fluid) > T2.signal(Tissue.WHITE)
    assert FLAIR.signal(fluid) < 0.3 * FLAIR.signal(Tissue.WHITE)


def test_a_cyst_is_dark_over_its_diameter() -> None:
    frame = Abdomen(cyst_diameter_mm=24.0).cine(1)[0]
    row, column = round(CYST[1] / PIXEL_MM) + 28, round(CYST[0] / PIXEL_MM) + 320
    bright = np.flatnonzero(frame[row - 3 : row + 4].mean(axis=0) > 40)

    left, right = bright[bright < column].max(), bright[bright > column].min()

    assert (right - left - 1) * PIXEL_MM == pytest.approx(24.0, abs=1.5)


def test_a_lesion_keeps_its_uptake_in_the_middle() -> None:
    grid = around(NODULE.centre, 2.0, 20)

    true, measured = uptake(Thorax(nodules=[NODULE]), grid, {"n": 7.2}, exposure=1)

    assert true.max() == pytest.approx(7.2, rel=0.01)
    assert measured.max() == pytest.approx(7.2, rel=0.15)


@pytest.mark.parametrize("plan", plans(NOON, run="test"), ids=lambda plan: plan.name)
def test_every_exam_reads_back_as_dicom(plan) -> None:
    made = list(plan.instances(quick=True))

    assert len({d.SOPInstanceUID for d in made}) == len(made)
    assert {d.StudyInstanceUID for d in made} == {plan.exam.study}
    back = dcmread(DicomBytesIO(part10(made[0])))
    assert str(back.PatientName).startswith("TEST-")
    assert back.pixel_array.std() > 0
    assert encode(made[0])[:2] == b"\x08\x00"


def test_the_uptake_value_can_be_computed_from_the_instances() -> None:
    plan = next(p for p in plans(NOON, run="test") if p.name == "pet-ct")
    images = [d for d in plan.instances(quick=True) if d.Modality == "PT"]
    drug = images[0].RadiopharmaceuticalInformationSequence[0]
    decayed = float(drug.RadionuclideTotalDose) * 0.5 ** (3600 / float(drug.RadionuclideHalfLife))
    factor = float(images[0].PatientWeight) * 1000 / decayed

    highest = max(
        np.frombuffer(d.PixelData, "<i2").max() * float(d.RescaleSlope) * factor for d in images
    )

    assert highest == pytest.approx(LESION_SUV["right upper lobe"], rel=0.25)
