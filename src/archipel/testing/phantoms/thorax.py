"""A thorax for CT: lungs with branching vessels, ribs, spine, heart, and findings of known size.

Values are Hounsfield units. Nodules are spheres, calcium plaques are spheres in a coronary
artery: their truth is their geometry, independent of sampling.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import pi

import numpy as np

from archipel.testing.phantoms.shapes import (
    Grid,
    Point,
    Volume,
    blur,
    capsule,
    cloud,
    ellipsoid,
    paint,
    smooth_max,
    sphere,
    weight,
)
from archipel.testing.phantoms.tree import Branch, draw, grow

AIR, LUNG, FAT, MUSCLE, BLOOD, CORTEX, MARROW = -1000.0, -855.0, -98.0, 52.0, 44.0, 820.0, 210.0
RIB_PERIOD_MM, RIB_HALF_MM, RIB_SLOPE = 25.0, 5.2, 0.42
SLAB = 12  # slices painted at once: bounds memory


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to find: a sphere of known place (mm), diameter (mm) and density (HU)."""

    name: str
    centre: Point
    diameter_mm: float
    hounsfield: float

    @property
    def volume_mm3(self) -> float:
        """Return the volume of the sphere."""
        return pi / 6 * self.diameter_mm**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Thorax:
    """One patient's thorax; the same `seed` gives the same anatomy in another exam."""

    seed: int = 1
    nodules: Sequence[Finding] = ()
    calcium: Sequence[Finding] = ()
    breath_mm: float = 0.0  # how much higher the diaphragm stands
    size: float = 1.0  # of the body, against an adult of 75 kg
    trees: dict[str, list[Branch]] = field(default_factory=dict, compare=False, repr=False)

    def render(self, grid: Grid, *, noise_hu: float, exposure: int) -> Volume:
        """Return Hounsfield units of shape `grid.shape`; `exposure` seeds the noise alone."""
        self._grow_trees()
        rng = np.random.default_rng([self.seed, exposure])
        clouds = _Clouds(grid.shape, np.random.default_rng(self.seed))
        volume = np.full(grid.shape, AIR, np.float32)
        for first in range(0, grid.shape[0], SLAB):
            last = min(first + SLAB, grid.shape[0])
            slab = grid.slab(first, last)
            self._paint(volume[first:last], slab, clouds.slab(first, last))
            _table(volume[first:last], slab)
        grain = _grain(grid.shape, rng)
        grain *= noise_hu
        volume += grain
        return volume

    def lungs(self, grid: Grid) -> tuple[Volume, Volume]:
        """Return the right and the left lung."""
        cage = self.cage(grid, inset_mm=1.5)
        heart = ellipsoid(grid, (24, -26, -52), (60, 50, 62))
        midline = 22 + 10 * np.exp(-(((grid.z + 20) / 45) ** 2)) + 0.00115 * (grid.y - 8) ** 2
        above = self.diaphragm(grid)
        right = smooth_max(cage, grid.x + midline, 9)
        left = smooth_max(cage, -(grid.x - midline), 9)
        right = smooth_max(right, -ellipsoid(grid, (20, -26, -52), (56, 48, 60)), 7)
        left = smooth_max(left, -heart, 7)
        return smooth_max(right, above, 8), smooth_max(left, above + 5, 8)

    def cage(self, grid: Grid, *, inset_mm: float = 0.0) -> Volume:
        """Inner surface of the rib cage: an ellipse that narrows towards the apex."""
        up = np.clip((grid.z + 70) / 205, -0.6, 0.995)
        narrow = np.sqrt(1 - up * up * np.where(up > 0, 1, 0.12))
        rx = (134 * narrow * self.size - inset_mm).clip(2)
        ry = ((93 * (0.35 + 0.65 * narrow)) * self.size - inset_mm).clip(2)
        flat = np.where(grid.y > 0, 0.93, 1.0)
        u, v = grid.x / rx, (grid.y - 4) / (ry * flat)
        k = (np.abs(u) ** 2.25 + np.abs(v) ** 2.25) ** (1 / 2.25) + 1e-6
        return np.asarray((k - 1) * np.minimum(rx, ry) * (0.55 + 0.45 * k), np.float32)

    def diaphragm(self, grid: Grid) -> Volume:
        """Negative above the domes of the diaphragm."""
        base = -118 + self.breath_mm
        right = 52 * np.exp(-(((grid.x + 62) / 62) ** 2) - ((grid.y - 2) / 78) ** 2)
        left = 42 * np.exp(-(((grid.x - 66) / 58) ** 2) - ((grid.y - 6) / 76) ** 2)
        return np.asarray(base + np.maximum(right, left) - grid.z, np.float32)

    def _grow_trees(self) -> None:
        if self.trees:
            return
        rng = np.random.default_rng([self.seed, 77])
        for side, sign in (("right", -1.0), ("left", 1.0)):
            points = rng.uniform((-130, -95, -125), (130, 95, 130), (14000, 3))
            points = points[points[:, 0] * sign > 0]
            inside = self._inside(points, side, depth_mm=3.5)
            chosen = points[inside][:640]
            self.trees[f"{side} arteries"] = grow(
                (sign * 34, 4, -4),
                chosen[:430],
                leaf_radius_mm=0.62,
                root_radius_mm=7.5,
                rng=rng,
            )
            self.trees[f"{side} veins"] = grow(
                (sign * 30, 10, -30),
                chosen[430:],
                leaf_radius_mm=0.68,
                root_radius_mm=6.5,
                rng=rng,
            )
            self.trees[f"{side} airways"] = grow(
                (sign * 30, 16, 6),
                chosen[:46] * 0.8 + np.array((sign * 30, 16, 6)) * 0.2,
                leaf_radius_mm=1.1,
                root_radius_mm=5.5,
                rng=rng,
            )

    def _inside(self, points: np.ndarray, side: str, *, depth_mm: float) -> np.ndarray:
        line = points.astype(np.float32)
        grid = Grid(line[:, 0], line[:, 1], line[:, 2])
        right, left = self.lungs(grid)
        return np.asarray((right if side == "right" else left) < -depth_mm)

    def _paint(self, volume: Volume, grid: Grid, clouds: "_Clouds") -> None:
        cage = self.cage(grid)
        _wall(volume, grid, cage, clouds, self.size)
        _abdomen(volume, grid, cage, self.diaphragm(grid), clouds)
        _mediastinum(volume, grid, cage, clouds)
        right, left = self.lungs(grid)
        gravity = 0.55 * (grid.y + 20)
        tissue = LUNG + gravity + 14 * clouds.fine + 10 * clouds.coarse
        for lung in (right, left):
            paint(volume, lung, tissue, edge_mm=1.2)
        self._fissures(volume, grid, right, left)
        for name, branches in self.trees.items():
            lung = right if name.startswith("right") else left
            if lung.min() < 0 and "airways" not in name:
                draw(volume, grid, branches, 36.0, within=self._lung_of(name))
        _heart(volume, grid, clouds)
        _great_vessels(volume, grid)
        _airways(volume, grid, self.trees)
        _spine(volume, grid, clouds)
        for finding in (*self.nodules, *self.calcium):
            paint(
                volume, sphere(grid, finding.centre, finding.diameter_mm / 2), finding.hounsfield
            )

    def _lung_of(self, name: str) -> "_LungShape":
        return _LungShape(self, 0 if name.startswith("right") else 1)

    def _fissures(self, volume: Volume, grid: Grid, right: Volume, left: Volume) -> None:
        oblique = np.abs(grid.z + 12 + 0.95 * grid.y + 6 * np.sin(grid.x / 37)) / 1.4 - 0.35
        for lung in (right, left):
            line = weight(np.asarray(oblique, np.float32), 0.9) * weight(lung + 2, 0.8)
            volume += line * 105


