"""The encoder-decoder's task: generate the target of a source."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dlcli.data.text import pair_batches
from dlcli.engine import Inference, Input, Mean, Metrics, Rate
from dlcli.engine.inference import random_tokens
from dlcli.interface import Batch, Data
from dlcli.nn import functional
from dlcli.nn.beam_search import Hypotheses, SpecialTokens, beam_search
from dlcli.nn.transformer_config import TransformerConfig
from dlcli.techniques.transformer.facts import TransformerFacts, transformer_facts
from dlcli.techniques.transformer.losses import cross_entropy
from dlcli.techniques.transformer.model import EncoderDecoder
from dlcli.techniques.transformer.options import Train


def read(options: Train, facts: TransformerFacts | None = None) -> Data:
    """Open a set of pairs, with the tokenizer and the lengths of `facts` if given.

    Batches are those of `dlcli.data.text.pair_batches.read`.
    """
    return transformer_facts(pair_batches.read(options, options.context, facts))


def network(config: TransformerConfig, facts: TransformerFacts, rngs: nnx.Rngs) -> EncoderDecoder:
    """Return the untrained network; its context is the longer of source and target."""
    config = dataclasses.replace(config, context=max(facts.max_source_length, facts.max_target_length))
    return EncoderDecoder(config, facts.vocabulary, special=_special(facts), rngs=rngs)


def _special(facts: TransformerFacts) -> SpecialTokens:
    """Return the special tokens of translations; the models of other tools may generate an unknown token."""
    tokenizer = facts.load()
    special = tokenizer.special
    suppressed = () if tokenizer.kind == "imported" else (special.start, special.unknown)
    return SpecialTokens(special.start, special.end, special.padding, suppressed)


def losses(network: EncoderDecoder, batch: Batch, smoothing: float) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Return each target token's loss, whether it was the most probable, and its weight, [batch, time] each.

    The decoder's inputs are the correct earlier tokens (teacher forcing).
    """
    inputs, targets = batch["target"][:, :-1], batch["target"][:, 1:]
    logits = network(inputs, network.encode(batch["source"], batch["length"]))
    weights = (targets != network.special.padding).astype(jnp.float32)
    return cross_entropy(logits, targets, smoothing), logits.argmax(axis=-1) == targets, weights


def measure(network: EncoderDecoder, batch: Batch) -> Metrics:
    """Return loss, token accuracy and exact match on a held-out batch.

    `exact_match` is that of greedy decoding: if every token is the most probable one after the correct earlier
    tokens, greedy decoding generates exactly the target.
    """
    nats, correct, weights = losses(network, batch, 0.0)
    weights = weights * batch["mask"][:, None]
    return {
        "loss": Mean.of(nats, weights),
        "accuracy": Rate.of(correct, weights),
        "exact_match": Rate.of((correct | (weights == 0)).all(axis=1), batch["mask"]),
    }


def translator(
    network: EncoderDecoder, time: int, beams: int, length_penalty: float
) -> Callable[[np.ndarray, np.ndarray], Hypotheses]:
    """Return the compiled beam search.

    It maps sources, int [batch, max_source_length], and their lengths, int [batch], to targets.

    Args:
        network: a trained network.
        time: maximum number of tokens of a target, including the end token.
        beams: beam width.
        length_penalty: see `beam_search`.
    """
    search = {"beams": beams, "length_penalty": length_penalty, "time": time, "special": network.special}

    def translate(network: EncoderDecoder, tokens: jax.Array, length: jax.Array) -> Hypotheses:
        encoded = jax.tree.map(lambda each: jnp.repeat(each, beams, axis=0), network.encode(tokens, length))

        def step(last: jax.Array, position: jax.Array, cache: object) -> tuple[jax.Array, object]:
            return network.step(last, position, cache, encoded)

        cache, batch = network.init_cache(len(tokens) * beams), len(tokens)
        return beam_search(step, cache, batch=batch, **search)

    return functional.jit(translate, network)


def inference(network: EncoderDecoder, facts: TransformerFacts) -> Inference:
    """Return the function from sources and the beginnings of targets to log-probabilities of the next target tokens."""
    longest_source, longest_target = facts.max_source_length, facts.max_target_length
    inputs = {
        "source": Input("batch, source", random_tokens(facts.vocabulary, 2, longest_source)),
        "length": Input("batch", np.array([longest_source, 1], np.int32)),
        "target": Input("batch, target", random_tokens(facts.vocabulary, 2, longest_target)),
    }
    return Inference(
        lambda source, length, target: jax.nn.log_softmax(network(target, network.encode(source, length))),
        inputs,
        "log-probabilities of the next target token, float32 [batch, target, vocabulary]",
        (f"source <= {longest_source}", f"target <= {longest_target}"),
    )
