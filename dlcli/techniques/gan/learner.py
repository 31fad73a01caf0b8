"""How the generator and the discriminator learn from each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from dlcli import engine
from dlcli.data.images.batches import ImageFacts
from dlcli.engine import Mean, Metrics
from dlcli.errors import RunError
from dlcli.interface import Batch, Data
from dlcli.nn.average import Average
from dlcli.optim import build, penalties
from dlcli.techniques.gan import facts as facts_
from dlcli.techniques.gan import losses
from dlcli.techniques.gan.facts import GanFacts
from dlcli.techniques.gan.options import Train
from dlcli.techniques.gan.spaces import Pictures, Points

Pullback = Callable[[jax.Array], tuple[nnx.State]]

# By loss: steps of the discriminator for one of the generator, weight of the gradient penalty, b1 and b2. The betas of
# the first are those of Radford et al. 2015, section 4; all of the second those of Gulrajani et al. 2017, algorithm 1.
_USUAL = {"non-saturating": (1, 1.0, 0.5, 0.999), "wasserstein": (5, 10.0, 0.0, 0.9)}
_LEFT = ("critic_steps", "gradient_penalty", "beta1", "beta2")  # options that the loss chooses where none is given
# Shares of a run after which the samples of a few fixed draws of noise are kept: early on, more changes.
_KEPT = (1 / 128, 1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)


class Learner(engine.Learner):
    """Two players: each step the discriminator learns from a batch, and the generator from the discriminator.

    A batch holds `image`, uint8 [batch, height, width, channel], and `label`, int32 [batch], or
    `point`, float32 [batch, 2].

    Reference: Goodfellow et al., "Generative Adversarial Nets", 2014, arXiv:1406.2661, algorithm 1.
    Unlike there, both players see the same fakes, so that the generator runs once a step.

    Attributes:
        followed: samples of the same noise, [time, sample, ...], as they were over the run.
        followed_at: the step that each time stands for, int32 [time]; 0: not reached.
    """

    technique = "gan"
    Options = Train
    Facts = GanFacts

    @staticmethod
    def monitor(options: Train) -> tuple[str, ...]:
        return ("distance",)

    @staticmethod
    def read(options: Train, facts: GanFacts | None = None) -> Data:
        return facts_.read(options)

    @staticmethod
    def chosen(options: Train) -> dict[str, tuple[Any, str]]:
        usual = zip(_LEFT, _USUAL[options.loss], strict=True)
        return {name: (value, f"--loss {options.loss}") for name, value in usual if getattr(options, name) is None}

    def __init__(self, options: Train, facts: GanFacts):
        rngs = nnx.Rngs(options.seed)
        usual = {name: value for name, (value, _) in self.chosen(options).items()}
        self.critic_steps, self.penalty, *betas = (usual.get(name, getattr(options, name)) for name in _LEFT)
        self.facts, self.loss, self.latent, self.conditional = facts, options.loss, options.latent, options.conditional
        self.weight_penalty = (options.l1, options.l2)
        self.space = (Pictures if isinstance(facts.data, ImageFacts) else Points)(facts.data)
        self.generator, self.discriminator = self.space.players(options, rngs)
        self.average = Average(self.generator, options.average)
        noise, score, follow = jax.random.split(jax.random.key(options.seed), 3)
        self.rngs = nnx.Rngs(noise=noise, score=score)
        self.times = tuple(max(1, round(share * options.steps)) for share in _KEPT)
        self.followed_noise = nnx.Variable(jax.random.normal(follow, [self.space.followed, self.latent]))
        self.followed = nnx.Variable(jnp.stack([self.space.blank(self.space.followed)] * len(_KEPT)))
        self.followed_at = nnx.Variable(jnp.zeros(len(_KEPT), jnp.int32))
        turns = {name: getattr(options, name) // self.critic_steps for name in ("steps", "warmup_steps")}
        turns = options.model_copy(update={**turns, "steps": max(1, turns["steps"])})
        self.schedule = build.schedule(options)
        self.generator_optimizer = nnx.Optimizer(self.generator, build.optimizer(turns, tuple(betas)), wrt=nnx.Param)
        self.discriminator_optimizer = nnx.Optimizer(
            self.discriminator, build.optimizer(options, tuple(betas)), wrt=nnx.Param
        )

    def update(self, batch: Batch) -> Metrics:
        real, label = self.space.real(batch), batch["label"] if self.conditional else None
        fake, pullback = self._draw(len(real), label)
        metrics = self._teach_discriminator(real, fake, label)
        metrics |= self._teach_generator(fake, pullback, label)
        self._follow()
        return metrics

    def score(self, batch: Batch) -> Metrics:
        label = jnp.tile(batch["label"], self.facts.draws) if self.conditional else None
        noise = jax.random.normal(self.rngs.score(), [len(batch["mask"]) * self.facts.draws, self.latent])
        return self.space.compare(batch, self.sample(noise, label), label)

    def sample(self, noise: jax.Array, label: jax.Array | None = None) -> jax.Array:
        """Draw with the averaged generator.

        Args:
            noise: normal, [sample, latent].
            label: int [sample] where the run is conditional.

        Returns:
            Images, uint8 [sample, height, width, channel], or points, float32 [sample, 2].
        """
        generator = self.average.apply_to(self.generator)
        generator.eval()
        return self.space.finished(generator(noise, label))

    def require_fit(self, facts: GanFacts, run: str) -> None:
        theirs, ours = facts.data, self.facts.data
        if type(theirs) is not type(ours) or getattr(theirs, "image", None) != getattr(ours, "image", None):
            raise RunError(f"the data must be of the kind and the size that {run} was trained on, found others")
        if self.conditional and theirs.classes != ours.classes:
            raise RunError(f"the data must have the classes that {run} was trained on, found others")

    def warm_start(self, options: Train) -> bool:
        return self.space.prepare(options)

    def _draw(self, count: int, label: jax.Array | None) -> tuple[jax.Array, Pullback]:
        """Draw fakes; return them and what turns gradients by them into gradients by the generator's parameters."""
        noise = jax.random.normal(self.rngs.noise(), [count, self.latent])
        graph, parameters, rest = nnx.split(self.generator, nnx.Param, ...)

        def draw(parameters: nnx.State) -> tuple[jax.Array, nnx.State]:
            generator = nnx.merge(graph, parameters, rest, copy=True)
            return generator(noise, label), nnx.state(generator, nnx.Not(nnx.Param))

        fake, pullback, changed = jax.vjp(draw, parameters, has_aux=True)
        nnx.update(self.generator, changed)
        return fake, pullback

    def _teach_discriminator(self, real: jax.Array, fake: jax.Array, label: jax.Array | None) -> Metrics:
        share = jax.random.uniform(self.rngs.noise(), [len(real)])

        def loss_of(discriminator: nnx.Module) -> tuple[jax.Array, dict[str, jax.Array]]:
            verdicts = discriminator(real, label), discriminator(fake, label)
            loss = losses.discriminator_loss(self.loss, *verdicts)
            parts = {"loss": loss, "real_verdict": verdicts[0].mean(), "fake_verdict": verdicts[1].mean()}
            total = loss + penalties.penalty(discriminator, *self.weight_penalty)
            if self.penalty:
                steepness = losses.gradient_penalty(self.loss, lambda x: discriminator(x, label), real, fake, share)
                parts["gradient_penalty"] = steepness
                total += self.penalty * steepness
            return total, parts

        (_, parts), gradients = nnx.value_and_grad(loss_of, has_aux=True)(self.discriminator)
        rate = self.schedule(self.discriminator_optimizer.step[...])
        self.discriminator_optimizer.update(self.discriminator, gradients)
        return {name: Mean.of(part) for name, part in {**parts, "learning_rate": rate}.items()}

    def _teach_generator(self, fake: jax.Array, pullback: Pullback, label: jax.Array | None) -> Metrics:
        loss, slope = jax.value_and_grad(
            lambda fake: losses.generator_loss(self.loss, self.discriminator(fake, label))
        )(fake)

        def learn(generator: nnx.Module, optimizer: nnx.Optimizer, average: Average) -> None:
            (gradients,) = pullback(slope)
            if any(self.weight_penalty):
                weighed = nnx.grad(lambda generator: penalties.penalty(generator, *self.weight_penalty))(generator)
                gradients = jax.tree.map(jnp.add, gradients, weighed)
            optimizer.update(generator, gradients)
            average.update(generator)

        players: tuple[Any, ...] = self.generator, self.generator_optimizer, self.average
        if self.critic_steps == 1:
            learn(*players)
        else:
            turn = self.discriminator_optimizer.step[...] % self.critic_steps == 0
            nnx.cond(turn, learn, lambda *players: None, *players)
        return {"generator_loss": Mean.of(loss)}

    def _follow(self) -> None:
        """Keep the samples of the fixed noise where this step is one of the times to do so."""
        step = self.discriminator_optimizer.step[...].astype(jnp.int32)
        now = jnp.asarray(self.times) == step
        label = jnp.arange(self.space.followed) % max(1, len(self.space.classes)) if self.conditional else None
        blank = self.space.blank(self.space.followed)
        drawn = jax.lax.cond(now.any(), lambda: self.sample(self.followed_noise[...], label), lambda: blank)
        taken = now.reshape(-1, *[1] * drawn.ndim)
        self.followed.set_value(jnp.where(taken, drawn[None], self.followed[...]))
        self.followed_at.set_value(jnp.where(now, step, self.followed_at[...]))
