"""An abdominal ultrasound cine: liver with vessels, kidney, and a cyst of known diameter.

A sector of speckle whose scatterers move with breathing; pixel spacing is that of the region
calibration (PS3.3 C.8.5.5), so that a measured diameter can be compared with the truth.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archipel.testing.phantoms.shapes import Volume, blur

ROWS, COLUMNS, PIXEL_MM = 480, 640, 0.36
APEX = (28, 320)  # row, column of the probe's virtual centre
DEPTH_MM, HALF_ANGLE = 158.0, 0.66


@dataclass(frozen=True, slots=True, kw_only=True)
class Abdomen:
    """What lies under the probe."""

    seed: int = 1
    cyst_diameter_mm: float = 24.0

    def cine(self, frames: int) -> NDArray[np.uint8]:
        """Return a breathing cycle, uint8 of shape (frames, rows, columns)."""
        rng = np.random.default_rng(self.seed)
        scatterers = rng.standard_normal((2, ROWS + 80, COLUMNS + 80)).astype(np.float32)
        speckle = blur(scatterers, (0, 0.9, 1.9))
        speckle /= speckle.std()
        shifts = 7.0 * (1 - np.cos(np.linspace(0, 2 * np.pi, frames, endpoint=False)))
        return np.stack([self._frame(speckle, float(s)) for s in shifts])

    def _frame(self, speckle: Volume, shift_mm: float) -> NDArray[np.uint8]:
        row, column = np.mgrid[0:ROWS, 0:COLUMNS].astype(np.float32)
        y, x = (row - APEX[0]) * PIXEL_MM, (column - APEX[1]) * PIXEL_MM
        depth, angle = np.hypot(x, y), np.arctan2(x, y)
        tissue = self._reflectivity(x, y - shift_mm)
        moved = np.roll(speckle, round(shift_mm / PIXEL_MM), axis=1)[:, 40:-40, 40:-40]
        amplitude = tissue * np.hypot(moved[0], moved[1])
        shadow = self._enhancement(x, y - shift_mm)
        decibel = 20 * np.log10(np.clip(amplitude * shadow, 1e-4, None)) - 0.045 * depth
        grey = np.clip((decibel + 46) / 56, 0, 1) * 255
        sector = (depth > 12) & (depth < DEPTH_MM) & (np.abs(angle) < HALF_ANGLE)
        return np.where(sector, grey, 0).astype(np.uint8)

    def _reflectivity(self, x: Volume, y: Volume) -> Volume:
        wave = 3 * np.sin(x / 11) + 2 * np.sin(y / 7)
        value = np.full(x.shape, 0.26, np.float32)
        value[y < 22 + wave * 0.3] = 0.42  # abdominal wall
        value[np.abs(y - 22 - wave * 0.3) < 0.9] = 1.3  # fascia
        for (ax, ay), (bx, by), radius in VESSELS:
            t = np.clip(
                ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2),
                0,
                1,
            )
            distance = np.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay))
            value[distance < radius + 0.8] = 0.62
            value[distance < radius] = 0.015
        kidney = ((x - 34) / 31) ** 2 + ((y - 96) / 20) ** 2
        value[kidney < 1.08] = 0.55  # capsule and fat
        value[kidney < 1] = 0.15
        value[((x - 34) / 18) ** 2 + ((y - 96) / 8) ** 2 < 1] = 0.75
        dome = np.hypot(x + 18, y - 12) - 128
        value[dome > 0] = 0.1
        value[np.abs(dome) < 1.6] = 2.6  # diaphragm
        value[np.hypot(x - CYST[0], y - CYST[1]) < self.cyst_diameter_mm / 2] = 0.006
        return value

    def _enhancement(self, x: Volume, y: Volume) -> Volume:
        angle, centre = np.arctan2(x, y + 6), np.arctan2(CYST[0], CYST[1] + 6)
        width = np.arctan2(self.cyst_diameter_mm / 2, CYST[1])
        behind = (np.abs(angle - centre) < width) & (y > CYST[1] + self.cyst_diameter_mm / 2)
        return np.where(behind, 1.8, 1.0).astype(np.float32)


CYST = (-30.0, 66.0)
VESSELS = (
    ((-50.0, 112.0), (4.0, 84.0), 5.2),
    ((4.0, 84.0), (30.0, 58.0), 3.0),
    ((4.0, 84.0), (-6.0, 48.0), 2.6),
    ((-62.0, 58.0), (-44.0, 92.0), 3.2),
    ((-10.0, 118.0), (16.0, 140.0), 6.0),
)
