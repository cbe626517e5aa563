"""A chest radiograph: the thorax phantom projected, with scatter, noise and the film curve."""

from math import log

import numpy as np

from archipel.testing.phantoms.shapes import Grid, Volume, blur
from archipel.testing.phantoms.thorax import Thorax

WATER_PER_MM = 0.0165  # linear attenuation at about 100 kV behind filtration
FIELD_MM = (380.0, 300.0)  # width, height


def radiograph(thorax: Thorax, *, sample_mm: float = 0.8, exposure: int = 1) -> Volume:
    """Return detector values of shape (rows, columns), 0 to 4095, bright where dense.

    Pixels measure half of `sample_mm`. Posterior-anterior: column 0 is the patient's right,
    row 0 the apex.
    """
    step = (sample_mm, 3.0, sample_mm)
    shape = (round(FIELD_MM[1] / step[2]), 94, round(FIELD_MM[0] / step[0]))
    grid = Grid.make(origin=(-FIELD_MM[0] / 2, -140, -165), spacing=step, shape=shape)
    hounsfield = thorax.render(grid, noise_hu=0.0, exposure=exposure)
    attenuation = np.clip(hounsfield / 1000 + 1, 0, 1.9) * WATER_PER_MM
    path = attenuation.sum(axis=1)[::-1] * step[1]
    path = _finer(path, 2)
    primary = np.exp(-path)
    scatter = 0.5 * blur(primary[None], (0, 18, 18))[0]
    rng = np.random.default_rng([thorax.seed, exposure, 5])
    counts = 9000 * (primary + scatter) + 20
    counts = counts + rng.standard_normal(counts.shape) * np.sqrt(counts)
    signal = log(9000) - np.log(np.clip(counts, 2, None))
    detail = signal - blur(signal[None], (0, 9, 9))[0]
    sharpened = signal + 0.9 * detail
    low, high = np.percentile(sharpened, (2, 99.7))
    return np.asarray(np.clip((sharpened - low) / (high - low), 0, 1) * 4000 + 40, np.float32)


def _finer(image: Volume, times: int) -> Volume:
    repeated = np.repeat(np.repeat(image, times, 0), times, 1)
    smooth = blur(np.asarray(repeated, np.float32)[None], (0, times / 2, times / 2))
    return np.asarray(smooth[0], np.float32)
