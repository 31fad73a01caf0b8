"""How a network learns to say what noise was mixed into data."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from dlcli import engine
from dlcli.engine import Mean, Metrics
from dlcli.errors import RunError
from dlcli.interface import Batch, Data
from dlcli.nn import diffusion
from dlcli.nn.average import Average
from dlcli.nn.diffusion import Estimate, Path
from dlcli.nn.samplers import Denoiser
from dlcli.optim import build
from dlcli.optim.step import descend
from dlcli.techniques.diffusion import facts as facts_
from dlcli.techniques.diffusion.facts import DiffusionFacts
from dlcli.techniques.diffusion.options import Train
from dlcli.techniques.diffusion.spaces import space

_LABEL_DROPOUT = 0.1  # Ho and Salimans 2022, section 4.1, whose best results are of 0.1 and 0.2


class Learner(engine.Learner):
    """Minimizes the squared error of what the network says of data mixed with noise.

    A batch holds `image`, uint8 [batch, height, width, channel], and `label`, int32 [batch], or
    `point`, float32 [batch, 2]; on held-out data also `mask`, float32 [batch].

    Held-out data are scored by that loss, with noise that is the same at each validation: drawing
    as many samples as a distance between distributions needs would take longer than training.

    Reference: Ho et al., "Denoising Diffusion Probabilistic Models", 2020, arXiv:2006.11239,
    algorithm 1. Unlike there, the levels of a batch are spread evenly from a random start, which
    makes the loss less noisy (Kingma et al., "Variational Diffusion Models", 2021,
    arXiv:2107.00630, appendix I.1).
    """

    technique = "diffusion"
    Options = Train
    Facts = DiffusionFacts

    @staticmethod
    def read(options: Train, facts: DiffusionFacts | None = None) -> Data:
        return facts_.read(options)

    def __init__(self, options: Train, facts: DiffusionFacts):
        self.space = space(facts.data)
        self.parameterization, self.conditional = options.parameterization, options.conditional
        self.noise_schedule = "straight" if options.parameterization == "flow" else options.noise_schedule or "cosine"
        self.timesteps, self.label_dropout = options.timesteps, options.label_dropout or _LABEL_DROPOUT
        self.penalty = (options.l1, options.l2)
        self.network = self.space.network(options, nnx.Rngs(options.seed))
        self.average = Average(self.network, options.average_decay)
        self.rngs = nnx.Rngs(noise=options.seed, score=options.seed + 1)
        self.schedule = build.schedule(options)
        self.optimizer = nnx.Optimizer(self.network, build.optimizer(options), wrt=nnx.Param)

    @property
    def path(self) -> Path:
        """The levels of noise."""
        return diffusion.path(self.noise_schedule, self.timesteps)

    def update(self, batch: Batch) -> Metrics:
        clean, label = self.space.encoded(batch), None
        if self.conditional:
            told = jax.random.bernoulli(self.rngs.noise(), 1 - self.label_dropout, [len(clean)])
            label = jnp.where(told, batch["label"], len(self.space.classes))
        key = self.rngs.noise()

        def loss_of(network: nnx.Module) -> tuple[jax.Array, jax.Array]:
            losses = self._losses(network, clean, label, key)
            return losses.mean(), losses

        losses, numbers = descend(self.network, self.optimizer, loss_of, schedule=self.schedule, penalty=self.penalty)
        self.average.update(self.network)
        return {"loss": Mean.of(losses), **Mean.each(numbers)}

    def score(self, batch: Batch) -> Metrics:
        network = self.average.apply_to(self.network)
        label = batch["label"] if self.conditional else None
        losses = self._losses(network, self.space.encoded(batch), label, self.rngs.score())
        return {"loss": Mean.of(losses, batch["mask"])}

    def require_fit(self, facts: DiffusionFacts, run: str) -> None:
        theirs, ours = facts.data, self.space.facts
        if type(theirs) is not type(ours) or getattr(theirs, "image", None) != getattr(ours, "image", None):
            raise RunError(f"the data must be of the kind and the size that {run} was trained on, found others")
        if self.conditional and theirs.classes != ours.classes:
            raise RunError(f"the data must have the classes that {run} was trained on, found others")

    def denoiser(self, label: jax.Array | None, guidance: float) -> Denoiser:
        """Return what the averaged network takes noisy data for, as a function of them and of one level for all.

        Args:
            label: int [batch], the classes to tell; None for any.
            guidance: how far to go from what is said of any class towards what is said of this
                one, and beyond: 1 is there (Ho and Salimans, "Classifier-Free Diffusion Guidance",
                2022, arXiv:2207.12598, equation 6 with guidance = 1 + w).
        """
        network = self.average.apply_to(self.network)

        def said(x: jax.Array, time: jax.Array) -> jax.Array:
            if label is None or guidance == 1:
                return network(x, time, label)
            labels = jnp.concatenate([label, jnp.full_like(label, len(self.space.classes))])
            one, any_ = jnp.split(network(jnp.tile(x, (2, *[1] * (x.ndim - 1))), jnp.tile(time, 2), labels), 2)
            return any_ + guidance * (one - any_)

        def denoise(x: jax.Array, level: jax.Array) -> Estimate:
            rates = self.path.at(level, axes=x.ndim)
            time = jnp.full([len(x)], level / self.timesteps)
            mixed = diffusion.estimate(self.parameterization, said(x, time), x, rates)
            return diffusion.bounded(mixed, x, rates, self.space.bound)

        return denoise

    def _losses(self, network: nnx.Module, clean: jax.Array, label: jax.Array | None, key: jax.Array) -> jax.Array:
        """Return the mean squared error of what the network says of each example, mixed with noise: [batch]."""
        start, mixing = jax.random.split(key)
        count = len(clean)
        shares = (jax.random.uniform(start) + jnp.arange(count) / count) % 1
        level = 1 + jnp.minimum((shares * self.timesteps).astype(jnp.int32), self.timesteps - 1)
        rates = self.path.at(level, axes=clean.ndim - 1)
        # Drawn flat: the same numbers drawn in four axes take XLA on the CPU much longer to compile.
        noise = jax.random.normal(mixing, [clean.size]).reshape(clean.shape)
        said = network(diffusion.mix(clean, noise, rates), level / self.timesteps, label)
        errors = jnp.square(said - diffusion.target(self.parameterization, clean, noise, rates))
        return errors.reshape(count, -1).mean(axis=1)
