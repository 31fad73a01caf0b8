import numpy as np
import pytest

from dlcli.data.held_out import HeldOut, in_order, spread


class Numbers:
    def __len__(self):
        return 7

    def at(self, indices):
        return {"number": indices.astype(np.int32)}


def test_batches_follow_the_order_of_the_split():
    numbers = np.concatenate([batch["number"] for batch in HeldOut.of(Numbers, 3)])
    assert numbers[:7].tolist() == list(range(7))


def test_the_last_batch_is_filled_with_copies_that_the_mask_leaves_out():
    *_, last = HeldOut.of(Numbers, 3)
    assert last["number"].tolist() == [6, 6, 6]
    assert last["mask"].tolist() == [1, 0, 0]


def test_each_iteration_yields_the_same_batches():
    held_out = HeldOut.of(Numbers, 3)
    for one, other in zip(held_out, held_out, strict=True):
        np.testing.assert_equal(one, other)


def test_a_split_stays_closed_until_its_batches_are_iterated():
    opened = []
    held_out = HeldOut.of(lambda: opened.append(1) or Numbers(), 3)
    assert not opened
    next(iter(held_out))
    assert opened


def test_batches_with_a_mask_of_their_own_stay_as_they_are():
    batch = {"tokens": np.zeros([2, 4]), "mask": np.ones([2, 4])}
    assert list(HeldOut.whole(lambda examples: [batch], 2)) == [batch]


def test_no_examples_give_no_batches():
    assert in_order(0, 3) == []


def test_a_part_is_spread_evenly_over_the_split():
    (batch,) = HeldOut.of(Numbers, 3).part(3)
    assert batch["number"].tolist() == [0, 2, 4]


@pytest.mark.parametrize("examples", [0, 7, 100])
def test_a_part_of_all_examples_is_the_split(examples):
    whole = HeldOut.of(Numbers, 3)
    for one, other in zip(whole, whole.part(examples), strict=True):
        np.testing.assert_equal(one, other)


@pytest.mark.parametrize("count", [2, 3, 10, 97])
def test_the_gaps_between_chosen_examples_differ_by_at_most_one(count):
    chosen = spread(100, count)
    assert len(chosen) == count
    assert len(set(np.diff(chosen).tolist())) <= 2
