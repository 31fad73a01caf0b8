"""The encoder's task: classify a text."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dlcli.data.text import labelled_batches
from dlcli.engine import Inference, Input, Metrics
from dlcli.engine.inference import random_tokens
from dlcli.interface import Batch, Data
from dlcli.metrics import classification
from dlcli.nn.transformer_config import TransformerConfig
from dlcli.techniques.transformer.facts import TransformerFacts, read_text
from dlcli.techniques.transformer.losses import cross_entropy
from dlcli.techniques.transformer.model import Encoder
from dlcli.techniques.transformer.options import Train


def read(options: Train, facts: TransformerFacts | None = None) -> Data:
    """Open a set of labelled texts, with the tokenizer of `facts` if given.

    A batch has `tokens`, int32 [batch, width], `length` and `label`, int32 [batch]; a held-out batch also `mask`,
    float32 [batch].

    Raises:
        DatasetError: the texts have no labels.
    """
    more = {"length_buckets": options.length_buckets, "trained": facts is not None}
    return read_text(functools.partial(labelled_batches.classification, **more), options, facts)


def network(config: TransformerConfig, facts: TransformerFacts, rngs: nnx.Rngs) -> Encoder:
    """Return the untrained network."""
    return Encoder(config, facts.vocabulary, len(facts.classes), rngs=rngs)


def losses(network: Encoder, batch: Batch, smoothing: float) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Return each text's loss, whether its class was the most probable, and its weight, [batch] each."""
    logits = network(batch["tokens"], batch["length"])
    nats = cross_entropy(logits, batch["label"], smoothing)
    return nats, logits.argmax(axis=-1) == batch["label"], jnp.ones_like(nats)


def measure(network: Encoder, batch: Batch) -> Metrics:
    """Return the classification metrics on a held-out batch."""
    logits = network(batch["tokens"], batch["length"])
    return classification.measure(jax.nn.log_softmax(logits), batch)


def inference(network: Encoder, facts: TransformerFacts) -> Inference:
    """Return the function from texts to log-probabilities of the classes."""
    context = network.stack.config.context
    inputs = {
        "tokens": Input("batch, time", random_tokens(facts.vocabulary, 2, context)),
        "length": Input("batch", np.array([context, 1], np.int32)),
    }
    return Inference(
        lambda tokens, length: jax.nn.log_softmax(network(tokens, length)),
        inputs,
        "log-probabilities, float32 [batch, class]",
        (f"time <= {context}",),
    )
