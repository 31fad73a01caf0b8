"""The decoder's task: predict the next token."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from dlcli.data.text import token_batches
from dlcli.engine import Inference, Input, Mean, Metrics, Rate
from dlcli.engine.inference import random_tokens
from dlcli.interface import Batch, Data
from dlcli.nn.transformer_config import TransformerConfig
from dlcli.techniques.transformer.facts import TransformerFacts, read_text
from dlcli.techniques.transformer.losses import cross_entropy
from dlcli.techniques.transformer.model import Decoder
from dlcli.techniques.transformer.options import Train


def read(options: Train, facts: TransformerFacts | None = None) -> Data:
    """Open a text set, with the tokenizer of `facts` if given.

    A batch has `tokens`, int32 [batch, context + 1]; a held-out batch also `mask`, float32 [batch, context].
    """
    return read_text(token_batches.windows, options, facts)


def network(config: TransformerConfig, facts: TransformerFacts, rngs: nnx.Rngs) -> Decoder:
    """Return the untrained network."""
    return Decoder(config, facts.vocabulary, rngs=rngs)


def losses(network: Decoder, batch: Batch, smoothing: float) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Return each next token's loss, whether it was the most probable, and its weight, [batch, time] each."""
    inputs, targets = batch["tokens"][:, :-1], batch["tokens"][:, 1:]
    logits = network(inputs)
    nats = cross_entropy(logits, targets, smoothing)
    return nats, logits.argmax(axis=-1) == targets, jnp.ones_like(nats)


def measure(network: Decoder, batch: Batch) -> Metrics:
    """Return the loss and the accuracy on a held-out batch."""
    nats, correct, weights = losses(network, batch, 0.0)
    weights = weights * batch["mask"]
    return {"loss": Mean.of(nats, weights), "accuracy": Rate.of(correct, weights)}


def inference(network: Decoder, facts: TransformerFacts) -> Inference:
    """Return the function from tokens to log-probabilities of the next tokens."""
    context = network.stack.config.context
    return Inference(
        lambda tokens: jax.nn.log_softmax(network(tokens)),
        {"tokens": Input("batch, time", random_tokens(facts.vocabulary, 2, context))},
        "log-probabilities of the next token, float32 [batch, time, vocabulary]",
        (f"time <= {context}",),
    )
