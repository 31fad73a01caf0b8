import numpy as np

from dlcli.data.held_out import HeldOut, in_order


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
    assert list(HeldOut.whole(lambda: [batch], 2)) == [batch]


def test_no_examples_give_no_batches():
    assert in_order(0, 3) == []
