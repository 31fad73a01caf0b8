"""The two kinds of things that are drawn: how they enter and leave the networks, and how samples are judged."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dlcli.data import cache
from dlcli.data.densities import DensityFacts
from dlcli.data.images import batches
from dlcli.data.images.batches import ImageFacts
from dlcli.engine import Frechet, Metrics, Rate
from dlcli.interface import Batch
from dlcli.metrics.feature_classifier import Judge, examples
from dlcli.metrics.modes import Found, Modes
from dlcli.notices import unsaid
from dlcli.techniques.gan import model
from dlcli.techniques.gan.options import Train


class Pictures(nnx.Module):
    """Images; samples are judged by the Fréchet distance over the features of a classifier.

    Attributes:
        classes: their names.
        followed: samples that are followed over a run.
        judge: the classifier, trained before the first step; it lies in the checkpoints.
    """

    followed = 10

    def __init__(self, facts: ImageFacts):
        self.image, self.classes = facts.image, facts.classes
        self.judge = Judge(facts.image, len(facts.classes))

    def players(self, options: Train, rngs: nnx.Rngs) -> tuple[nnx.Module, nnx.Module]:
        """Build the generator and the discriminator."""
        common = {
            "channels": options.channels,
            "classes": len(self.classes) if options.conditional else 0,
            "dtype": options.dtype,
            "rngs": rngs,
        }
        generator = model.ImageGenerator(self.image, latent=options.latent, **common)
        return generator, model.ImageDiscriminator(self.image, **common)

    def real(self, batch: Batch) -> jax.Array:
        """Return the examples of a batch as the discriminator sees them, in [-1, 1]."""
        return batch["image"].astype(jnp.float32) / 127.5 - 1

    def finished(self, drawn: jax.Array) -> jax.Array:
        """Map what the generator makes to uint8 [batch, height, width, channel]."""
        return jnp.clip(jnp.round((drawn + 1) * 127.5), 0, 255).astype(jnp.uint8)

    def blank(self, count: int) -> jax.Array:
        """Return zeros of the form of so many samples."""
        return jnp.zeros([count, *self.image], jnp.uint8)

    def compare(self, batch: Batch, drawn: jax.Array, asked: jax.Array | None) -> Metrics:
        """Measure samples against held-out images, and as many training images likewise.

        Args:
            batch: held-out images, and `train`.
            drawn: finished samples, a multiple of the held-out images.
            asked: the class that each was asked to be of, or None.
        """
        held_out, mask = self.judge.features(batch["image"]), batch["mask"]
        masks = jnp.tile(mask, len(drawn) // len(mask))
        features = self.judge.features(drawn)
        metrics = {
            "distance": Frechet.of((features, held_out), (masks, mask)),
            "floor": Frechet.of((self.judge.features(batch["train"]), held_out), (masks, mask)),
        }
        if asked is not None:
            metrics["as_asked"] = Rate.of(self.judge.logits(features).argmax(axis=-1) == asked, masks)
        return metrics

    def prepare(self, options: Train) -> bool:
        """Train the judge on the training images, or read one that was; of one class there is nothing to learn."""
        if len(self.classes) < 2:
            return False
        with unsaid():
            data = batches.read(options, 0, options.image_size)
        count = examples(self.image, data.sizes["train"])
        self.judge.learn_once(cache.folder("judges"), data.digest, lambda: batches.training(data, count))
        return True


class Points(nnx.Module):
    """Points of a density in the plane; samples are judged by the modes they hit.

    The networks see the plane in units of the modes' mean distance from the origin.
    """

    classes, followed = (), 500

    def __init__(self, facts: DensityFacts):
        self.modes, self.std = facts.modes, facts.std
        self.scale = float(np.sqrt(np.square(facts.modes).sum(axis=1).mean())) or 1.0

    def players(self, options: Train, rngs: nnx.Rngs) -> tuple[nnx.Module, nnx.Module]:
        """Build the generator and the discriminator."""
        common = {"units": 4 * options.channels, "dtype": options.dtype, "rngs": rngs}
        return model.PointGenerator(latent=options.latent, **common), model.PointDiscriminator(**common)

    def real(self, batch: Batch) -> jax.Array:
        """Return the points of a batch as the discriminator sees them."""
        return batch["point"] / self.scale

    def finished(self, drawn: jax.Array) -> jax.Array:
        """Map what the generator makes to points of the plane, float32 [batch, 2]."""
        return drawn * self.scale

    def blank(self, count: int) -> jax.Array:
        """Return zeros of the form of so many samples."""
        return jnp.zeros([count, 2])

    def compare(self, batch: Batch, drawn: jax.Array, asked: None) -> Metrics:
        """Measure samples, and as many held-out points likewise; both are [batch, 2]."""
        mask = batch["mask"]
        modes, floor = (Modes.of(each, self.modes, self.std, mask) for each in (drawn, batch["point"]))
        return {
            "distance": modes,
            "floor": floor,
            "modes": Found(modes.hits),
            "high_quality": Rate(modes.hits.sum(), modes.points),
        }

    def prepare(self, options: Train) -> bool:
        """Points are judged by what is known of the density."""
        return False
