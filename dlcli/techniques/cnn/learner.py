"""How the convolutional classifier is trained."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from dlcli import engine
from dlcli.data.images import augmentation, batches
from dlcli.data.images.batches import ImageFacts
from dlcli.engine import Inference, Input, Mean, Metrics, Rate
from dlcli.engine.learner import AxisNames
from dlcli.errors import RunError
from dlcli.interface import Batch, Data
from dlcli.metrics.classification import measure
from dlcli.nn.whitening import Whitening
from dlcli.notices import silenced
from dlcli.optim import build
from dlcli.optim.step import descend
from dlcli.options.augmentations import parse_augmentation
from dlcli.techniques.cnn import photographs
from dlcli.techniques.cnn.model import Architecture, Network
from dlcli.techniques.cnn.options import Train

_WHITENING_IMAGES = 5_000  # training images whose patches are whitened: the paper of `Whitening`, section 3.2


class Learner(engine.Learner):
    """Minimizes the cross-entropy between logits and labels, plus penalties on the weights.

    A batch contains `image`, uint8 [batch, height, width, channel], and `label`, int32 [batch]; in training also
    `parity`, a bit that changes with each epoch, int32 [batch]; on held-out data `mask`, float32 [batch], 1 for an
    example and 0 for padding.
    """

    technique = "cnn"
    Options = Train
    Facts = ImageFacts

    @staticmethod
    def monitor(options: Train) -> tuple[str, ...]:
        return ("-accuracy", "loss")

    @staticmethod
    def read(options: Train, facts: ImageFacts | None = None) -> Data:
        data = batches.read(
            options,
            options.seed,
            options.image_size,
            options.train_examples,
            labelled=True,
            label_noise=options.label_noise,
        )
        chosen = photographs.defaults(options, data.facts)
        if facts is None:
            photographs.note(chosen, data.facts)
        return dataclasses.replace(data, chosen={**data.chosen, **chosen})

    @staticmethod
    def chosen(options: Train) -> dict[str, tuple[Any, str]]:
        resolved = architecture(options).resolved()
        reason = f"--arch {options.arch}"
        names = ("depth", "channels", "stages", "pool", "norm", "activation", "hidden")
        return {
            name: (value, reason)
            for name in names
            if getattr(options, name) is None and (value := getattr(resolved, name)) is not None
        }

    @staticmethod
    def axis_names(options: Train, facts: ImageFacts) -> dict[str, AxisNames]:
        return {f"network/head/logits/{name}": (-1, facts.classes) for name in ("kernel", "bias")}

    def __init__(self, options: Train, facts: ImageFacts):
        rngs = nnx.Rngs(options.seed)
        self.facts = facts
        self.smoothing = options.label_smoothing
        self.penalty = (options.l1, options.l2)
        self.strengths = parse_augmentation(options.augment)
        self.network = Network(architecture(options), facts.image, len(facts.classes), rngs=rngs)
        self.input_dropout = nnx.Dropout(options.input_dropout, rngs=rngs)
        self.rngs = nnx.Rngs(augment=options.seed)
        self.schedule = build.schedule(options)
        self.optimizer = nnx.Optimizer(self.network, build.optimizer(options), wrt=build.trainable(options))

    def warm_start(self, options: Train) -> bool:
        """Compute the kernel of a whitening convolution from training images, unless it came from another run."""
        found = [module for _, module in nnx.iter_modules(self.network) if isinstance(module, Whitening)]
        unfitted = [module for module in found if not module.is_fitted]
        if unfitted:
            with silenced():
                images, _ = batches.training(self.read(options), _WHITENING_IMAGES)
            pixels = np.asarray(self.normalize(images.astype(np.float32) / 255))
            for module in unfitted:
                module.fit(pixels)
        return bool(unfitted)

    def update(self, batch: Batch) -> Metrics:
        pixels = batch["image"].astype(jnp.float32) / 255
        targets = optax.smooth_labels(jax.nn.one_hot(batch["label"], len(self.facts.classes)), self.smoothing)
        pixels, targets = augmentation.augment(
            self.rngs.augment(), pixels, targets, self.strengths, batch.get("parity")
        )
        inputs = self.normalize(pixels)
        # Drawn flat: the same values drawn over four axes take XLA on the CPU more than twice as long.
        inputs = self.input_dropout(inputs.reshape(len(inputs), -1)).reshape(inputs.shape)

        def loss_of(network: Network) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
            logits = network(inputs)
            losses = optax.softmax_cross_entropy(logits, targets)
            return losses.mean(), (logits, losses)

        (logits, losses), numbers = descend(
            self.network, self.optimizer, loss_of, schedule=self.schedule, penalty=self.penalty
        )
        accuracy = Rate.of(logits.argmax(axis=-1) == batch["label"])
        return {"loss": Mean.of(losses), "accuracy": accuracy, **Mean.each(numbers)}

    def score(self, batch: Batch) -> Metrics:
        return measure(self.batch_log_probabilities(batch), batch)

    def batch_log_probabilities(self, batch: Batch) -> jax.Array:
        """Map a held-out batch to log-probabilities [batch, class]."""
        return self.log_probabilities(batch["image"])

    def log_probabilities(self, pixels: jax.Array) -> jax.Array:
        """Map uint8 [batch, height, width, channel] to log-probabilities [batch, class]."""
        return jax.nn.log_softmax(self.network(self.normalize(pixels.astype(jnp.float32) / 255)))

    def normalize(self, pixels: jax.Array) -> jax.Array:
        """Standardize pixels in [0, 1] with the mean and standard deviation of each channel of the training data."""
        mean, std = (jnp.asarray(each).reshape(1, 1, 1, -1) for each in (self.facts.mean, self.facts.std))
        return (pixels - mean) / std

    def inference(self) -> Inference:
        """Return the function from uint8 images to log-probabilities."""
        shape = self.facts.image
        example = np.random.default_rng(0).integers(256, size=[2, *shape], dtype=np.uint8)
        image = Input(f"batch, {', '.join(map(str, shape))}", example)
        return Inference(self.log_probabilities, {"image": image}, "log-probabilities, float32 [batch, class]")

    def require_fit(self, facts: ImageFacts, run: str) -> None:
        if facts.classes != self.facts.classes or facts.image != self.facts.image:
            raise RunError(f"the data must have the image size and classes that {run} was trained on, found others")


def architecture(options: Train) -> Architecture:
    """Return the architecture of these options."""
    return Architecture(
        arch=options.arch,
        depth=options.depth,
        channels=options.channels,
        stages=options.stages,
        pool=options.pool,
        norm=options.norm,
        activation=options.activation,
        hidden=options.hidden,
        dropout=options.dropout,
        dtype=options.dtype,
        remat=options.remat,
    )
