"""A classifier whose features measure how far images are from others.

The Fréchet distance is usually taken over the features of an Inception network, which means little
for digits and clothes and has to be downloaded. This judge is trained on the spot: small, of a fixed
seed, on the very data set in question, and kept in the cache for all later runs on the same data.

Distances can be compared only if the same classifier measures them. So how long it is trained depends on the shape of
the images alone: not on the length of the run that needs it first, nor on the size of the data set. The work is bounded
instead: at most as many multiplications as take two processor cores half a minute, and images over 32 pixels are
scaled down before the first layer.
"""

from __future__ import annotations

import functools
import hashlib
import io
import logging
import math
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from dlcli import activity
from dlcli.compiling import compiler_options
from dlcli.files import atomic_write
from dlcli.nn.initializers import he_normal

_EXAMPLES = 20_000  # that a judge is trained on at most
_BYTES = 2**29  # of pixels that are held for it at most
_SIDE = 32  # pixels; larger images are scaled down
_FEATURES = 64
_CHANNELS = 32  # of the first layer; each further one has twice as many, up to 128
_SEED, _STEPS, _BATCH, _RATE = 0, 500, 128, 1e-3
_WORK = 2e11  # multiplications of all forward passes at most, which bounds the steps where images are large
_RECIPE = "2"  # changes with anything above or below that changes the judge

Weights = dict[str, Any]

log = logging.getLogger(__name__)


