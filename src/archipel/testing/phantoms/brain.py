"""A head for MR: folded cortex, white matter, ventricles, deep nuclei, and a stroke of known size.

Contrast follows the spin-echo signal equation with relaxation times at 1.5 T (literature
values, rounded), so that sequences of one head agree with each other as real ones do.
"""

from dataclasses import dataclass
from enum import IntEnum
from math import exp, pi

import numpy as np

from archipel.testing.phantoms.shapes import (
    Grid,
    Point,
    Volume,
    blur,
    cloud,
    ellipsoid,
    smooth_max,
    sphere,
)


class Tissue(IntEnum):
    """What a voxel is made of."""

    AIR = 0
    BONE = 1
    FAT = 2
    MUSCLE = 3
    CSF = 4
    GREY = 5
    WHITE = 6
    LESION = 7
    EYE = 8


# tissue: proton density, T1 ms, T2 ms, apparent diffusion 10^-3 mm2/s
PROPERTIES: dict[Tissue, tuple[float, float, float, float]] = {
    Tissue.AIR: (0.0, 1000, 10, 0.0),
    Tissue.BONE: (0.10, 400, 8, 0.1),
    Tissue.FAT: (0.95, 260, 85, 0.05),
    Tissue.MUSCLE: (0.75, 900, 45, 1.2),
    Tissue.CSF: (1.0, 4200, 2000, 3.0),
    Tissue.GREY: (0.86, 1120, 100, 0.85),
    Tissue.WHITE: (0.72, 660, 82, 0.72),
    Tissue.LESION: (0.88, 1300, 160, 0.42),
    Tissue.EYE: (1.0, 3600, 1400, 2.6),
}


@dataclass(frozen=True, slots=True)
class Sequence:
    """One MR sequence: times in ms, b value in s/mm2; `inversion_ms` 0 where there is none."""

    name: str
    repetition_ms: float
    echo_ms: float
    inversion_ms: float = 0.0
    b_value: float = 0.0
    fat_suppressed: bool = False

    def signal(self, tissue: Tissue) -> float:
        """Return the signal of `tissue`, 0 to 1 (spin echo, inversion recovery, diffusion)."""
        density, t1, t2, diffusion = PROPERTIES[tissue]
        if tissue is Tissue.FAT and self.fat_suppressed:
            density *= 0.12
        recovery = 1 - exp(-self.repetition_ms / t1)
        if self.inversion_ms:
            recovery = abs(1 - 2 * exp(-self.inversion_ms / t1) + exp(-self.repetition_ms / t1))
        weighting = exp(-self.b_value * diffusion * 1e-3)
        return density * recovery * exp(-self.echo_ms / t2) * weighting


