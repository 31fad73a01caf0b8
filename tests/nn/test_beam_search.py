import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dlcli.engine import devices
from dlcli.nn import beam_search
from dlcli.nn.beam_search import SpecialTokens

PADDING, START, END, A, B = range(5)
SPECIAL = SpecialTokens(START, END, PADDING)
TIME = 3


@pytest.fixture(scope="module", autouse=True)
def _cached_compilations():
    devices.prepare("auto")


def table(seed):
    """Return logits of the next token for each sum of the earlier ones modulo 5, [5, token]."""
    return 2 * jax.random.normal(jax.random.key(seed), [5, 5])


def search(logits, beams, penalty=0.6):
    def step(last, position, total):
        total = total + last
        return logits[total % 5], total

    total = jnp.zeros([beams, 1], jnp.int32)
    found = beam_search.beam_search(
        step, total, batch=1, beams=beams, length_penalty=penalty, time=TIME, special=SPECIAL
    )
    rows = [tuple(int(token) for token in row if token != PADDING) for row in found.tokens[0]]
    return rows, np.asarray(found.log_probabilities[0])


def all_sequences(logits):
    """Yield every sequence that ends, or has `TIME` tokens, with its log-probability."""
    log_probability = np.asarray(jax.nn.log_softmax(logits))
    for length in range(1, TIME + 1):
        for row in itertools.product([START, END, A, B], repeat=length):
            if END not in row[:-1] and (row[-1] == END or length == TIME):
                totals = np.cumsum([START, *row]) % 5
                yield row, sum(log_probability[total, token] for total, token in zip(totals, row, strict=False))


def penalized(row, log_probability, penalty=0.6):
    return log_probability / ((5 + len(row)) / 6) ** penalty


@pytest.mark.parametrize("penalty", [0.0, 0.6, 3.0])
@pytest.mark.parametrize("seed", range(3))
def test_as_many_beams_as_sequences_equal_an_exhaustive_search(seed, penalty):
    logits = table(seed)
    exhaustive = dict(all_sequences(logits))
    rows, log_probabilities = search(logits, 64, penalty)
    assert rows[0] == max(exhaustive, key=lambda row: penalized(row, exhaustive[row], penalty))
    assert log_probabilities[0] == pytest.approx(exhaustive[rows[0]], rel=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_one_beam_is_greedy_decoding(seed):
    allowed = np.array(table(seed).at[:, PADDING].set(-jnp.inf))
    expected = []
    while len(expected) < TIME and END not in expected:
        expected.append(int(allowed[(START + sum(expected)) % 5].argmax()))
    assert search(table(seed), beams=1)[0] == [tuple(expected)]


def test_beams_are_distinct_sequences_with_their_log_probabilities():
    exhaustive = dict(all_sequences(table(0)))
    rows, log_probabilities = search(table(0), beams=4)
    np.testing.assert_allclose(log_probabilities, [exhaustive[row] for row in rows], rtol=1e-5)
    assert len(set(rows)) == 4


def test_beams_are_sorted_by_score():
    rows, log_probabilities = search(table(1), beams=4)
    ranked = [penalized(*pair) for pair in zip(rows, log_probabilities, strict=True)]
    assert ranked == sorted(ranked, reverse=True)


def test_a_larger_length_penalty_never_prefers_a_shorter_sequence():
    lengths = [[len(search(table(seed), 64, penalty)[0][0]) for penalty in (0.0, 1.0, 4.0)] for seed in range(4)]
    assert all(found == sorted(found) for found in lengths)
    assert any(found[0] < found[-1] for found in lengths)


def test_the_search_ends_when_all_sequences_have():
    positions = []

    def step(last, position, cache):
        jax.debug.callback(lambda each: positions.append(int(each)), position)
        # The end token is the most probable one from the second position on.
        return jnp.zeros([2, 1, 5]).at[:, :, END].set(jnp.where(position == 0, -9.0, 9.0)), cache

    found = beam_search.beam_search(
        step, jnp.zeros([2]), batch=2, beams=1, length_penalty=0.6, time=50, special=SPECIAL
    )
    jax.effects_barrier()
    assert sorted(positions) == [0, 1]
    assert found.tokens.shape == (2, 1, 50)
    assert found.tokens[:, 0, 1].tolist() == [END, END]


def test_suppressing_a_token_does_not_renormalize_the_others():
    logits = jnp.zeros([1, 5]).at[0, A].set(9.0)

    def step(last, position, cache):
        return jnp.broadcast_to(logits, (1, 1, 5)), cache

    special = SpecialTokens(START, END, PADDING, suppressed=(A, START))
    found = beam_search.beam_search(step, jnp.zeros([1]), batch=1, beams=1, length_penalty=0.6, time=1, special=special)
    assert int(found.tokens[0, 0, 0]) in (END, B)
    assert float(found.log_probabilities[0, 0]) == pytest.approx(float(jax.nn.log_softmax(logits)[0, B]))