def examples(image: tuple[int, ...], there: int) -> int:
    """Return how many of the images that are there, of height, width and channels, a judge is trained on."""
    return min(there, _EXAMPLES, max(_BATCH, _BYTES // math.prod(image)))


class Judge(nnx.Module):
    """Convolutions, a layer of features, and the logits of the classes.

    The weights are no `nnx.Param`: whoever holds a judge does not train it.

    Attributes:
        weights: float32, by layer.
    """

    def __init__(self, image: tuple[int, int, int], classes: int):
        """Start with random weights, always the same ones.

        Args:
            image: height, width and channels.
            classes: to tell apart.
        """
        start = _initial(image, classes)
        self.weights = nnx.Dict({name: nnx.Variable(array) for name, array in start.items()})

    def features(self, images: jax.Array) -> jax.Array:
        """Map uint8 [batch, height, width, channel] to float32 [batch, feature]."""
        return _features(self._arrays(), images)

    def logits(self, features: jax.Array) -> jax.Array:
        """Map features to float32 [batch, class]."""
        return _logits(self._arrays(), features)

    def learn(self, images: np.ndarray, labels: np.ndarray) -> None:
        """Learn to tell the classes apart.

        Args:
            images: uint8 [example, height, width, channel].
            labels: int [example].
        """
        self._set(_train(self._arrays(), images, labels))
        activity.report("")

    def learn_once(self, folder: Path, digest: str, read: Callable[[], tuple[np.ndarray, np.ndarray]]) -> None:
        """Learn as `learn` does, or read from `folder` what was learnt from the same data before.

        Args:
            folder: that keeps judges; it must be there.
            digest: tells the data from others.
            read: returns images and labels as `learn` takes them; not called where a judge is kept.
        """
        key = hashlib.sha256(f"{digest} {_RECIPE}".encode()).hexdigest()[:20]
        path = folder / f"judge-{key}.npz"
        if not self._load(path):
            images, labels = read()
            log.info("training the feature classifier on %d images", len(images))
            self.learn(images, labels)
            if self._load(path):  # another process was faster: both measure with the same one
                return
            held = io.BytesIO()
            np.savez(held, **{name: np.asarray(array) for name, array in self._arrays().items()})
            with atomic_write(path) as file:
                file.write(held.getvalue())

    def digest(self) -> str:
        """Return what tells this judge from others: a SHA-256 of its weights."""
        parts = [np.asarray(array).tobytes() for _, array in sorted(self._arrays().items())]
        return hashlib.sha256(b"".join(parts)).hexdigest()

    def _arrays(self) -> Weights:
        return {name: weight[...] for name, weight in self.weights.items()}

    def _set(self, weights: Weights) -> None:
        for name, array in weights.items():
            self.weights[name][...] = jnp.asarray(array)

    def _load(self, path: Path) -> bool:
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as held:
                found = {name: held[name] for name in held.files}
        except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error):  # none, or spoilt: it is made again
            return False
        wanted = {name: (array.shape, array.dtype) for name, array in self._arrays().items()}
        if {name: (array.shape, array.dtype) for name, array in found.items()} != wanted:
            return False
        self._set(found)
        return True


def _scaled(height: int, width: int) -> tuple[int, int]:
    """Return the height and width at which images are seen."""
    scale = min(1.0, _SIDE / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def _initial(image: tuple[int, int, int], classes: int) -> Weights:
    """Return the weights of as many halvings as leave 4 to 7 pixels a side, and of two dense layers."""
    (height, width), inputs = _scaled(*image[:2]), image[2]
    halvings = max(0, int(math.log2(max(min(height, width), 4) / 4)))
    shapes = {}
    for layer in range(halvings + 1):
        outputs = min(_CHANNELS * 2**layer, 128)
        shapes[f"kernel{layer}"] = (3, 3, inputs, outputs)
        inputs = outputs
    height, width = (-(-side // 2**halvings) for side in (height, width))
    shapes["features"] = (height * width * inputs, _FEATURES)
    shapes["logits"] = (_FEATURES, classes)
    keys = jax.random.split(jax.random.key(_SEED), len(shapes))
    weights = {name: he_normal()(key, shape) for key, (name, shape) in zip(keys, shapes.items(), strict=True)}
    return weights | {f"{name}_bias": jnp.zeros(shape[-1]) for name, shape in shapes.items()}


def _features(weights: Weights, images: jax.Array) -> jax.Array:
    x = images.astype(jnp.float32) / 127.5 - 1
    if (seen := _scaled(*x.shape[1:3])) != x.shape[1:3]:
        x = jax.image.resize(x, (len(x), *seen, x.shape[-1]), "linear")
    for layer in range(sum(name.startswith("kernel") for name in weights) // 2):
        stride = (1, 1) if layer == 0 else (2, 2)
        x = jax.lax.conv_general_dilated(
            x, weights[f"kernel{layer}"], stride, "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        x = jax.nn.relu(x + weights[f"kernel{layer}_bias"].reshape(1, 1, 1, -1))
    flat = x.reshape(len(x), -1)
    return jax.nn.relu(flat @ weights["features"] + weights["features_bias"].reshape(1, -1))


def _logits(weights: Weights, features: jax.Array) -> jax.Array:
    return features @ weights["logits"] + weights["logits_bias"].reshape(1, -1)


def _steps(weights: Weights, image: tuple[int, ...]) -> int:
    """Return how many steps are made on images of height, width and channels."""
    height, width = _scaled(*image[:2])
    work = weights["features"].size + weights["logits"].size
    for layer in range(sum(name.startswith("kernel") for name in weights) // 2):
        work += -(-height // 2**layer) * -(-width // 2**layer) * weights[f"kernel{layer}"].size
    return max(1, min(_STEPS, int(_WORK / (work * _BATCH))))


def _train(weights: Weights, images: np.ndarray, labels: np.ndarray) -> Weights:
    """Minimize the cross-entropy with Adam, at a rate that falls to 0 along a cosine."""
    steps = _steps(weights, images.shape[1:])
    optimizer = optax.adam(optax.cosine_decay_schedule(_RATE, steps))
    state, random = optimizer.init(weights), np.random.default_rng(_SEED)
    step = jax.jit(functools.partial(_step, optimizer), compiler_options=compiler_options())
    for done in range(steps):
        activity.report("training the feature classifier", done, steps)
        rows = random.integers(len(images), size=_BATCH)
        # Waited for, so that the count is of steps that the device has made.
        weights, state = jax.block_until_ready(step(weights, state, images[rows], labels[rows]))
    return weights


def _step(
    optimizer: optax.GradientTransformation, weights: Weights, state: Any, images: jax.Array, labels: jax.Array
) -> tuple[Weights, Any]:
    def loss_of(weights: Weights) -> jax.Array:
        logits = _logits(weights, _features(weights, images))
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    updates, state = optimizer.update(jax.grad(loss_of)(weights), state)
    return optax.apply_updates(weights, updates), state
