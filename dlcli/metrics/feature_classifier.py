"""The classifier whose features the Fréchet distance compares.

The Fréchet distance is usually computed over the features of an Inception network, which suits neither digits nor
clothes and has to be downloaded. This classifier is small and is trained on the data set itself, with a fixed seed;
the cache keeps it for all later runs on the same data.

Distances are comparable only if they use the same classifier. Its number of training steps therefore depends on the
shape of the images alone, not on the run that first needs it, nor on the size of the data set. The work is bounded by
the multiplications that two CPU cores do in half a minute, and images of more than 32 pixels are scaled down.
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

_MAX_EXAMPLES = 20_000  # training images
_MAX_BYTES = 2**29  # of the pixels of the training images
_SIDE = 32  # pixels; larger images are scaled down
_FEATURES = 64
_FEATURE_BATCH = 500  # images whose features are computed at once
_CHANNELS = 32  # of the first layer; each further layer has twice as many, up to 128
_SEED, _MAX_STEPS, _BATCH, _LEARNING_RATE = 0, 500, 128, 1e-3
_MAX_WORK = 2e11  # multiplications in all forward passes; bounds the steps for large images
_VERSION = "2"  # increase it when a change of this file changes the weights

Weights = dict[str, Any]

log = logging.getLogger(__name__)


def count_examples(image: tuple[int, ...], available: int) -> int:
    """Return the number of training images for images of shape [height, width, channel], `available` of which exist."""
    return min(available, _MAX_EXAMPLES, max(_BATCH, _MAX_BYTES // math.prod(image)))


class FeatureClassifier(nnx.Module):
    """Convolutions, a dense layer of features, and a dense layer of logits.

    The weights are not `nnx.Param`, so that a learner with a feature classifier does not train it.

    Attributes:
        weights: float32 arrays by layer.
    """

    def __init__(self, image: tuple[int, int, int], classes: int):
        """Initialize the weights with a fixed seed.

        Args:
            image: height, width and channels.
            classes: number of classes.
        """
        start = _initial(image, classes)
        self.weights = nnx.Dict({name: nnx.Variable(array) for name, array in start.items()})

    def features(self, images: jax.Array) -> jax.Array:
        """Map images, uint8 [batch, height, width, channel], to features, float32 [batch, feature]."""
        return _features(self._arrays(), images)

    def all_features(self, images: np.ndarray) -> jax.Array:
        """Return the features of any number of images, batch by batch, float32 [image, feature].

        All batches have the same shape, so that the function is compiled once.
        """
        compute = jax.jit(self.features, compiler_options=compiler_options())
        chunks = [images[start : start + _FEATURE_BATCH] for start in range(0, len(images), _FEATURE_BATCH)]
        padded = [np.pad(each, [(0, _FEATURE_BATCH - len(each)), (0, 0), (0, 0), (0, 0)]) for each in chunks]
        return jnp.concatenate([compute(each) for each in padded])[: len(images)]

    def logits(self, features: jax.Array) -> jax.Array:
        """Map features to logits, float32 [batch, class]."""
        return _logits(self._arrays(), features)

    def fit(self, images: np.ndarray, labels: np.ndarray) -> None:
        """Train on labelled images.

        Args:
            images: uint8 [example, height, width, channel].
            labels: int [example].
        """
        self._set(_train(self._arrays(), images, labels))
        activity.report("")

    def fit_or_load(self, folder: Path, digest: str, read: Callable[[], tuple[np.ndarray, np.ndarray]]) -> None:
        """Load the weights from `folder` if they were trained on the same data before; otherwise `fit` and save them.

        Args:
            folder: of the saved weights; it must exist.
            digest: identifies the data.
            read: returns images and labels for `fit`; called only if no weights are saved.
        """
        key = hashlib.sha256(f"{digest} {_VERSION}".encode()).hexdigest()[:20]
        path = folder / f"{key}.npz"
        if not self._load(path):
            images, labels = read()
            log.info("training the feature classifier on %d images", len(images))
            self.fit(images, labels)
            if self._load(path):  # another process was faster: both use its weights
                return
            held = io.BytesIO()
            arrays: dict[str, Any] = {name: np.asarray(array) for name, array in self._arrays().items()}
            np.savez(held, **arrays)
            with atomic_write(path) as file:
                file.write(held.getvalue())

    def digest(self) -> str:
        """Return the SHA-256 of the weights."""
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
        except (
            OSError,
            ValueError,
            EOFError,
            zipfile.BadZipFile,
            zlib.error,
        ):  # missing or corrupt
            return False
        wanted = {name: (array.shape, array.dtype) for name, array in self._arrays().items()}
        if {name: (array.shape, array.dtype) for name, array in found.items()} != wanted:
            return False
        self._set(found)
        return True


def _scaled(height: int, width: int) -> tuple[int, int]:
    """Return the height and width that images are scaled to."""
    scale = min(1.0, _SIDE / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def _initial(image: tuple[int, int, int], classes: int) -> Weights:
    """Return the weights of convolutions that halve the image to 4 to 7 pixels per side, and of two dense layers."""
    (height, width), inputs = _scaled(*image[:2]), image[2]
    halvings = max(0, int(math.log2(max(min(height, width), 4) / 4)))
    shapes: dict[str, tuple[int, ...]] = {}
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
    if (size := _scaled(*x.shape[1:3])) != x.shape[1:3]:
        x = jax.image.resize(x, (len(x), *size, x.shape[-1]), "linear")
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
    """Return the number of training steps for images of shape [height, width, channel]."""
    height, width = _scaled(*image[:2])
    work = weights["features"].size + weights["logits"].size
    for layer in range(sum(name.startswith("kernel") for name in weights) // 2):
        work += -(-height // 2**layer) * -(-width // 2**layer) * weights[f"kernel{layer}"].size
    return max(1, min(_MAX_STEPS, int(_MAX_WORK / (work * _BATCH))))


def _train(weights: Weights, images: np.ndarray, labels: np.ndarray) -> Weights:
    """Minimize the cross-entropy with Adam and a cosine schedule to 0."""
    steps = _steps(weights, images.shape[1:])
    optimizer = optax.adam(optax.cosine_decay_schedule(_LEARNING_RATE, steps))
    state, random = optimizer.init(weights), np.random.default_rng(_SEED)
    step = jax.jit(functools.partial(_step, optimizer), compiler_options=compiler_options())
    for done in range(steps):
        activity.report("training the feature classifier", done, steps)
        rows = random.integers(len(images), size=_BATCH)
        # Wait for the device, so that the reported progress is real.
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
