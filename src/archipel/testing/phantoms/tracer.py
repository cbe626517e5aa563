"""FDG uptake in the thorax phantom, with lesions of known standardised uptake value (SUV)."""

from collections.abc import Mapping

import numpy as np

from archipel.testing.phantoms.shapes import Grid, Volume, blur, cloud, ellipsoid, paint, sphere
from archipel.testing.phantoms.thorax import Finding, Thorax

BLUR_FWHM_MM = 5.5
BACKGROUND = {"soft": 0.7, "lung": 0.45, "liver": 2.1, "myocardium": 3.4, "blood": 1.5}


def uptake(
    thorax: Thorax, grid: Grid, lesions: Mapping[str, float], *, exposure: int
) -> tuple[Volume, Volume]:
    """Return (true, measured) SUV of shape `grid.shape`.

    `lesions` maps the names of the thorax's nodules to their SUV; `measured` is `true` after
    the resolution of the scanner and its noise.
    """
    true = np.zeros(grid.shape, np.float32)
    cage = thorax.cage(grid)
    paint(true, cage - 34 * thorax.size, BACKGROUND["soft"] * 0.45, edge_mm=4)
    paint(true, cage - 20, BACKGROUND["soft"], edge_mm=4)
    below = np.maximum(cage + 2, -thorax.diaphragm(grid))
    paint(true, np.maximum(below, grid.x - 34), BACKGROUND["liver"], edge_mm=4)
    for lung in thorax.lungs(grid):
        paint(true, lung, BACKGROUND["lung"], edge_mm=4)
    paint(true, ellipsoid(grid, (22, -24, -52), (50, 40, 52)), BACKGROUND["blood"], edge_mm=4)
    paint(true, ellipsoid(grid, (34, -20, -62), (34, 30, 42)), BACKGROUND["myocardium"], edge_mm=4)
    paint(true, ellipsoid(grid, (36, -20, -60), (24, 20, 34)), BACKGROUND["blood"], edge_mm=4)
    spine = np.sqrt((grid.x / 1.2) ** 2 + (grid.y - 68) ** 2) - 15 + 0 * grid.z
    paint(true, np.asarray(spine, np.float32), 1.35, edge_mm=4)
    for nodule in thorax.nodules:
        if nodule.name in lesions:
            _lesion(true, grid, nodule, lesions[nodule.name])
    return true, _measured(true, grid, exposure)


def _lesion(true: Volume, grid: Grid, nodule: Finding, value: float) -> None:
    paint(true, sphere(grid, nodule.centre, nodule.diameter_mm / 2), value, edge_mm=1)


def _measured(true: Volume, grid: Grid, exposure: int) -> Volume:
    steps = [float(np.diff(axis.ravel()[:2])[0]) for axis in (grid.z, grid.y, grid.x)]
    spread = [BLUR_FWHM_MM / 2.355 / step for step in steps]
    seen = blur(true, (spread[0], spread[1], spread[2]))
    rng = np.random.default_rng([exposure, 9])
    shape = true.shape
    grain = cloud(shape, (shape[0] // 2, shape[1] // 2, shape[2] // 2), rng)
    return np.asarray(np.clip(seen + 0.11 * np.sqrt(seen + 0.05) * grain, 0, None), np.float32)
