"""The decoder's task: to say which token follows."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from dlcli.data.text import token_batches
from dlcli.engine import Mean, Metrics, Rate
from dlcli.interface import Batch, Data
from dlcli.nn.presets import Style
from dlcli.techniques.transformer.facts import TransformerFacts, read_text
from dlcli.techniques.transformer.losses import cross_entropy
from dlcli.techniques.transformer.model import Decoder
from dlcli.techniques.transformer.options import Train


def read(options: Train, facts: TransformerFacts | None = None) -> Data:
    """Open a text, cut by the tokenizer of `facts` where there are any.

    A batch holds `tokens`, int32 [batch, context + 1]; a held-out one also `mask`, float32 [batch, context].
    """
    return read_text(token_batches.windows, options, facts)


def network(style: Style, facts: TransformerFacts, rngs: nnx.Rngs) -> Decoder:
    """Return the untrained network."""
    return Decoder(style, facts.vocabulary, rngs=rngs)


def losses(network: Decoder, batch: Batch, smoothing: float) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Return the loss of each next token, whether it was the likeliest, and whether it counts: [batch, time]."""
    read, wanted = batch["tokens"][:, :-1], batch["tokens"][:, 1:]
    logits = network(read)
    nats = cross_entropy(logits, wanted, smoothing)
    return nats, logits.argmax(axis=-1) == wanted, jnp.ones_like(nats)


def measure(network: Decoder, batch: Batch) -> Metrics:
    """Compare what the network expects with held-out windows."""
    nats, hits, counts = losses(network, batch, 0.0)
    counts = counts * batch["mask"]
    return {"loss": Mean.of(nats, counts), "accuracy": Rate.of(hits, counts)}
