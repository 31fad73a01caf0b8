"""What the two players minimize.

Verdicts are the discriminator's numbers, float32 [batch]: the higher, the more real.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

Verdict = Callable[[jax.Array], jax.Array]


def discriminator_loss(name: str, real: jax.Array, fake: jax.Array) -> jax.Array:
    """Return what the discriminator minimizes, averaged over the batch.

    - non-saturating: -log p(real) - log(1 - p(fake)) in nats, where p is the logistic function of
      the verdict (Goodfellow et al., "Generative Adversarial Nets", 2014, arXiv:1406.2661, eq. 1).
    - wasserstein: the mean verdict of fakes less that of real ones (Arjovsky et al., "Wasserstein
      GAN", 2017, arXiv:1701.07875, eq. 3).
    """
    if name == "wasserstein":
        return (fake - real).mean()
    return (jax.nn.softplus(-real) + jax.nn.softplus(fake)).mean()


def generator_loss(name: str, fake: jax.Array) -> jax.Array:
    """Return what the generator minimizes, averaged over the batch.

    - non-saturating: -log p(fake), whose gradient does not vanish where the discriminator wins
      (Goodfellow et al. 2014, section 3).
    - wasserstein: the negative verdict.
    """
    return (-fake if name == "wasserstein" else jax.nn.softplus(-fake)).mean()


def gradient_penalty(name: str, verdict: Verdict, real: jax.Array, fake: jax.Array, share: jax.Array) -> jax.Array:
    """Return what keeps the verdict's slope in bounds, averaged over the batch.

    - non-saturating: half of the squared slope at real examples, so that a discriminator that has
      nothing left to tell comes to rest (Mescheder, Geiger and Nowozin, "Which Training Methods for
      GANs do actually Converge?", 2018, arXiv:1801.04406, equation 9).
    - wasserstein: (slope - 1)² at points between real and fake ones (Gulrajani et al., "Improved
      Training of Wasserstein GANs", 2017, arXiv:1704.00028, equation 3 and algorithm 1).

    Args:
        name: of the loss.
        verdict: maps examples [batch, ...] to [batch], each by itself.
        real: [batch, ...].
        fake: likewise.
        share: of the real one in a point in between, in [0, 1], [batch].
    """
    if name == "non-saturating":
        return _squared_slopes(verdict, real).mean() / 2
    share = share.reshape(-1, *[1] * (real.ndim - 1))
    squares = _squared_slopes(verdict, share * real + (1 - share) * fake)
    # The root of zero has no slope, which a verdict that is constant would make a NaN of.
    return jnp.square(jnp.sqrt(squares + 1e-12) - 1).mean()


def _squared_slopes(verdict: Verdict, points: jax.Array) -> jax.Array:
    """Return the squared norm of the verdict's gradient at each point, [batch]."""
    gradients = jax.grad(lambda points: verdict(points).sum())(points)
    return jnp.square(gradients).reshape(len(points), -1).sum(axis=1)
