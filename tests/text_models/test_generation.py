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
SETTINGS = Settings(0.8, 0.9)
PROMPT = [LETTERS.special.first, *LETTERS.encode("ab").tolist()]


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
def test_each_text_has_the_tokens_that_a_model_without_a_cache_generates(make, context):
    network, keys = make(), jax.random.split(jax.random.key(5), 3)
    generator = Generator(TrainedTextModel(types.SimpleNamespace(network=network), LETTERS, context), False, 5, True)
    found = np.concatenate(list(generator.blocks(PROMPT, SETTINGS, keys, LENGTH)), axis=1)
    assert found.shape == (3, LENGTH)
    assert len({tuple(text) for text in found}) == 3
    for text, key in zip(found, keys, strict=True):
        assert text.tolist() == slowly(network, context, key)


def slowly(network, context, key):
    """Return the tokens of a text, without a cache and one at a time."""
    tokens, drawn, width = list(PROMPT), [], context or len(PROMPT) + LENGTH
    read = nnx.jit(lambda network, row: network.step(row, 0, network.init_cache(1))[0][0])
    for position in range(LENGTH):
        if context and len(tokens) > context:
            tokens = tokens[-(context // 2) :]
        padded = np.array([tokens + [0] * (width - len(tokens))])  # what follows a token does not change its logits
        logits = read(network, padded)[len(tokens) - 1].at[np.array(LETTERS.special.never_generated)].set(-jnp.inf)
        random = jax.random.fold_in(key, position)
        token = int(sample_tokens(random, logits, temperature=SETTINGS.temperature, top_k=5, top_p=SETTINGS.top_p))
        tokens.append(token)
        drawn.append(token)
    return drawn
