"""How the denoising network is trained."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dlcli import engine
from dlcli.data import domains
from dlcli.data.domains import GenerativeFacts
from dlcli.engine import Inference, Input, Mean, Metrics
from dlcli.engine.inference import random_normal
from dlcli.interface import Batch, Data
from dlcli.nn import diffusion
from dlcli.nn.diffusion import NoiseSchedule, Prediction, ScheduleName, TimeDistribution
from dlcli.nn.diffusion_samplers import Denoiser
from dlcli.nn.ema import EMA
from dlcli.optim import build
from dlcli.optim.step import descend
from dlcli.techniques.diffusion.model import network
from dlcli.techniques.diffusion.options import Train

_LABEL_DROPOUT = 0.1  # Ho and Salimans 2022, section 4.1: the best results have 0.1 and 0.2


class Learner(engine.Learner):
    """Minimizes the squared error of the network's prediction for noisy data.

    A batch contains `image`, uint8 [batch, height, width, channel], and `label`, int32 [batch], or
    `point`, float32 [batch, 2]; on held-out data also `mask`, float32 [batch].

    The validation metric is the same loss, with the same noise in each validation: generating enough samples for a
    distance between distributions would take longer than training.

    Reference: Ho et al., "Denoising Diffusion Probabilistic Models", 2020, arXiv:2006.11239,
    algorithm 1. Unlike there, the timesteps of a batch are evenly spaced from a random offset, which
    reduces the variance of the loss (Kingma et al., "Variational Diffusion Models", 2021,
    arXiv:2107.00630, appendix I.1).
    """

    technique = "diffusion"
    Options = Train
    Facts = GenerativeFacts

    @staticmethod
    def read(options: Train, facts: GenerativeFacts | None = None) -> Data:
        return domains.read(options)

    def __init__(self, options: Train, facts: GenerativeFacts):
        self.facts = facts
        self.domain = domains.domain(facts.data, domains.rms_coordinate)
        self.parameterization, self.conditional = options.parameterization, options.conditional
        fixed: dict[str, ScheduleName] = {"flow": "straight", "edm": "edm"}
        chosen: ScheduleName = options.noise_schedule or "cosine"
        self.noise_schedule_name = fixed.get(options.parameterization, chosen)
        is_edm = options.parameterization == "edm"
        self.time_distribution: TimeDistribution = "log-normal" if is_edm else options.time_distribution
        self.timesteps, self.label_dropout = options.timesteps, options.label_dropout or _LABEL_DROPOUT
        self.penalty = (options.l1, options.l2)
        self.network = network(options, self.domain, nnx.Rngs(options.seed))
        self.ema = EMA(self.network, options.ema_decay)
        self.rngs = nnx.Rngs(noise=options.seed, score=options.seed + 1)
        self.schedule = build.schedule(options)
        self.optimizer = nnx.Optimizer(self.network, build.optimizer(options), wrt=build.trainable(options))

    @property
    def noise_schedule(self) -> NoiseSchedule:
        """The noise schedule of the forward process."""
        return diffusion.noise_schedule(self.noise_schedule_name, self.timesteps)

    def update(self, batch: Batch) -> Metrics:
        x0, label = self.domain.encode(batch), None
        if self.conditional:
            keep_label = jax.random.bernoulli(self.rngs.noise(), 1 - self.label_dropout, [len(x0)])
            label = jnp.where(keep_label, batch["label"], len(self.domain.classes))
        key = self.rngs.noise()

        def loss_of(network: nnx.Module) -> tuple[jax.Array, jax.Array]:
            losses = self._losses(network, x0, label, key)
            return losses.mean(), losses

        losses, numbers = descend(self.network, self.optimizer, loss_of, schedule=self.schedule, penalty=self.penalty)
        self.ema.update(self.network)
        return {"loss": Mean.of(losses), **Mean.each(numbers)}

    def score(self, batch: Batch) -> Metrics:
        network = self.ema.apply_to(self.network)
        label = batch["label"] if self.conditional else None
        losses = self._losses(network, self.domain.encode(batch), label, self.rngs.score())
        return {"loss": Mean.of(losses, batch["mask"])}

    def inference(self) -> Inference:
        """Return the denoising network: from noisy data, the time and, if the run is class-conditional, the class.

        The noisy data of `--parameterization edm` is scaled to the variance 1.
        """
        shape = ", ".join(map(str, self.domain.shape))
        inputs = {
            "x": Input(f"batch, {shape}", random_normal(2, *self.domain.shape)),
            "time": Input("batch", np.array([0.25, 0.75], np.float32)),
        }
        if self.conditional:
            inputs["label"] = Input("batch", np.array([0, 1], np.int32))
        return Inference(self.trained_model(), inputs, f"{self.parameterization}, float32 [batch, {shape}]")

    def trained_model(self) -> nnx.Module:
        return self.ema.apply_to(self.network)

    def require_fit(self, facts: GenerativeFacts, run: str) -> None:
        self.facts.require_same_domain(facts, run, classes=self.conditional)

    def denoiser(self, label: jax.Array | None, guidance_scale: float) -> Denoiser:
        """Return a function from x_t and its timestep to the predicted x_0 and ε, with the averaged weights.

        Args:
            label: class of each example, int [batch], or None for unconditional predictions.
            guidance_scale: weight s of the conditional prediction in u + s · (c - u), where u is the unconditional
                and c the conditional one; 1: no guidance (Ho and Salimans, "Classifier-Free Diffusion Guidance",
                2022, arXiv:2207.12598, equation 6 with s = 1 + w).
        """
        network = self.ema.apply_to(self.network)

        def guided(x: jax.Array, time: jax.Array) -> jax.Array:
            if label is None or guidance_scale == 1:
                return network(x, time, label)
            labels = jnp.concatenate([label, jnp.full_like(label, len(self.domain.classes))])
            outputs = network(jnp.tile(x, (2, *[1] * (x.ndim - 1))), jnp.tile(time, 2), labels)
            conditional, unconditional = jnp.split(outputs, 2)
            return unconditional + guidance_scale * (conditional - unconditional)

        def denoise(x: jax.Array, timestep: jax.Array) -> Prediction:
            at = self.noise_schedule.at(timestep, axes=x.ndim)
            time = jnp.full([len(x)], timestep / self.timesteps)
            output = guided(diffusion.network_input(self.parameterization, x, at), time)
            prediction = diffusion.predict(self.parameterization, output, x, at)
            return diffusion.clip_x0(prediction, x, at, self.domain.bound)

        return denoise

    def _losses(self, network: nnx.Module, x0: jax.Array, label: jax.Array | None, key: jax.Array) -> jax.Array:
        """Return the mean squared error of the network's prediction for each example, [batch]."""
        timestep_key, noise_key = jax.random.split(key)
        count = len(x0)
        fractions = (jax.random.uniform(timestep_key) + jnp.arange(count) / count) % 1
        timestep = diffusion.sample_timesteps(self.time_distribution, self.noise_schedule, fractions)
        at = self.noise_schedule.at(timestep, axes=x0.ndim - 1)
        # Drawn flat: the same values drawn over four axes take XLA on the CPU much longer to compile.
        noise = jax.random.normal(noise_key, [x0.size]).reshape(x0.shape)
        x = diffusion.network_input(self.parameterization, diffusion.add_noise(x0, noise, at), at)
        outputs = network(x, timestep / self.timesteps, label)
        errors = jnp.square(outputs - diffusion.target(self.parameterization, x0, noise, at))
        return errors.reshape(count, -1).mean(axis=1)
