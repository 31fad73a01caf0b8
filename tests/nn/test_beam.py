import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dlcli.engine import devices
from dlcli.nn import beam
from dlcli.nn.beam import Special

PADDING, START, END, A, B = range(5)
SPECIAL = Special(START, END, PADDING)
TIME = 3


@pytest.fixture(scope="module", autouse=True)
def _cached_compilations():
    devices.prepare("auto")


def table(seed):
    """Logits of the next token by the sum of all before it, modulo 5: [5, token]."""
    return 2 * jax.random.normal(jax.random.key(seed), [5, 5])


def search(logits, beams):
    def step(last, place, total):
        total = total + last
        return logits[total % 5], total

    total = jnp.zeros([beams, 1], jnp.int32)
    found = beam.search(step, total, batch=1, beams=beams, time=TIME, special=SPECIAL)
    rows = [tuple(int(token) for token in row if token != PADDING) for row in found.tokens[0]]
    return rows, np.asarray(found.scores[0])


def everything(logits):
    """Every sequence up to its end, or of `TIME` tokens, with its log-probability."""
    nats = np.asarray(jax.nn.log_softmax(logits))
    for length in range(1, TIME + 1):
        for row in itertools.product([START, END, A, B], repeat=length):
            if END not in row[:-1] and (row[-1] == END or length == TIME):
                totals = np.cumsum([START, *row]) % 5
                yield row, sum(nats[total, token] for total, token in zip(totals, row, strict=False))


def penalized(row, nats):
    return nats / ((5 + len(row)) / 6) ** beam.ALPHA


@pytest.mark.parametrize("seed", range(3))
def test_as_many_beams_as_sequences_find_what_the_slow_obvious_search_finds(seed):
    logits = table(seed)
    slow = dict(everything(logits))
    rows, scores = search(logits, beams=64)
    assert rows[0] == max(slow, key=lambda row: penalized(row, slow[row]))
    assert scores[0] == pytest.approx(slow[rows[0]], rel=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_one_beam_takes_the_likeliest_token_each_time(seed):
    allowed = np.array(table(seed).at[:, PADDING].set(-jnp.inf))
    expected = []
    while len(expected) < TIME and END not in expected:
        expected.append(int(allowed[(START + sum(expected)) % 5].argmax()))
    assert search(table(seed), beams=1)[0] == [tuple(expected)]


def test_the_scores_of_all_beams_are_the_log_probabilities_of_different_sequences():
    slow = dict(everything(table(0)))
    rows, scores = search(table(0), beams=4)
    np.testing.assert_allclose(scores, [slow[row] for row in rows], rtol=1e-5)
    assert len(set(rows)) == 4


def test_the_beams_come_in_the_order_of_their_penalized_scores():
    rows, scores = search(table(1), beams=4)
    ranked = [penalized(*pair) for pair in zip(rows, scores, strict=True)]
    assert ranked == sorted(ranked, reverse=True)


def test_what_is_never_chosen_keeps_its_share_of_the_probability():
    logits = jnp.zeros([1, 5]).at[0, A].set(9.0)

    def step(last, place, memory):
        return jnp.broadcast_to(logits, (1, 1, 5)), memory

    special = Special(START, END, PADDING, never=(A, START))
    found = beam.search(step, jnp.zeros([1]), batch=1, beams=1, time=1, special=special)
    assert int(found.tokens[0, 0, 0]) in (END, B)
    assert float(found.scores[0, 0]) == pytest.approx(float(jax.nn.log_softmax(logits)[0, B]))
