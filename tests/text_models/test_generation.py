"""Generation of several texts at a time, compared with a slow version without a cache."""

import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dlcli.data.text import tokenizers
from dlcli.nn.token_sampling import sample_tokens
from dlcli.nn.transformer_config import TransformerConfig
from dlcli.techniques.rnn.model import Network, RNNConfig
from dlcli.techniques.transformer.model import Decoder
from dlcli.text_models.generation import Generator, Settings
from dlcli.text_models.trained import TrainedTextModel

LETTERS = tokenizers.train("characters", 9, ["abcde"])
CONTEXT, LENGTH = 7, 16
PROMPTS = [[LETTERS.special.first, *LETTERS.encode(text).tolist()] for text in ("ab", "", "cdeab")]


def decoder():
    config = TransformerConfig(
        d_model=8, heads=2, layers=2, d_ff=16, context=CONTEXT, positions="learned", norm="rms", pre_norm=True,
        activation="gelu", bias=False, qk_norm=False, initializer="normal",
    )  # fmt: skip
    return Decoder(config, len(LETTERS), rngs=nnx.Rngs(0))


def lstm():
    network = Network(RNNConfig("lstm", 2, 6, 5, len(LETTERS), tie_embeddings=False), len(LETTERS), rngs=nnx.Rngs(0))
    network.output_kernel.set_value(jax.random.normal(jax.random.key(1), network.output_kernel.shape))
    return network


@pytest.mark.parametrize(("make", "context"), [(decoder, CONTEXT), (lstm, None)])
@pytest.mark.parametrize("prompts", [PROMPTS, PROMPTS[:1] * 3], ids=["different prompts", "one prompt"])
def test_each_text_has_the_tokens_that_a_model_without_a_cache_generates(make, context, prompts):
    network, keys = make(), jax.random.split(jax.random.key(5), 3)
    settings = Settings(np.array([0.8, 0.5, 1.5], np.float32), np.array([0.9, 0.99, 0.8], np.float32))
    generator = Generator(TrainedTextModel(types.SimpleNamespace(network=network), LETTERS, context), False, 5, True)
    found = np.concatenate(list(generator.blocks(prompts, settings, keys, LENGTH)), axis=1)
    assert found.shape == (3, LENGTH)
    assert len({tuple(text) for text in found}) == 3
    for text, *one in zip(found, prompts, *settings, keys, strict=True):
        assert text.tolist() == slowly(network, context, *one)


def slowly(network, context, prompt, temperature, top_p, key):
    """Return the tokens of a text, without a cache and one at a time."""
    tokens, drawn, width = list(prompt), [], context or len(prompt) + LENGTH
    read = nnx.jit(lambda network, row: network.step(row, 0, network.init_cache(1))[0][0])
    for position in range(LENGTH):
        if context and len(tokens) > context:
            tokens = tokens[-(context // 2) :]
        padded = np.array([tokens + [0] * (width - len(tokens))])  # what follows a token does not change its logits
        logits = read(network, padded)[len(tokens) - 1].at[np.array(LETTERS.special.never_generated)].set(-jnp.inf)
        random = jax.random.fold_in(key, position)
        token = int(sample_tokens(random, logits, temperature=temperature, top_k=5, top_p=float(top_p)))
        tokens.append(token)
        drawn.append(token)
    return drawn
