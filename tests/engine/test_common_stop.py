"""Processes stop at the same point, whichever has a reason first, and however their threads interleave."""

import random
import threading
import time

import jax
import pytest

from dlcli.engine.common_stop import CommonStop


class Store:
    """The key-value store of the coordination service, within one process."""

    def __init__(self):
        self.values, self.lock = {}, threading.Lock()

    def key_value_set(self, key, value):
        with self.lock:
            if key in self.values:
                raise jax.errors.JaxRuntimeError("ALREADY_EXISTS")
            self.values[key] = value

    def under(self, folder):
        with self.lock:
            return {key.removeprefix(f"{folder}/"): value for key, value in self.values.items()}


class Worker:
    """A process with its main thread and the thread that reads the store."""

    def __init__(self, store, index, count, reasons, points, pace):
        self.store, self.stop = store, CommonStop(store, "control", "stop", index, count)
        self.reasons, self.points, self.pace = reasons, points, pace
        self.stopped, self.done = None, threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()
        self.main = threading.Thread(target=self._run, daemon=True)
        self.main.start()

    def _run(self):
        for point in range(1, self.points + 1):
            time.sleep(self.pace() / 1000)
            if reason := self.stop.at(self.reasons.get(point)):
                self.stopped = point, reason
                return

    def _listen(self):
        while not self.done.is_set():
            time.sleep(self.pace() / 1000)
            self.stop.take_part(self.store.under("control"))


def run(count, reasons, points=400, seed=0):
    """Run processes to their end, and return where and why each stopped; None for one that did not."""
    store, draw = Store(), random.Random(seed)
    workers = [
        Worker(store, index, count, reasons.get(index, {}), points, lambda: draw.random()) for index in range(count)
    ]
    for worker in workers:
        worker.main.join(20)
        assert not worker.main.is_alive()
    for worker in workers:
        worker.done.set()
    return [worker.stopped for worker in workers]


@pytest.mark.parametrize("seed", range(4))
def test_all_processes_stop_at_the_same_point_for_the_same_reason(seed):
    found = run(3, {1: {5: "SIGTERM"}, 2: {6: "time"}}, seed=seed)
    assert len(set(found)) == 1
    point, reason = found[0]
    assert point > 5
    assert reason in ("SIGTERM", "time")


def test_without_a_reason_nothing_stops():
    assert run(2, {}, points=30) == [None, None]


def test_a_reason_at_the_last_point_stops_nothing():
    assert run(2, {0: {30: "SIGINT"}}, points=30) == [None, None]


def test_a_process_that_is_alone_stops_at_once():
    assert CommonStop(None, "control", "stop", 0, 1).at("SIGINT") == "SIGINT"
