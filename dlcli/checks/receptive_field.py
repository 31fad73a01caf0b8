"""The theoretical receptive field of a unit equals the set of pixels with a nonzero input gradient.

The gradient is summed over random images, since max pooling passes it to one pixel of each window only.

Formula: r_l = r_{l−1} + (k_l − 1) j_{l−1} and j_l = s_l j_{l−1}, for kernel size k and stride s of layer l.

Reference: Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks", 2019,
doi:10.23915/distill.00021.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dlcli.checks import Result
from dlcli.nn import functional
from dlcli.nn.receptive_field import ReceptiveField
from dlcli.techniques.cnn.architecture import Architecture
from dlcli.techniques.cnn.backbone import Backbone

_SIDE, _IMAGES = 24, 48
_POOLS = ("max", "average", "stride")


def check() -> Result:
    """Compare both fields of the middle unit of each layer, for each kind of pooling."""
    differing, sides = 0, {}
    for pool in _POOLS:
        # SiLU has no flat part; an inactive ReLU would block the gradient.
        style = Architecture(arch="small", channels=4, stages=2, pool=pool, activation="silu").resolved()
        backbone = Backbone(style, (_SIDE, _SIDE, 1), rngs=nnx.Rngs(0))
        field, measured = ReceptiveField(), _measured(backbone)
        for name, windows in backbone.geometry():
            field = field.through(windows)
            reached, unit = measured[name]
            differing += int((_box(field, unit) != reached).sum())
            sides[f"{pool}_{name}_side"] = field.size
    return Result.of(__name__, {"differing_pixels": differing, **sides}, tolerance=0, holds=differing == 0)


def _measured(backbone: Backbone) -> dict[str, tuple[np.ndarray, int]]:
    """Return by layer where the input gradient of its middle unit is nonzero, bool [row, column], and that unit."""
    images = jax.random.normal(jax.random.key(1), (_IMAGES * _SIDE * _SIDE,)).reshape(_IMAGES, _SIDE, _SIDE, 1)
    maps = functional.jit(lambda backbone, images: dict(backbone.feature_maps(images)), backbone)

    def unit(images: jax.Array, name: str, middle: int) -> jax.Array:
        return maps(images)[name][:, middle, middle].sum()

    found = {}
    for name, shape in jax.eval_shape(maps, images).items():
        middle = shape.shape[1] // 2
        gradient = jax.grad(unit)(images, name, middle)
        found[name] = np.asarray(jnp.abs(gradient).sum(axis=(0, 3)) > 0), middle
    return found


def _box(field: ReceptiveField, unit: int) -> np.ndarray:
    """Return the theoretical field within the image, bool [row, column]."""
    first, last = field.interval(unit)
    within = (np.arange(_SIDE) >= first) & (np.arange(_SIDE) <= last)
    return within[:, None] & within[None]
