import numpy as np
import pytest

from dlcli.data.order import Order


@pytest.mark.parametrize("size", [3, 8, 25])
def test_every_epoch_contains_each_example_once(size):
    order = Order(10, size, seed=4)
    row = np.concatenate([order.at(step) for step in range(20)])
    for epoch in row[: len(row) // 10 * 10].reshape(-1, 10):
        np.testing.assert_array_equal(np.sort(epoch), np.arange(10))


def test_epochs_have_different_orders():
    order = Order(50, 50, seed=0)
    assert (order.at(0) != order.at(1)).any()


def test_the_examples_of_a_step_do_not_depend_on_earlier_calls():
    asked, fresh = Order(10, 4, seed=0), Order(10, 4, seed=0)
    for step in range(30):
        asked.at(step)
    np.testing.assert_array_equal(asked.at(31), fresh.at(31))


def test_the_parity_of_an_example_changes_with_each_epoch():
    order = Order(10, 4, seed=0)
    found = np.zeros([2, 10], int)
    for step in range(5):
        epochs = np.arange(4 * step, 4 * step + 4) // 10
        found[epochs, order.at(step)] = order.parity(step)
    np.testing.assert_array_equal(found[1], 1 - found[0])
    assert 0 < found[0].sum() < 10
