"""The encoder's task: to name the class of a text."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
from flax import nnx

from dlcli.data.text import labelled_batches
from dlcli.engine import Metrics
from dlcli.interface import Batch, Data
from dlcli.metrics import classification
from dlcli.nn.presets import Style
from dlcli.techniques.transformer.facts import TransformerFacts, read_text
from dlcli.techniques.transformer.losses import cross_entropy
from dlcli.techniques.transformer.model import Encoder
from dlcli.techniques.transformer.options import Train


def read(options: Train, facts: TransformerFacts | None = None) -> Data:
    """Open labelled texts, cut by the tokenizer of `facts` where there are any.

    A batch holds `tokens`, int32 [batch, context], `length` and `label`, int32 [batch]; a held-out one also `mask`.

    Raises:
        DatasetError: the texts have no labels.
    """
    return read_text(functools.partial(labelled_batches.classification, trained=facts is not None), options, facts)


def network(style: Style, facts: TransformerFacts, rngs: nnx.Rngs) -> Encoder:
    """Return the untrained network."""
    return Encoder(style, facts.vocabulary, len(facts.classes), rngs=rngs)


def losses(network: Encoder, batch: Batch, smoothing: float) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Return the loss of each text, whether its class was the likeliest, and whether it counts: [batch]."""
    logits = network(batch["tokens"], batch["length"])
    nats = cross_entropy(logits, batch["label"], smoothing)
    return nats, logits.argmax(axis=-1) == batch["label"], jnp.ones_like(nats)


def measure(network: Encoder, batch: Batch) -> Metrics:
    """Compare the classes of held-out texts with what the network says."""
    logits = network(batch["tokens"], batch["length"])
    return classification.measure(jax.nn.log_softmax(logits), batch)
