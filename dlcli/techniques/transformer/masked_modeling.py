"""The encoder's task without labels: predict masked tokens.

Reference: Devlin et al., "BERT", 2018, arXiv:1810.04805, section 3.1.
"""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dlcli.data.text import masked_batches
from dlcli.engine import Inference, Input, Mean, Metrics, Rate
from dlcli.engine.inference import random_tokens
from dlcli.interface import Batch, Data
from dlcli.nn.transformer_config import TransformerConfig
from dlcli.techniques.transformer.facts import TransformerFacts, read_text
from dlcli.techniques.transformer.losses import cross_entropy
from dlcli.techniques.transformer.model import MaskedEncoder
from dlcli.techniques.transformer.options import MASK, Train


def read(options: Train, facts: TransformerFacts | None = None) -> Data:
    """Open a text set, with the tokenizer of `facts` if given; for the batches see `masked_batches.windows`."""
    data = read_text(masked_batches.windows, options, facts)
    words = data.example.split()
    if words:
        words[len(words) // 2] = MASK
    return dataclasses.replace(data, example=" ".join(words))


def network(config: TransformerConfig, facts: TransformerFacts, rngs: nnx.Rngs) -> MaskedEncoder:
    """Return the untrained network."""
    return MaskedEncoder(config, facts.vocabulary, rngs=rngs)


def losses(network: MaskedEncoder, batch: Batch, smoothing: float) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Return each masked token's loss, whether it was the most probable, and its weight, [batch, masked] each."""
    count, time = batch["tokens"].shape
    logits = network(batch["tokens"], jnp.full(count, time), batch["position"])
    nats = cross_entropy(logits, batch["target"], smoothing)
    return nats, logits.argmax(axis=-1) == batch["target"], jnp.ones_like(nats)


def measure(network: MaskedEncoder, batch: Batch) -> Metrics:
    """Return the loss and the accuracy on a held-out batch."""
    nats, correct, _ = losses(network, batch, 0.0)
    return {"loss": Mean.of(nats, batch["mask"]), "accuracy": Rate.of(correct, batch["mask"])}


def inference(network: MaskedEncoder, facts: TransformerFacts) -> Inference:
    """Return the function from texts and positions to log-probabilities of the tokens there."""
    context = network.stack.config.context
    inputs = {
        "tokens": Input("batch, time", random_tokens(facts.vocabulary, 2, context)),
        "length": Input("batch", np.array([context, 1], np.int32)),
        "position": Input("batch, masked", np.array([[context - 1], [0]], np.int32)),
    }
    return Inference(
        lambda tokens, length, position: jax.nn.log_softmax(network(tokens, length, position)),
        inputs,
        "log-probabilities of the tokens at the positions, float32 [batch, masked, vocabulary]",
        (f"time <= {context}",),
    )