T1 = Sequence("T1 SE", 560, 12)
T2 = Sequence("T2 TSE", 4800, 98)
FLAIR = Sequence("T2 FLAIR", 9000, 105, inversion_ms=2480)
DIFFUSION = Sequence("DWI b1000", 5200, 88, b_value=1000, fat_suppressed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """One head; `stroke` is a sphere of restricted diffusion: its centre and diameter, in mm."""

    seed: int = 1
    stroke: tuple[Point, float] | None = None

    @property
    def stroke_volume_mm3(self) -> float:
        """Return the volume of the stroke, 0 where there is none."""
        return pi / 6 * self.stroke[1] ** 3 if self.stroke else 0.0

    def tissues(self, grid: Grid) -> np.ndarray:
        """Return the `Tissue` of each point, uint8 of shape `grid.shape`."""
        rng = np.random.default_rng(self.seed)
        cells = tuple(max(2, round(extent / 11)) for extent in _extents(grid))
        folds = cloud(grid.shape, (cells[0], cells[1], cells[2]), rng)
        fine = cloud(grid.shape, (cells[0] * 2, cells[1] * 2, cells[2] * 2), rng)
        tissue = np.zeros(grid.shape, np.uint8)
        head = ellipsoid(grid, (0, 4, -6), (79, 101, 104)) + 1.2 * fine
        _skull(tissue, grid, head, fine)
        self._brain(tissue, grid, folds, fine)
        _face(tissue, grid)
        if self.stroke:
            inside = sphere(grid, self.stroke[0], self.stroke[1] / 2) < 0
            tissue[inside] = Tissue.LESION
        return tissue

    def _brain(self, tissue: np.ndarray, grid: Grid, folds: Volume, fine: Volume) -> None:
        whole = ellipsoid(grid, (0, 4, 8), (66, 86, 67))
        cleft = 1.4 - np.abs(grid.x + 1.5 * folds) - 0.012 * np.abs(grid.y)
        brain = smooth_max(whole, np.asarray(cleft, np.float32), 3.0)
        inner = whole < 3.0  # subarachnoid space, mm
        tissue[inner] = Tissue.CSF
        gyri = np.abs(np.sin(3.1 * folds + 0.7 * fine + brain / 11))
        sulcus = (gyri < 0.2) & (brain > -15 + 4 * fine)  # depth of sulci, mm
        ribbon = brain + 3.2 + 17 * (1 - gyri) ** 2 * np.exp(brain / 14)
        matter = (brain < -0.6) & ~sulcus
        tissue[matter] = Tissue.GREY
        tissue[matter & (ribbon < 0)] = Tissue.WHITE
        falx = (np.abs(grid.x + 0.8 * fine) < 1.5) & (grid.z > 18) & inner
        tissue[falx] = Tissue.CSF
        for side in (-1, 1):
            nuclei = (
                ((side * 13, 4, 8), (9, 13, 10)),  # thalamus
                ((side * 25, -12, 8), (7, 15, 12)),  # lentiform nucleus
                ((side * 13, -24, 18), (5, 9, 11)),  # head of the caudate
            )
            for centre, radii in nuclei:
                tissue[ellipsoid(grid, centre, radii) + 0.6 * fine < 0] = Tissue.GREY
            ventricle = np.minimum(
                ellipsoid(grid, (side * 9, -14, 22), (5.5, 26, 9)),
                ellipsoid(grid, (side * 19, 28, 14), (6.5, 20, 10)),
            )
            tissue[ventricle < 0] = Tissue.CSF
        tissue[ellipsoid(grid, (0, 2, 6), (2.4, 14, 10)) < 0] = Tissue.CSF
        _hindbrain(tissue, grid, fine)

    def image(self, tissue: np.ndarray, sequence: Sequence, *, exposure: int) -> Volume:
        """Return the magnitude image of one sequence, 0 to about 1000, with Rician noise."""
        rng = np.random.default_rng([self.seed, exposure])
        table = np.array([sequence.signal(t) for t in Tissue], np.float32)
        scale = 1000 / max(
            table[[Tissue.GREY, Tissue.WHITE, Tissue.CSF, Tissue.LESION]].max(), 0.02
        )
        signal = blur(table[tissue] * scale, (0.35, 0.6, 0.6))
        shade = 1 + 0.09 * cloud(signal.shape, (2, 3, 3), rng)
        texture = 1 + 0.022 * cloud(
            signal.shape, (signal.shape[0], signal.shape[1] // 3, signal.shape[2] // 3), rng
        )
        signal = signal * shade * texture
        spread = 15.0 if sequence.b_value == 0 else 30.0
        real = signal + rng.normal(0, spread, signal.shape)
        imaginary = rng.normal(0, spread, signal.shape)
        return np.asarray(np.hypot(real, imaginary), np.float32)

    def diffusion_coefficient(self, tissue: np.ndarray, *, exposure: int) -> Volume:
        """Return the apparent diffusion coefficient in 10^-6 mm2/s, with noise."""
        rng = np.random.default_rng([self.seed, exposure])
        table = np.array([PROPERTIES[t][3] * 1000 for t in Tissue], np.float32)
        smooth = blur(table[tissue], (0.3, 0.8, 0.8))
        return np.asarray(smooth * (1 + 0.05 * rng.standard_normal(smooth.shape)), np.float32)


def _extents(grid: Grid) -> tuple[float, float, float]:
    return (
        float(np.ptp(grid.z)) + 1,
        float(np.ptp(grid.y)) + 1,
        float(np.ptp(grid.x)) + 1,
    )


def _skull(tissue: np.ndarray, grid: Grid, head: Volume, fine: Volume) -> None:
    """Skin and fat, muscle at the temples and neck, and the two tables of the skull."""
    tissue[head < 0] = Tissue.MUSCLE
    tissue[(head < -1.8) & (head > -5.5)] = Tissue.FAT  # scalp, mm
    vault = ellipsoid(grid, (0, 4, 6), (72, 92, 74)) + 0.5 * fine
    tissue[vault < 0] = Tissue.BONE
    diploe = (vault < -2) & (vault > -4.2) & (grid.z > -20)  # marrow, mm
    tissue[diploe] = Tissue.FAT
    neck = np.sqrt((grid.x / 58) ** 2 + ((grid.y - 20) / 62) ** 2) + 0 * grid.z
    tissue[(neck < 1) & (grid.z < -62) & (tissue == Tissue.AIR)] = Tissue.MUSCLE


def _hindbrain(tissue: np.ndarray, grid: Grid, fine: Volume) -> None:
    """Cerebellum with its leaves, brain stem, fourth ventricle."""
    for side in (-1, 1):
        lobe = ellipsoid(grid, (side * 22, 50, -34), (27, 27, 21))
        tissue[lobe < 2] = Tissue.CSF  # cistern, mm
        leaves = np.sin((grid.z + 0.35 * (grid.y - 50) + 2 * fine) * 1.25) + 0 * grid.x
        tissue[lobe < 0] = Tissue.GREY
        tissue[(lobe < -1.5) & (leaves > 0.55)] = Tissue.WHITE
        tissue[ellipsoid(grid, (side * 17, 44, -34), (12, 13, 9)) < 0] = Tissue.WHITE
    stem = np.sqrt((grid.x / 13) ** 2 + ((grid.y - 20 - 0.12 * (grid.z + 40)) / 12) ** 2)
    stem = np.broadcast_to(stem, grid.shape)
    tissue[(stem < 1.25) & (grid.z < -8) & (grid.z > -95)] = Tissue.CSF
    tissue[(stem < 1) & (grid.z < -4) & (grid.z > -95)] = Tissue.WHITE
    tissue[ellipsoid(grid, (0, 35, -34), (7, 5, 12)) < 0] = Tissue.CSF


def _face(tissue: np.ndarray, grid: Grid) -> None:
    """Eyes with their fat, and air in the sinuses."""
    for side in (-1, 1):
        orbit = ellipsoid(grid, (side * 31, -72, -28), (17, 24, 16))
        tissue[orbit < 0] = Tissue.FAT
        nerve = np.sqrt((grid.x - side * (24 - 0.28 * (grid.y + 62))) ** 2 + (grid.z + 28) ** 2)
        tissue[(nerve < 2.2) & (grid.y > -66) & (grid.y < -38)] = Tissue.MUSCLE
        tissue[sphere(grid, (side * 32, -80, -28), 12) < 0] = Tissue.EYE
        lens = ellipsoid(grid, (side * 32, -89, -28), (5, 2.2, 5))
        tissue[lens < 0] = Tissue.MUSCLE
        tissue[ellipsoid(grid, (side * 26, -66, -64), (14, 18, 17)) < 0] = Tissue.AIR
    tissue[ellipsoid(grid, (0, -70, -34), (9, 20, 18)) < 0] = Tissue.AIR
