"""The encoder-decoder's task: to write the target of a source."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dlcli.data.text import pair_batches
from dlcli.data.text.tokenizers import END, PADDING, START, UNKNOWN
from dlcli.engine import Mean, Metrics, Rate
from dlcli.interface import Batch, Data
from dlcli.nn.beam import Found, Special, search
from dlcli.nn.presets import Style
from dlcli.techniques.transformer.facts import TransformerFacts, widened
from dlcli.techniques.transformer.losses import cross_entropy
from dlcli.techniques.transformer.model import EncoderDecoder
from dlcli.techniques.transformer.options import Train


def read(options: Train, facts: TransformerFacts | None = None) -> Data:
    """Open a set of pairs, cut by the tokenizer and at the times of `facts` where there are any.

    Batches as `dlcli.data.text.pair_batches.read` says.
    """
    return widened(pair_batches.read(options, options.context, facts))


def network(style: Style, facts: TransformerFacts, rngs: nnx.Rngs) -> EncoderDecoder:
    """Return the untrained network; its context is the longer of source and target."""
    style = dataclasses.replace(style, context=max(facts.max_source_length, facts.max_target_length))
    return EncoderDecoder(style, facts.vocabulary, rngs=rngs)


def losses(network: EncoderDecoder, batch: Batch, smoothing: float) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Return the loss of each target token, whether it was the likeliest, and whether it counts: [batch, time]."""
    written, wanted = batch["target"][:, :-1], batch["target"][:, 1:]
    logits = network(written, network.encode(batch["source"], batch["length"]))
    counts = (wanted != PADDING).astype(jnp.float32)
    return cross_entropy(logits, wanted, smoothing), logits.argmax(axis=-1) == wanted, counts


def measure(network: EncoderDecoder, batch: Batch) -> Metrics:
    """Compare what the network would write, given all before it, with a held-out target.

    Every token is the likeliest one after the right ones before it exactly where writing the
    likeliest token again and again gives the target: so `exact_match` is that of greedy decoding.
    """
    nats, hits, counts = losses(network, batch, 0.0)
    counts = counts * batch["mask"][:, None]
    return {
        "loss": Mean.of(nats, counts),
        "accuracy": Rate.of(hits, counts),
        "exact_match": Rate.of((hits | (counts == 0)).all(axis=1), batch["mask"]),
    }


def translator(network: EncoderDecoder, time: int, beams: int) -> Callable[[np.ndarray, np.ndarray], Found]:
    """Return the compiled function from sources to the likeliest targets.

    It takes int [batch, max_source_length] and int [batch].

    Args:
        network: trained.
        time: tokens of a target at most, the end included.
        beams: kept of each source.
    """
    graph, state = nnx.split(network)

    @jax.jit
    def translate(state: nnx.State, tokens: jax.Array, length: jax.Array) -> Found:
        live = nnx.merge(graph, state)
        source = jax.tree.map(lambda each: jnp.repeat(each, beams, axis=0), live.encode(tokens, length))

        def step(last: jax.Array, place: jax.Array, past: object) -> tuple[jax.Array, object]:
            return live.step(last, place, past, source)

        memory = live.empty(len(tokens) * beams)
        return search(
            step,
            memory,
            batch=len(tokens),
            beams=beams,
            time=time,
            special=Special(START, END, PADDING, never=(START, UNKNOWN)),
        )

    return lambda tokens, length: translate(state, tokens, length)