@dataclass(frozen=True, slots=True)
class _LungShape:
    thorax: Thorax
    side: int

    def __call__(self, grid: Grid) -> Volume:
        return self.thorax.lungs(grid)[self.side] - 0.5


@dataclass(slots=True)
class _Clouds:
    """Random fields shared by all organs of one patient."""

    fine: Volume
    coarse: Volume

    def __init__(self, shape: tuple[int, int, int], rng: np.random.Generator) -> None:
        cells = (max(2, shape[0] // 3), max(2, shape[1] // 5), max(2, shape[2] // 5))
        self.fine = cloud(shape, cells, rng)
        broad = (max(2, shape[0] // 14), max(2, shape[1] // 24), max(2, shape[2] // 24))
        self.coarse = cloud(shape, broad, rng)

    def slab(self, first: int, last: int) -> "_Clouds":
        part = object.__new__(_Clouds)
        part.fine, part.coarse = self.fine[first:last], self.coarse[first:last]
        return part


def _wall(volume: Volume, grid: Grid, cage: Volume, clouds: _Clouds, size: float) -> None:
    """Skin, fat, muscle, ribs, scapulae and sternum around the cage."""
    side = np.abs(grid.x) / 150
    thick = 30 + 7 * side**2 + 5 * np.exp(-(((grid.y - 70) / 40) ** 2))
    body = cage - thick * size
    paint(volume, body, 18.0, edge_mm=1.0)
    paint(volume, body + 2.2, FAT + 7 * clouds.fine, edge_mm=1.2)
    layers = 3.2 * np.sin(cage / 2.6 + 2.2 * clouds.coarse + grid.z / 17)
    muscle = cage - (20 + 6 * side) + 2.2 * clouds.coarse
    paint(volume, muscle, MUSCLE + 5 * clouds.fine - 16 * (layers > 2.4), edge_mm=1.5)
    paint(volume, np.abs(cage - 5.5) - 5.5, -35 + 16 * clouds.fine, edge_mm=1.5)
    phase = (grid.z + RIB_SLOPE * grid.y - 0.04 * np.abs(grid.x)) % RIB_PERIOD_MM
    band = np.abs(phase - RIB_PERIOD_MM / 2) - RIB_HALF_MM
    rib = smooth_max(np.asarray(band, np.float32), np.abs(cage - 5.2) - 3.9, 2.2)
    front = grid.y < -62 + 0.12 * np.abs(grid.x)
    paint(volume, rib, np.where(front, 95.0, CORTEX), edge_mm=1.0)
    paint(volume, rib + 1.5, np.where(front, 80.0, MARROW + 45 * clouds.fine), edge_mm=1.0)
    blade = np.abs(cage - 20 - 0.05 * np.abs(grid.z - 55)) - 2.1
    place = ellipsoid(grid, (88, 66, 58), (42, 46, 62))
    place = np.minimum(place, ellipsoid(grid, (-88, 66, 58), (42, 46, 62)))
    scapula = smooth_max(np.asarray(blade, np.float32), place, 2)
    paint(volume, scapula, 560.0, edge_mm=1.0)
    paint(volume, scapula + 1.3, 250.0, edge_mm=0.8)
    sternum = ellipsoid(grid, (0, -97 * size, 10), (19, 7, 92))
    paint(volume, sternum, 380.0, edge_mm=1.0)
    paint(volume, sternum + 1.6, 130 + 30 * clouds.fine, edge_mm=1.0)


def _abdomen(volume: Volume, grid: Grid, cage: Volume, above: Volume, clouds: _Clouds) -> None:
    """Liver, spleen and stomach below the diaphragm."""
    below = smooth_max(cage + 2, -above, 5)
    if below.min() > 0:
        return
    paint(volume, below, FAT + 9 * clouds.fine, edge_mm=1.2)
    liver = smooth_max(below + 2, grid.x - 26 + 0.75 * grid.y - 0.3 * (grid.z + 110), 26)
    paint(volume, liver, 61 + 4 * clouds.fine + 3 * clouds.coarse, edge_mm=1.2)
    spleen = ellipsoid(grid, (84, 44, -132), (32, 44, 46))
    paint(volume, np.maximum(spleen, below + 2), 50 + 4 * clouds.fine, edge_mm=1.2)
    stomach = np.maximum(ellipsoid(grid, (58, -18, -130), (38, 46, 40)), below + 3)
    paint(volume, stomach, 38.0, edge_mm=1.2)
    gas = np.maximum(stomach + 4, grid.y + 24)
    paint(volume, gas, AIR + 20, edge_mm=1.2)


def _mediastinum(volume: Volume, grid: Grid, cage: Volume, clouds: _Clouds) -> None:
    column = smooth_max(cage, np.asarray(np.abs(grid.x) - 48 + 0 * grid.z, np.float32), 10)
    paint(volume, column, FAT + 16 + 11 * clouds.fine + 8 * clouds.coarse, edge_mm=2)


def _heart(volume: Volume, grid: Grid, clouds: _Clouds) -> None:
    """Pericardial fat, muscle, chambers without contrast, and the coronary grooves."""
    outer = ellipsoid(grid, (22, -25, -52), (55, 45, 57))
    if outer.min() > 0:
        return
    paint(volume, outer, FAT + 12 * clouds.fine, edge_mm=1.5)
    muscle = ellipsoid(grid, (22, -24, -52), (50, 40, 52)) + 1.5 * clouds.coarse
    paint(volume, muscle, 50 + 4 * clouds.fine, edge_mm=1.5)
    for centre, radii in (
        ((36, -20, -64), (24, 22, 34)),
        ((-6, -34, -56), (24, 16, 34)),
        ((14, 6, -36), (30, 15, 22)),
        ((-20, -10, -44), (15, 19, 26)),
    ):
        paint(volume, ellipsoid(grid, centre, radii), BLOOD - 5 + 3 * clouds.fine, edge_mm=3)
    for path in CORONARIES:
        for a, b in pairwise(path):
            paint(volume, capsule(grid, a, b, (3.6, 3.2)), -84.0, edge_mm=1.5)
            paint(volume, capsule(grid, a, b, (1.9, 1.6)), 48.0, edge_mm=0.8)


CORONARIES: tuple[tuple[Point, ...], ...] = (
    ((18, -46, -14), (32, -60, -28), (46, -62, -46), (58, -54, -66)),  # anterior descending
    ((20, -44, -14), (50, -34, -20), (68, -18, -34), (70, 0, -50)),  # circumflex
    ((4, -54, -16), (-18, -60, -30), (-26, -46, -58), (-14, -28, -88)),  # right
)


def _great_vessels(volume: Volume, grid: Grid) -> None:
    arch = ((12, -18, 32), (18, -2, 44), (24, 24, 44), (26, 46, 32))
    aorta = [((10, -22, -26), (12, -18, 32)), *pairwise(arch)]
    aorta += [((26, 46, 32), (22, 50, -60)), ((22, 50, -60), (14, 48, -160))]
    for a, b in aorta:
        paint(volume, capsule(grid, a, b, (14.5, 13)), 62.0, edge_mm=1.2)
        paint(volume, capsule(grid, a, b, (13, 11.8)), BLOOD, edge_mm=1.2)
    for a, b, radius in (
        ((-24, -20, -30), (-20, -18, 60), 9.5),  # superior vena cava
        ((-20, -18, 60), (-44, -20, 96), 8.0),  # brachiocephalic veins
        ((-20, -18, 60), (40, -26, 100), 7.0),
        ((20, -2, 44), (36, -2, 120), 5.0),  # supra-aortic arteries
        ((16, -10, 44), (-26, -4, 118), 6.0),
        ((8, -40, -22), (14, -12, 6), 13.5),  # pulmonary trunk and arteries
        ((14, -8, 6), (-36, 4, 0), 10.0),
        ((14, -8, 6), (40, 8, 4), 10.0),
    ):
        paint(volume, capsule(grid, a, b, (radius, radius * 0.9)), BLOOD, edge_mm=1.4)


def _airways(volume: Volume, grid: Grid, trees: dict[str, list[Branch]]) -> None:
    stem = (((0, 18, 160), (0, 22, 26)), ((0, 22, 26), (-30, 16, 6)), ((0, 22, 26), (30, 16, 6)))
    radii = (9.0, 7.0, 6.4)
    for (a, b), radius in zip(stem, radii, strict=True):
        paint(volume, capsule(grid, a, b, (radius + 1.6, radius + 1.2)), 40.0, edge_mm=1.0)
        paint(volume, capsule(grid, a, b, (radius, radius * 0.9)), AIR + 8, edge_mm=1.0)
    for name, branches in trees.items():
        if "airways" in name:
            wide = [branch for branch in branches if branch.radii[0] > 1.3]
            draw(volume, grid, wide, -180.0, grow_mm=0.8)
            for branch in wide:
                _lumen(volume, grid, branch)
    oesophagus = capsule(grid, (6, 38, 160), (10, 36, -160), (7.5, 7.5))
    paint(volume, oesophagus, 38.0, edge_mm=1.2)
    paint(volume, capsule(grid, (6, 37, 60), (7, 37, 20), (1.6, 1.2)), -700.0)


def _lumen(volume: Volume, grid: Grid, branch: Branch) -> None:
    reach = max(branch.radii) + 1
    low = [min(a, b) - reach for a, b in zip(branch.start, branch.end, strict=True)]
    high = [max(a, b) + reach for a, b in zip(branch.start, branch.end, strict=True)]
    where = grid.box((low[0], low[1], low[2]), (high[0], high[1], high[2]))
    part = grid.part(where)
    if 0 not in part.shape:
        paint(volume[where], capsule(part, branch.start, branch.end, branch.radii), AIR + 25)


def _spine(volume: Volume, grid: Grid, clouds: _Clouds) -> None:
    """Vertebral bodies with discs, canal, and processes."""
    around = np.sqrt((grid.x / 1.22) ** 2 + (grid.y - 68) ** 2)
    waist = 1.6 * np.cos(2 * pi * grid.z / RIB_PERIOD_MM)
    body = np.asarray(around - 16.5 + waist + 0 * grid.z, np.float32)
    disc = (np.abs((grid.z % RIB_PERIOD_MM) - RIB_PERIOD_MM / 2) - 2.4) < 0
    paint(volume, body, np.where(disc, 88.0, 520.0), edge_mm=1.2)
    spongy = np.where(disc, 82.0, 178 + 42 * clouds.fine)
    paint(volume, body + 1.6, spongy, edge_mm=1.2)
    level = np.abs((grid.z % RIB_PERIOD_MM) - 0.35 * RIB_PERIOD_MM)
    arch = np.asarray(np.abs(np.sqrt(grid.x**2 + (grid.y - 92) ** 2) - 12) - 2.6, np.float32)
    paint(volume, np.maximum(arch, level - 8.5), 480.0, edge_mm=1.2)
    spine = np.maximum(np.abs(grid.x) - 2.8, np.abs(grid.y - 108 + 0.4 * level) - 8)
    paint(volume, np.maximum(spine, level - 7), 430.0, edge_mm=1.4)
    wing = np.maximum(np.abs(grid.y - 90) - 4.5, np.abs(grid.x) - 34)
    wing = np.maximum(wing, 11 - np.abs(grid.x))
    paint(volume, np.maximum(wing, level - 5.5), 390.0, edge_mm=1.4)
    canal = np.asarray(np.sqrt(grid.x**2 + (grid.y - 92) ** 2) - 9.2 + 0 * grid.z, np.float32)
    paint(volume, canal, 14.0, edge_mm=1.0)
    paint(volume, canal + 4.2, 38.0, edge_mm=1.0)


def _table(volume: Volume, grid: Grid) -> None:
    """Lay the couch: a thin curved shell under the patient."""
    curve = grid.y - 158 + 0.0011 * grid.x**2
    shell = np.maximum(np.abs(curve) - 1.2, np.abs(grid.x) - 205)
    foam = np.maximum(np.abs(curve - 9) - 8, np.abs(grid.x) - 200)
    outside = volume[:, :, :] < -900  # air
    inside = weight(np.asarray(foam, np.float32), 1.0) * outside
    volume += inside * (-940 - volume)
    inside = weight(np.asarray(shell, np.float32), 1.0) * outside
    volume += inside * (-160 - volume)


def _grain(shape: tuple[int, int, int], rng: np.random.Generator) -> Volume:
    """Noise of a reconstruction: unit spread, correlated over about two pixels."""
    grain = np.empty(shape, np.float32)
    for first in range(0, shape[0], SLAB):
        slab = grain[first : first + SLAB]
        white = rng.standard_normal(slab.shape, np.float32)
        slab[:] = blur(white, (0.0, 0.75, 0.75)) - 0.35 * blur(white, (0.0, 1.9, 1.9))
    grain /= grain.std()
    return grain
