import itertools
import threading
import time

import jax
import numpy as np
import pytest
from jax.sharding import SingleDeviceSharding

from dlcli.engine.prefetch import prefetch
from dlcli.errors import DatasetError

HERE = SingleDeviceSharding(jax.devices("cpu")[0])


def numbered(stop=None):
    return ({"x": np.full([2], number)} for number in itertools.islice(itertools.count(), stop))


def reading():
    return [thread for thread in threading.enumerate() if thread.name == "prefetch"]


def test_all_batches_are_yielded_in_order():
    assert [int(batch["x"][0]) for batch in prefetch(numbered(20), HERE)] == list(range(20))
    assert not reading()


def test_batches_have_the_given_sharding():
    (batch,) = prefetch(numbered(1), HERE)
    assert batch["x"].sharding == HERE


def test_an_error_of_the_loader_is_raised_after_the_batches_before_it():
    def broken():
        yield from numbered(2)
        raise DatasetError("the third batch is not there")

    batches = prefetch(broken(), HERE)
    assert [int(next(batches)["x"][0]) for _ in range(2)] == [0, 1]
    with pytest.raises(DatasetError, match="third batch"):
        next(batches)
    assert not reading()


def test_closing_ends_the_thread_of_endless_batches():
    batches = prefetch(numbered(), HERE)
    next(batches)
    assert len(reading()) == 1
    batches.close()
    assert not reading()


def test_the_loader_reads_a_limited_number_of_batches_ahead():
    read = []

    def watched():
        for batch in numbered():
            read.append(batch)
            yield batch

    batches = prefetch(watched(), HERE)
    next(batches)
    end = time.monotonic() + 5
    while len(read) < 3 and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(0.2)
    assert 3 <= len(read) <= 5
    batches.close()


def test_stopping_does_not_wait_for_a_batch_that_is_not_ready():
    held = threading.Event()

    def stalled():
        yield from numbered(1)
        held.wait(60)

    batches = prefetch(stalled(), HERE, stopped=lambda: True)
    next(batches)
    assert next(batches, None) is None
    held.set()
