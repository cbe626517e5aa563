"""A test object whose greys and lengths are known to the pixel: for viewers, not for the eye.

Each slice holds a disc whose value tells which slice it is, and a rod of known length. It is
drawn as a scanner exam, so that it goes the way of any other exam.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from archipel.testing.phantoms import datasets
from archipel.testing.phantoms.datasets import Exam, Geometry, Series

PIXELS = 256
PIXEL_MM = 1.25
AIR_HU, ROD_HU = -900, 900
DISC = (96, 128, 44)  # row, column, radius, pixels
ROD = (200, 208, 88, 168)  # rows and columns: first, behind the last
ROD_MM = (ROD[3] - ROD[2]) * PIXEL_MM
WINDOW = (40, 400)


def disc_hu(index: int) -> int:
    """Return the value of the disc in slice `index`, in the order of Instance Number."""
    return -120 + 10 * (index % 31)


def grey_of(hounsfield: float, window: tuple[int, int] = WINDOW) -> float:
    """Return the grey of 0-255 of a value (PS3.3 C.11.2.1.2.1)."""
    center, width = window
    grey = ((hounsfield - (center - 0.5)) / (width - 1) + 0.5) * 255
    return float(min(255.0, max(0.0, grey)))


def volume(slices: int, *, noise_hu: float = 12.0, pixels: int = PIXELS) -> NDArray[np.int16]:
    """Return values of shape (slices, rows, columns) in the order of Instance Number.

    `pixels` is a multiple of `PIXELS`: the same object, finer.
    """
    finer = pixels // PIXELS
    rows, columns = np.mgrid[0:pixels, 0:pixels] // finer
    disc = (rows - DISC[0]) ** 2 + (columns - DISC[1]) ** 2 <= DISC[2] ** 2
    rod = (rows >= ROD[0]) & (rows < ROD[1]) & (columns >= ROD[2]) & (columns < ROD[3])
    rng = np.random.default_rng(7)
    made = np.empty((slices, pixels, pixels), np.int16)
    for index in range(slices):
        plane = np.where(disc, disc_hu(index), AIR_HU) + rng.normal(0, noise_hu, disc.shape)
        made[index] = np.where(rod, ROD_HU, plane).round()
    return made


def scan(exam: Exam, slices: int, *, number: int = 2, pixels: int = PIXELS) -> Iterator[Dataset]:
    """Yield the object as a stack of `slices` images."""
    values: NDArray[Any] = volume(slices, pixels=pixels)[::-1]  # a stack is sent from its top
    step = PIXEL_MM * PIXELS / pixels
    geometry = Geometry(origin=(-160.0, -160.0, 0.0), pixel_mm=(step, step), slice_mm=2.0)
    series = Series(
        number=number, description="Mire", modality="CT", body_part="PHANTOM", station="CT1"
    )
    return datasets.ct(exam, series, values, geometry, WINDOW)
