"""Losses of the generator and the discriminator, and the gradient penalty.

Logits are the discriminator's outputs, float32 [batch]: the higher, the more likely an example is real. With the
Wasserstein loss they are the values of the critic.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

Discriminator = Callable[[jax.Array], jax.Array]  # maps examples [batch, ...] to logits [batch], each by itself


def discriminator_loss(name: str, real: jax.Array, generated: jax.Array) -> jax.Array:
    """Return the discriminator's loss, averaged over the batch.

    - non-saturating: -log p(real) - log(1 - p(generated)) in nats, where p is the sigmoid of the logit (Goodfellow et
      al., "Generative Adversarial Nets", 2014, arXiv:1406.2661, eq. 1).
    - wasserstein: the mean logit of generated examples minus that of real ones (Arjovsky et al., "Wasserstein
      GAN", 2017, arXiv:1701.07875, eq. 3).
    """
    if name == "wasserstein":
        return (generated - real).mean()
    return (jax.nn.softplus(-real) + jax.nn.softplus(generated)).mean()


def generator_loss(name: str, generated: jax.Array) -> jax.Array:
    """Return the generator's loss, averaged over the batch.

    - non-saturating: -log p(generated), whose gradient does not vanish where the discriminator is confident
      (Goodfellow et al. 2014, section 3).
    - wasserstein: the negative logit.
    """
    return (-generated if name == "wasserstein" else jax.nn.softplus(-generated)).mean()


def gradient_penalty(
    name: str, discriminator: Discriminator, real: jax.Array, generated: jax.Array, weight: jax.Array
) -> jax.Array:
    """Return the gradient penalty of the discriminator, averaged over the batch.

    - non-saturating: R1, half of the squared gradient norm at real examples (Mescheder, Geiger and Nowozin, "Which
      Training Methods for GANs do actually Converge?", 2018, arXiv:1801.04406, equation 9).
    - wasserstein: (gradient norm - 1)² at interpolations between real and generated examples (Gulrajani et al.,
      "Improved Training of Wasserstein GANs", 2017, arXiv:1704.00028, equation 3 and algorithm 1).

    Args:
        name: name of the loss.
        discriminator: maps examples to logits.
        real: real examples, [batch, ...].
        generated: generated examples, [batch, ...].
        weight: weight of the real example in an interpolation, in [0, 1], [batch].
    """
    if name == "non-saturating":
        return _squared_gradient_norms(discriminator, real).mean() / 2
    weight = weight.reshape(-1, *[1] * (real.ndim - 1))
    squares = _squared_gradient_norms(discriminator, weight * real + (1 - weight) * generated)
    # The square root has no derivative at zero: a constant discriminator would give NaN.
    return jnp.square(jnp.sqrt(squares + 1e-12) - 1).mean()


def _squared_gradient_norms(discriminator: Discriminator, x: jax.Array) -> jax.Array:
    """Return the squared norm of the logit's gradient at each example, [batch]."""
    gradients = jax.grad(lambda x: discriminator(x).sum())(x)
    return jnp.square(gradients).reshape(len(x), -1).sum(axis=1)
