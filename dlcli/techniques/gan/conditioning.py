"""What the networks for images share: class embeddings, and the logit of an image and its class."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from dlcli.nn.initializers import truncated_normal

NEGATIVE_SLOPE = 0.2  # of the discriminator's leaky ReLU: Radford et al. 2015, section 3
EMBEDDING_STD = 0.02  # of the discriminator's initial class embedding: ibid., section 4


def conditional_logit(
    logit: nnx.Linear, class_embedding: nnx.Embed | None, x: jax.Array, label: jax.Array | None
) -> jax.Array:
    """Map features [batch, ...] and classes, int [batch], to logits, float32 [batch].

    The class conditions the logit by projection: the inner product of the class embedding and the features is added
    (Miyato and Koyama, "cGANs with Projection Discriminator", 2018, arXiv:1802.05637, equation 3). Unlike in the paper,
    features are not summed over positions, since in small images the position matters for the class.

    Args:
        logit: maps the flat features to the unconditional logit.
        class_embedding: of as many features; None: unconditional.
        x: the features.
        label: the classes; unused without an embedding.
    """
    features = x.astype(jnp.float32).reshape(len(x), -1)
    unconditional = logit(features)[:, 0]
    if class_embedding is None:
        return unconditional
    return unconditional + jnp.einsum("bf,bf->b", features, class_embedding(label).astype(jnp.float32))


def embedding(classes: int, features: int, std: float, rngs: nnx.Rngs) -> nnx.Embed:
    """Return a class embedding, initialized with this standard deviation."""
    return nnx.Embed(classes, features, embedding_init=truncated_normal(std), rngs=rngs)
