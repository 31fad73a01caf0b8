"""Max pooling does not change when values move within their windows; a shift by a whole window shifts its output.

Striding, which keeps one value of each window, changes. So pooling keeps whether a feature is present, and drops where
in the window it is.

Formula: pool(x ∘ π) = pool(x) for permutations π within windows; pool(shift_2 x) = shift_1 pool(x).

Reference: Goodfellow, Bengio and Courville, "Deep Learning", 2016, section 9.3.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from dlcli.checks import Result
from dlcli.nn.pooling import POOLS

_IMAGES, _SIDE, _CHANNELS, _WINDOW = 8, 12, 3, 2
_VISIBLE = 1e-2


def check() -> Result:
    """Permute the values within each window, and shift the maps by whole windows."""
    random = np.random.default_rng(0)
    maps = random.normal(size=[_IMAGES, _SIDE, _SIDE, _CHANNELS]).astype(np.float32)
    permuted = _permuted(maps, random)
    shifted = np.roll(maps, (_WINDOW, 2 * _WINDOW), axis=(1, 2))
    within = {name: float(np.abs(_pool(name, permuted) - _pool(name, maps)).max()) for name in ("max", "stride")}
    whole = float(np.abs(_pool("max", shifted) - np.roll(_pool("max", maps), (1, 2), axis=(1, 2))).max())
    error = max(within["max"], whole)
    numbers = {
        "max_difference": error,
        "difference_after_moves_within_windows": within["max"],
        "difference_after_shifts_by_windows": whole,
        "difference_of_striding": within["stride"],
    }
    return Result.of(__name__, numbers, tolerance=0.0, holds=error == 0 and within["stride"] >= _VISIBLE)


def _pool(name: str, maps: np.ndarray) -> np.ndarray:
    return np.asarray(POOLS[name][0](jnp.asarray(maps)))


def _permuted(maps: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Permute the values within each window of each channel at random."""
    count = _SIDE // _WINDOW
    windows = maps.reshape(_IMAGES, count, _WINDOW, count, _WINDOW, _CHANNELS).transpose(0, 1, 3, 5, 2, 4)
    mixed = random.permuted(windows.reshape(-1, _WINDOW**2), axis=1).reshape(windows.shape)
    return mixed.transpose(0, 1, 4, 2, 5, 3).reshape(maps.shape)
