"""Implicit shapes in millimetres, and how they are painted into a volume.

A shape is an array of signed distances, negative inside, on the points of a `Grid`.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Volume = NDArray[np.float32]
Point = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Grid:
    """Points of a volume as three arrays that broadcast to (slices, rows, columns), in mm."""

    x: Volume
    y: Volume
    z: Volume

    @classmethod
    def make(cls, *, origin: Point, spacing: Point, shape: tuple[int, int, int]) -> Self:
        """Lay a grid: `origin` and `spacing` are (x, y, z) in mm, `shape` is (z, y, x)."""
        axes = [
            (origin[i] + spacing[i] * np.arange(shape[2 - i])).astype(np.float32) for i in range(3)
        ]
        return cls(axes[0][None, None, :], axes[1][None, :, None], axes[2][:, None, None])

    @property
    def shape(self) -> tuple[int, int, int]:
        """Return (slices, rows, columns)."""
        return self.z.shape[0], self.y.shape[1], self.x.shape[2]

    def slab(self, first: int, last: int) -> "Grid":
        """Return the slices `first` to `last`, the last excluded."""
        return Grid(self.x, self.y, self.z[first:last])

    def box(self, low: Point, high: Point) -> tuple[slice, slice, slice]:
        """Return the index range (z, y, x) of the points between two corners."""
        ranges = []
        for axis, a, b in (
            (self.z, low[2], high[2]),
            (self.y, low[1], high[1]),
            (self.x, low[0], high[0]),
        ):
            values = axis.ravel()
            ranges.append(slice(*np.searchsorted(values, (a, b)).tolist()))
        return ranges[0], ranges[1], ranges[2]

    def part(self, where: tuple[slice, slice, slice]) -> "Grid":
        """Return the grid of an index range."""
        return Grid(self.x[:, :, where[2]], self.y[:, where[1], :], self.z[where[0]])


def ellipsoid(grid: Grid, centre: Point, radii: Point) -> Volume:
    """Return the distance to an ellipsoid, first-order exact at its surface."""
    u = (grid.x - centre[0]) / radii[0]
    v = (grid.y - centre[1]) / radii[1]
    w = (grid.z - centre[2]) / radii[2]
    k0 = np.sqrt(u * u + v * v + w * w) + 1e-6
    k1 = np.sqrt((u / radii[0]) ** 2 + (v / radii[1]) ** 2 + (w / radii[2]) ** 2) + 1e-9
    return np.asarray(k0 * (k0 - 1) / k1, np.float32)


def sphere(grid: Grid, centre: Point, radius: float) -> Volume:
    """Return the distance to a sphere."""
    return np.asarray(
        np.sqrt((grid.x - centre[0]) ** 2 + (grid.y - centre[1]) ** 2 + (grid.z - centre[2]) ** 2)
        - radius,
        np.float32,
    )


def capsule(grid: Grid, a: Point, b: Point, radii: tuple[float, float]) -> Volume:
    """Return the distance to a rod from `a` to `b` whose radius goes from one value to another."""
    ab = [b[i] - a[i] for i in range(3)]
    length2 = sum(c * c for c in ab) + 1e-9
    px, py, pz = grid.x - a[0], grid.y - a[1], grid.z - a[2]
    t = np.clip((px * ab[0] + py * ab[1] + pz * ab[2]) / length2, 0, 1)
    d2 = (px - t * ab[0]) ** 2 + (py - t * ab[1]) ** 2 + (pz - t * ab[2]) ** 2
    return np.asarray(np.sqrt(d2) - (radii[0] + (radii[1] - radii[0]) * t), np.float32)


def weight(distance: Volume, edge_mm: float) -> Volume:
    """Return how much of each point is inside: 1, 0, or on the ramp of `edge_mm` between."""
    return np.asarray(np.clip(0.5 - distance / edge_mm, 0, 1), np.float32)


def paint(
    volume: Volume, distance: Volume, value: float | Volume, *, edge_mm: float = 0.8
) -> None:
    """Put `value` where the shape is, blending over its edge."""
    inside = weight(distance, edge_mm)
    volume += inside * (value - volume)


def smooth_max(a: Volume, b: Volume, radius_mm: float) -> Volume:
    """Return the intersection of two shapes with its ridge rounded."""
    h = np.clip(0.5 - 0.5 * (b - a) / radius_mm, 0, 1)
    return np.asarray(b + (a - b) * h + radius_mm * h * (1 - h), np.float32)


def cloud(
    shape: tuple[int, int, int], cells: tuple[int, int, int], rng: np.random.Generator
) -> Volume:
    """Return a smooth random field of unit spread with about `cells` blobs along each axis."""
    field = rng.standard_normal([c + 1 for c in cells]).astype(np.float32)
    for axis in range(3):
        field = _stretch(field, shape[axis], axis)
    return field


def _stretch(field: Volume, length: int, axis: int) -> Volume:
    last = field.shape[axis] - 1
    at = np.linspace(0, last, length, dtype=np.float32)
    low = np.minimum(at.astype(int), last - 1)
    t = at - low
    t = t * t * (3 - 2 * t)
    weights = [1, 1, 1]
    weights[axis] = length
    t = t.reshape(weights).astype(np.float32)
    mixed = np.take(field, low, axis) * (1 - t) + np.take(field, low + 1, axis) * t
    return np.asarray(mixed, np.float32)


def blur(volume: Volume, sigma: tuple[float, float, float]) -> Volume:
    """Return `volume` after a Gaussian of `sigma` points along (z, y, x), edges repeated."""
    for axis, spread in enumerate(sigma):
        reach = round(3 * spread)
        if reach < 1:
            continue
        kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / spread) ** 2).astype(np.float32)
        kernel /= kernel.sum()
        padding = [(0, 0)] * volume.ndim
        padding[axis] = (reach, reach)
        padded = np.pad(volume, padding, mode="edge")
        volume = sum(
            k * np.take(padded, range(i, i + volume.shape[axis]), axis)
            for i, k in enumerate(kernel)
        )
    return np.asarray(volume, np.float32)
