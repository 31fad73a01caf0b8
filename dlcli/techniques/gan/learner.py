"""How the generator and the discriminator are trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dlcli import engine
from dlcli.data import domains
from dlcli.data.domains import ImageDomain, PointDomain
from dlcli.data.images import augmentation
from dlcli.engine import Inference, Input, Mean, Metrics
from dlcli.engine.inference import random_normal
from dlcli.interface import Batch, Data
from dlcli.metrics import generation
from dlcli.metrics.feature_classifier import FeatureClassifier, count_examples
from dlcli.metrics.metric import OccasionalMean
from dlcli.nn.ema import EMA
from dlcli.optim import build, penalties
from dlcli.options.augmentations import parse_augmentation
from dlcli.options.datasets import DENSITIES
from dlcli.techniques.gan import facts as facts_
from dlcli.techniques.gan import losses
from dlcli.techniques.gan.facts import GanFacts
from dlcli.techniques.gan.model import networks
from dlcli.techniques.gan.options import Train

Pullback = Callable[[jax.Array], tuple[nnx.State]]

# Defaults by loss of the options in _BY_LOSS. The betas are those of Radford et al. 2015, section 4, and the values for
# wasserstein those of Gulrajani et al. 2017, algorithm 1.
_BY_LOSS = ("critic_steps", "gradient_penalty", "beta1", "beta2")
_DEFAULTS = {"non-saturating": (1, 1.0, 0.5, 0.999), "wasserstein": (5, 10.0, 0.0, 0.9)}
# Fractions of a run after which the fixed-noise samples are recorded, denser at its start, where more changes.
_RECORD_AT = (1 / 128, 1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
_FIXED_IMAGES, _FIXED_POINTS = 10, 500  # fixed-noise samples of each time


class Learner(engine.Learner):
    """Trains the discriminator on each batch, and the generator with the gradient of the discriminator.

    A batch contains `image`, uint8 [batch, height, width, channel], and `label`, int32 [batch], or
    `point`, float32 [batch, 2].

    Reference: Goodfellow et al., "Generative Adversarial Nets", 2014, arXiv:1406.2661, algorithm 1.
    Unlike there, both networks are updated with the same generated examples, so that the generator runs once per step.

    Attributes:
        feature_classifier: gives the features of the Fréchet distance, trained before the first step; None for points.
        fixed_noise: noise of the fixed-noise samples, [sample, latent].
        fixed_noise_samples: samples of that noise over the run, [time, sample, ...].
        fixed_noise_steps: the step of each time, int32 [time]; 0: not reached.
    """

    technique = "gan"
    Options = Train
    Facts = GanFacts

    @staticmethod
    def monitor(options: Train) -> tuple[str, ...]:
        return ("total_variation" if options.dataset in DENSITIES else "frechet_distance",)

    @staticmethod
    def read(options: Train, facts: GanFacts | None = None) -> Data:
        return facts_.read(options)

    @staticmethod
    def chosen(options: Train) -> dict[str, tuple[Any, str]]:
        defaults = zip(_BY_LOSS, _DEFAULTS[options.loss], strict=True)
        return {name: (value, f"--loss {options.loss}") for name, value in defaults if getattr(options, name) is None}

    def __init__(self, options: Train, facts: GanFacts):
        rngs = nnx.Rngs(options.seed)
        chosen = {name: value for name, (value, _) in self.chosen(options).items()}
        self.critic_steps, self.gradient_penalty, *betas = (
            chosen.get(name, getattr(options, name)) for name in _BY_LOSS
        )
        self.penalty_every = options.penalty_every
        self.facts, self.loss, self.conditional = facts, options.loss, options.conditional
        self.strengths = parse_augmentation(options.augment)
        self.latent_dim, self.weight_penalty = options.latent_dim, (options.l1, options.l2)
        self.domain = domains.domain(facts.data, domains.rms_radius)
        is_images = isinstance(self.domain, ImageDomain)
        self.feature_classifier = nnx.data(
            FeatureClassifier(self.domain.shape, len(self.domain.classes)) if is_images else None
        )
        self.generator, self.discriminator = networks(options, self.domain, rngs)
        self.ema = EMA(self.generator, options.ema_decay)
        noise, score, fixed = jax.random.split(jax.random.key(options.seed), 3)
        self.rngs = nnx.Rngs(noise=noise, score=score)
        self.record_at = tuple(max(1, round(fraction * options.steps)) for fraction in _RECORD_AT)
        count = _FIXED_IMAGES if is_images else _FIXED_POINTS
        self.fixed_noise = nnx.Variable(jax.random.normal(fixed, [count, self.latent_dim]))
        blank = jnp.zeros([len(_RECORD_AT), count, *self.domain.shape], self.domain.dtype)
        self.fixed_noise_samples = nnx.Variable(blank)
        self.fixed_noise_steps = nnx.Variable(jnp.zeros(len(_RECORD_AT), jnp.int32))
        self._create_optimizers(options, tuple(betas))

    def _create_optimizers(self, options: Train, betas: tuple[float, float]) -> None:
        steps = {name: getattr(options, name) // self.critic_steps for name in ("steps", "warmup_steps")}
        of_generator = options.model_copy(update={**steps, "steps": max(1, steps["steps"])})
        self.schedule = build.schedule(options)
        of = [build.trainable(options, name) for name in ("generator", "discriminator")]
        self.generator_optimizer = nnx.Optimizer(self.generator, build.optimizer(of_generator, betas), wrt=of[0])
        self.discriminator_optimizer = nnx.Optimizer(self.discriminator, build.optimizer(options, betas), wrt=of[1])

    def update(self, batch: Batch) -> Metrics:
        real, label = self.domain.encode(batch), batch["label"] if self.conditional else None
        generated, pullback = self._generate(len(real), label)
        if self.strengths:
            real, generated, pullback = self._augmented(real, generated, pullback)
        discriminator_metrics = self._update_discriminator(real, generated, label)
        generator_metrics = self._update_generator(generated, pullback, label)
        self._record_fixed_noise_samples()
        return {**discriminator_metrics, **generator_metrics}

    def score(self, batch: Batch) -> Metrics:
        labels = jnp.tile(batch["label"], self.facts.samples_per_example) if self.conditional else None
        count = len(batch["mask"]) * self.facts.samples_per_example
        generated = self.sample(jax.random.normal(self.rngs.score(), [count, self.latent_dim]), labels)
        if isinstance(self.domain, PointDomain):
            density = self.domain.facts
            return generation.point_metrics(generated, batch["point"], density.modes, density.std, batch["mask"])
        images = generated, batch["train"], batch["image"]
        features = map(self.feature_classifier.features, images)
        return generation.image_metrics(self.feature_classifier, *features, mask=batch["mask"], labels=labels)

    def sample(self, noise: jax.Array, label: jax.Array | None = None) -> jax.Array:
        """Generate samples with the averaged weights.

        Args:
            noise: standard normal, [sample, latent].
            label: int [sample] if the run is class-conditional.

        Returns:
            Images, uint8 [sample, height, width, channel], or points, float32 [sample, 2].
        """
        generator = self.trained_model()
        return self.domain.decode(generator(noise, label))

    def inference(self) -> Inference:
        """Return the function from noise, and the class if the run is class-conditional, to samples."""
        inputs = {"noise": Input(f"batch, {self.latent_dim}", random_normal(2, self.latent_dim))}
        if self.conditional:
            inputs["label"] = Input("batch", np.array([0, 1], np.int32))
        shape = ", ".join(map(str, self.domain.shape))
        return Inference(self.sample, inputs, f"samples, {jnp.dtype(self.domain.dtype)} [batch, {shape}]")

    def trained_model(self) -> nnx.Module:
        """Return the averaged generator."""
        generator = self.ema.apply_to(self.generator)
        generator.eval()
        return generator

    def require_fit(self, facts: GanFacts, run: str) -> None:
        self.facts.require_same_domain(facts, run, classes=self.conditional)

    def warm_start(self, options: Train) -> bool:
        """Train the feature classifier, or load it from the cache; data of one class leaves it untrained."""
        if len(self.domain.classes) < 2:
            return False
        domains.train_feature_classifier(self.feature_classifier, options, count_examples)
        return True

    def _generate(self, count: int, label: jax.Array | None) -> tuple[jax.Array, Pullback]:
        """Generate examples.

        Returns:
            The examples, and a function from the gradient by them to the gradient by the generator's parameters.
        """
        noise = jax.random.normal(self.rngs.noise(), [count, self.latent_dim])
        graph, parameters, rest = nnx.split(self.generator, self.generator_optimizer.wrt, ...)

        def generate(parameters: nnx.State) -> tuple[jax.Array, nnx.State]:
            generator = nnx.merge(graph, parameters, rest, copy=True)
            return generator(noise, label), nnx.state(generator, nnx.Not(self.generator_optimizer.wrt))

        generated, pullback, changed = jax.vjp(generate, parameters, has_aux=True)
        nnx.update(self.generator, changed)
        return generated, pullback

    def _augmented(
        self, real: jax.Array, generated: jax.Array, pullback: Pullback
    ) -> tuple[jax.Array, jax.Array, Pullback]:
        """Augment real and generated images, and let the gradient pass to the generator through the augmentation.

        Reference: Zhao et al., "Differentiable Augmentation for Data-Efficient GAN Training", 2020, arXiv:2006.10738,
        equations 3 and 4.
        """
        keys = jax.random.split(self.rngs.noise())

        def augment(key: jax.Array, images: jax.Array) -> jax.Array:
            # Augmentations take pixels in [0, 1], and targets that these do not change.
            pixels, _ = augmentation.augment(key, (images + 1) / 2, jnp.zeros([len(images), 1]), self.strengths)
            return 2 * pixels - 1

        changed, back = jax.vjp(lambda images: augment(keys[1], images), generated)
        return augment(keys[0], real), changed, lambda gradient: pullback(*back(gradient))

    def _update_discriminator(self, real: jax.Array, generated: jax.Array, label: jax.Array | None) -> Metrics:
        """Update the discriminator; its gradient penalty is due at every `penalty_every`-th step.

        Reference: Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", 2020, arXiv:1912.04958,
        section 3.1, lazy regularization.
        """
        weight = jax.random.uniform(self.rngs.noise(), [len(real)])
        trained = self.discriminator_optimizer.wrt
        is_due = self.discriminator_optimizer.step[...] % self.penalty_every == 0

        def loss_of(discriminator: nnx.Module) -> tuple[jax.Array, dict[str, jax.Array]]:
            logits = discriminator(real, label), discriminator(generated, label)
            loss = losses.discriminator_loss(self.loss, *logits)
            parts = {"loss": loss, "real_logit": logits[0].mean(), "generated_logit": logits[1].mean()}
            if self.loss == "non-saturating":  # the logit of a critic is not that of a probability
                parts |= {"real_probability": jax.nn.sigmoid(logits[0]).mean()}
                parts |= {"generated_probability": jax.nn.sigmoid(logits[1]).mean()}
            total = loss + penalties.penalty(nnx.state(discriminator, trained), *self.weight_penalty)
            if self.gradient_penalty:

                def penalty() -> jax.Array:
                    return losses.gradient_penalty(
                        self.loss, lambda x: discriminator(x, label), real, generated, weight
                    )

                is_always_due = self.penalty_every == 1
                value = penalty() if is_always_due else jax.lax.cond(is_due, penalty, lambda: jnp.zeros([]))
                parts["gradient_penalty"] = value
                total += self.gradient_penalty * self.penalty_every * value
            return total, parts

        aim = nnx.DiffState(0, trained)
        (_, parts), gradients = nnx.value_and_grad(loss_of, argnums=aim, has_aux=True)(self.discriminator)
        rate = self.schedule(self.discriminator_optimizer.step[...])
        self.discriminator_optimizer.update(self.discriminator, gradients)
        found = {name: Mean.of(part) for name, part in {**parts, "learning_rate": rate}.items()}
        if self.gradient_penalty:
            found["gradient_penalty"] = OccasionalMean.of(parts["gradient_penalty"], where=is_due)
        return found

    def _update_generator(self, generated: jax.Array, pullback: Pullback, label: jax.Array | None) -> Metrics:
        loss, gradient = jax.value_and_grad(
            lambda generated: losses.generator_loss(self.loss, self.discriminator(generated, label))
        )(generated)

        def step(generator: nnx.Module, optimizer: nnx.Optimizer, ema: EMA) -> None:
            (gradients,) = pullback(gradient)
            if any(self.weight_penalty):
                added = jax.grad(penalties.penalty)(nnx.state(generator, optimizer.wrt), *self.weight_penalty)
                gradients = jax.tree.map(jnp.add, gradients, added)
            optimizer.update(generator, gradients)
            ema.update(generator)

        trained: tuple[Any, ...] = self.generator, self.generator_optimizer, self.ema
        if self.critic_steps == 1:
            step(*trained)
        else:
            is_due = self.discriminator_optimizer.step[...] % self.critic_steps == 0
            nnx.cond(is_due, step, lambda *trained: None, *trained)
        return {"generator_loss": Mean.of(loss)}

    def _record_fixed_noise_samples(self) -> None:
        """Record the fixed-noise samples if they are due at this step."""
        step = self.discriminator_optimizer.step[...].astype(jnp.int32)
        due = jnp.asarray(self.record_at) == step
        noise, recorded = self.fixed_noise[...], self.fixed_noise_samples[...]
        label = jnp.arange(len(noise)) % max(1, len(self.domain.classes)) if self.conditional else None
        samples = jax.lax.cond(due.any(), lambda: self.sample(noise, label), lambda: jnp.zeros_like(recorded[0]))
        self.fixed_noise_samples.set_value(jnp.where(due.reshape(-1, *[1] * samples.ndim), samples[None], recorded))
        self.fixed_noise_steps.set_value(jnp.where(due, step, self.fixed_noise_steps[...]))
