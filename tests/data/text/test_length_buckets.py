import itertools

import numpy as np
import pytest

from dlcli.data.text.length_buckets import LengthOrder, choose_widths


def random_lengths(count, sides, seed=0):
    return np.random.default_rng(seed).geometric(0.1, (count, sides))


def tokens(lengths, widths):
    """Return the tokens of all texts if each has the smallest width that it fits into."""
    return sum(min(sum(width) for width in widths if (length <= width).all()) for length in lengths)


def test_two_buckets_have_the_fewest_tokens_of_all_widths():
    lengths = random_lengths(20, 2)
    largest = lengths.max(axis=0)
    candidates = itertools.product(*(np.unique(side).tolist() for side in lengths.T))
    best = min(tokens(lengths, [np.array(each), largest]) for each in candidates)
    assert tokens(lengths, choose_widths(lengths, 2)) == best


@pytest.mark.parametrize("sides", [1, 2])
def test_more_buckets_never_have_more_tokens(sides):
    lengths = random_lengths(200, sides)
    found = [tokens(lengths, choose_widths(lengths, most)) for most in range(1, 9)]
    assert found == sorted(found, reverse=True)


def test_each_text_fits_into_the_width_of_its_batch():
    lengths = random_lengths(100, 2)
    order = LengthOrder(lengths, 8, 0, 4)
    for step in range(30):
        indices, width = order.at(step)
        assert (lengths[indices] <= width).all()


def test_a_width_is_one_of_the_buckets():
    order = LengthOrder(random_lengths(100, 2), 8, 0, 4)
    found = {tuple(order.at(step)[1]) for step in range(50)}
    assert found <= set(map(tuple, order.widths.tolist()))
    assert 1 < len(found) <= 4


def test_an_epoch_has_no_text_twice():
    order = LengthOrder(random_lengths(101, 1), 10, 0, 4)
    for epoch in range(3):
        seen = np.concatenate([order.at(10 * epoch + step)[0] for step in range(10)])
        assert len(set(seen.tolist())) == 100


def test_epochs_leave_out_different_texts():
    order = LengthOrder(random_lengths(19, 1), 10, 0, 4)
    assert len({frozenset(order.at(step)[0].tolist()) for step in range(5)}) == 5 or len(order.widths) == 1


def test_a_step_does_not_depend_on_earlier_steps():
    lengths = random_lengths(100, 2)
    whole = [LengthOrder(lengths, 8, 3, 4).at(step)[0].tolist() for step in range(40)]
    assert [LengthOrder(lengths, 8, 3, 4).at(step)[0].tolist() for step in (7, 39)] == [whole[7], whole[39]]


def test_the_padding_is_the_share_of_tokens_beyond_the_lengths():
    lengths = random_lengths(64, 1)
    order = LengthOrder(lengths, 1, 0, 3)
    read = [order.at(step) for step in range(64)]
    padded = sum(int(width[0]) * len(indices) for indices, width in read)
    assert order.padding == pytest.approx(1 - lengths.sum() / padded)


def test_four_buckets_leave_less_padding_than_one():
    lengths = random_lengths(5_000, 2)
    one, four = (LengthOrder(lengths, 32, 0, count).padding for count in (1, 4))
    assert four < one - 0.2


@pytest.mark.parametrize(("lengths", "batch_size"), [(np.full((50, 2), 7), 4), (random_lengths(9, 1), 6)])
def test_equal_lengths_or_a_single_batch_need_one_bucket(lengths, batch_size):
    order = LengthOrder(lengths, batch_size, 0, 4)
    assert order.widths.tolist() == [lengths.max(axis=0).tolist()]


def test_a_set_smaller_than_a_batch_is_repeated():
    indices, _ = LengthOrder(random_lengths(3, 1), 8, 0, 4).at(0)
    assert len(indices) == 8
