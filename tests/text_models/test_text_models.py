"""Sampling, scoring and prediction with a network whose answers are known."""

import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dlcli.artifacts import joined
from dlcli.data.text import tokenizers
from dlcli.data.text.tokenizers import END
from dlcli.notices import Notice
from dlcli.options.text import TextSampleOptions
from dlcli.text_models import prediction, sampling, scoring
from dlcli.text_models.trained import TrainedTextModel

LETTERS = tokenizers.train("characters", 9, ["abcde"])
FIRST = int(LETTERS.encode("a")[0])


class Alphabet(nnx.Module):
    """Predicts the letter after the one read, and END after the last; its cache counts the tokens read."""

    def __init__(self):
        self.scale = nnx.Param(jnp.array(9.0))

    def init_cache(self, batch):
        return jnp.zeros([batch], jnp.int32)

    def step(self, tokens, start, cache):
        following = jnp.where(tokens == END, FIRST, jnp.where(tokens == len(LETTERS) - 1, END, tokens + 1))
        return self.scale[...] * jax.nn.one_hot(following, len(LETTERS)), cache + tokens.shape[1]


class Uniform(Alphabet):
    """Predicts all letters with nearly the same probability, and END with a lower one."""

    def step(self, tokens, start, cache):
        logits, cache = super().step(tokens, start, cache)
        return (0.1 * logits).at[..., END].add(-2.0), cache


def model(context=None):
    return TrainedTextModel(types.SimpleNamespace(network=Alphabet()), LETTERS, context)


def texts(context=None, **options):
    pieces = list(sampling.sample(model(context), TextSampleOptions(temperature=0, **options)))
    count = pieces[-1].number + 1
    return ["".join(piece.text for piece in pieces if piece.number == number) for number in range(count)]


@pytest.mark.parametrize("context", [None, 6])
def test_greedy_sampling_continues_the_prompt_until_the_end_token(context):
    assert texts(context, prompt="ab") == ["abcde"]


@pytest.mark.parametrize("context", [None, 2])
def test_sampling_stops_at_the_length(context):
    assert texts(context, max_new_tokens=3, count=2) == ["abc", "abc"]


def test_sampling_continues_when_the_context_is_full():
    assert texts(context=2, max_new_tokens=9) == ["abcde"]


def test_a_prompt_longer_than_the_context_is_truncated_with_a_notice():
    with pytest.warns(Notice, match="has 3 tokens, of which the model reads the last 1"):
        assert texts(context=2, prompt="abc") == ["abcde"]


def drawn(network, context, count, **options):
    untrained = TrainedTextModel(types.SimpleNamespace(network=network), LETTERS, context)
    pieces = sampling.sample(untrained, TextSampleOptions(count=count, seed=3, **options))
    return [text["text"] for text in joined(pieces)]


@pytest.mark.parametrize("context", [None, 3, 7])
def test_texts_of_many_are_those_that_each_key_generates_alone(context):
    network = Uniform()
    many = drawn(network, context, 20, max_new_tokens=11, prompt="ab")
    assert len(many) == 20
    assert len(set(many)) > 10
    assert drawn(network, context, 3, max_new_tokens=11, prompt="ab") == many[:3]
    assert drawn(network, context, 1, max_new_tokens=11, prompt="ab") == many[:1]


def test_both_programs_give_each_token_its_log_probability():
    network = Alphabet()
    tokens = np.array([[END, FIRST, FIRST + 1, FIRST]])
    expected = jax.nn.log_softmax(network.step(jnp.asarray(tokens[:, :-1]), 0, network.init_cache(1))[0])
    expected = np.take_along_axis(np.asarray(expected), tokens[:, 1:, None], axis=-1)[..., 0]
    for program in scoring.programs(network, lambda network, inputs, cache: network.step(inputs, 0, cache)):
        found, cache = program(tokens[:, :-1], tokens[:, 1:], network.init_cache(1))
        np.testing.assert_allclose(found, expected, rtol=1e-6)
        assert int(cache[0]) == 3


def test_classes_are_ranked_by_probability():
    [answers] = prediction.rank_classes(np.log([[0.2, 0.5, 0.3]]), ("a", "b", "c"), top=2)
    assert [name for name, *_ in answers] == ["b", "c"]
    assert [probability for _, probability, _ in answers] == pytest.approx([0.5, 0.3])


def test_predictions_are_in_order_across_batches():
    def answer(rows, lengths):
        return [[(str(length), 1.0, 0.0)] for length in lengths]

    found = prediction.predict(model(), ["a", "ab", "", "abc"], answer, limit=3, batch_size=2)
    assert [each.answers[0][0] if each.answers else each.problem[:6] for each in found] == ["1", "2", "a text", "3"]
