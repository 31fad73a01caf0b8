"""How the autoencoder is trained."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from dlcli import engine
from dlcli.data.images import batches
from dlcli.data.images.batches import ImageFacts
from dlcli.engine import Inference, Input, Mean, Metrics
from dlcli.errors import RunError
from dlcli.interface import Batch, Data
from dlcli.optim import build
from dlcli.optim.step import descend
from dlcli.options.values import parse_sizes
from dlcli.techniques.autoencoder.model import Architecture, networks
from dlcli.techniques.autoencoder.options import Train


class Autoencoder(nnx.Module):
    """An encoder and a decoder.

    Attributes:
        encoder: maps images to codes, or to the means and log-variances of their distributions.
        decoder: maps codes to logits of pixels.
        variational: whether codes are distributions.
    """

    def __init__(self, options: Train, image: tuple[int, int, int], rngs: nnx.Rngs):
        sizes = parse_sizes(options.hidden_sizes) if options.arch == "dense" else None
        config = Architecture(sizes, options.channels, options.dtype)
        self.variational = options.variational
        outputs = 2 * options.latent_dim if options.variational else options.latent_dim
        self.encoder, self.decoder = networks(config, image, (outputs, options.latent_dim), rngs)

    def encode(self, pixels: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Map pixels in [0, 1] to means and log-variances of codes, float32 [batch, latent] each.

        Without a distribution, the log-variance is minus infinity.
        """
        outputs = self.encoder(pixels)
        if self.variational:
            mean, log_variance = jnp.split(outputs, 2, axis=-1)
            return mean, log_variance
        return outputs, jnp.full_like(outputs, -jnp.inf)


class Learner(engine.Learner):
    """Minimizes the cross-entropy between pixels and reconstruction, plus the KL divergence of a variational one.

    Both are sums over the pixels or the code, in nats per image. A pixel in [0, 1] is the probability of white. With
    weight 1 the loss of a variational autoencoder is the negative evidence lower bound.

    A batch contains `image`, uint8 [batch, height, width, channel]; on held-out data also `mask`, float32 [batch].

    Reference: Hinton and Salakhutdinov, "Reducing the Dimensionality of Data with Neural Networks", 2006; Kingma and
    Welling, "Auto-Encoding Variational Bayes", 2014, arXiv:1312.6114, equation 10; Higgins et al., "beta-VAE", 2017,
    for the weight.
    """

    technique = "autoencoder"
    Options = Train
    Facts = ImageFacts

    @staticmethod
    def read(options: Train, facts: ImageFacts | None = None) -> Data:
        return batches.read(options, options.seed, options.image_size, options.train_examples)

    def __init__(self, options: Train, facts: ImageFacts):
        self.facts = facts
        self.latent_dim = options.latent_dim
        self.kl_weight = options.kl_weight * options.variational
        self.penalty = (options.l1, options.l2)
        self.network = Autoencoder(options, facts.image, nnx.Rngs(options.seed))
        self.rngs = nnx.Rngs(noise=options.seed, score=options.seed + 1)
        self.schedule = build.schedule(options)
        self.optimizer = nnx.Optimizer(self.network, build.optimizer(options), wrt=build.trainable(options))

    def update(self, batch: Batch) -> Metrics:
        pixels, key = _pixels(batch), self.rngs.noise()

        def loss_of(network: Autoencoder) -> tuple[jax.Array, dict[str, jax.Array]]:
            parts = self._losses(network, pixels, key)
            return parts["loss"].mean(), parts

        parts, numbers = descend(self.network, self.optimizer, loss_of, schedule=self.schedule, penalty=self.penalty)
        return {**Mean.each(parts), **Mean.each(numbers)}

    def score(self, batch: Batch) -> Metrics:
        parts = self._losses(self.network, _pixels(batch), self.rngs.score())
        return {name: Mean.of(values, batch["mask"]) for name, values in parts.items()}

    def encode(self, images: jax.Array) -> jax.Array:
        """Map uint8 [batch, height, width, channel] to codes, float32 [batch, latent]; the means of distributions."""
        return self.network.encode(images.astype(jnp.float32) / 255)[0]

    def decode(self, codes: jax.Array) -> jax.Array:
        """Map codes [batch, latent] to uint8 [batch, height, width, channel]."""
        return jnp.round(jax.nn.sigmoid(self.network.decoder(codes)) * 255).astype(jnp.uint8)

    def reconstruct(self, images: jax.Array) -> jax.Array:
        """Map uint8 [batch, height, width, channel] to reconstructions of the same shape."""
        return self.decode(self.encode(images))

    def inference(self) -> Inference:
        """Return the function from uint8 images to reconstructions."""
        shape = self.facts.image
        example = np.random.default_rng(0).integers(256, size=[2, *shape], dtype=np.uint8)
        image = Input(f"batch, {', '.join(map(str, shape))}", example)
        return Inference(self.reconstruct, {"image": image}, "reconstructions, uint8 [batch, height, width, channel]")

    def require_fit(self, facts: ImageFacts, run: str) -> None:
        if facts.image != self.facts.image:
            raise RunError(f"the data must have the image size that {run} was trained on, found another")

    def _losses(self, network: Autoencoder, pixels: jax.Array, key: jax.Array) -> dict[str, jax.Array]:
        """Return the loss of each image and its parts, float32 [batch] each."""
        mean, log_variance = network.encode(pixels)
        codes = mean
        if network.variational:
            codes = mean + jnp.exp(log_variance / 2) * jax.random.normal(key, mean.shape)
        logits = network.decoder(codes)
        reconstruction = _total(optax.sigmoid_binary_cross_entropy(logits, pixels))
        squares = jnp.square(jax.nn.sigmoid(logits) - pixels).reshape(len(pixels), -1).mean(axis=1)
        parts = {"loss": reconstruction, "squared_error": squares}
        if network.variational:
            kl = _total(jnp.exp(log_variance) + jnp.square(mean) - 1 - log_variance) / 2
            parts |= {"loss": reconstruction + self.kl_weight * kl, "reconstruction": reconstruction, "kl": kl}
        return parts


def _pixels(batch: Batch) -> jax.Array:
    return jnp.asarray(batch["image"]).astype(jnp.float32) / 255


def _total(values: jax.Array) -> jax.Array:
    """Sum over all axes but the first."""
    return values.reshape(len(values), -1).sum(axis=1)
