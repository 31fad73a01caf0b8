import numpy as np
import pytest

from dlcli.checks import resume
from dlcli.data.images import loader
from dlcli.engine import devices
from dlcli.engine.program import Program


@pytest.fixture(autouse=True)
def _prepared():
    devices.prepare("auto")


def test_it_holds():
    found = resume.check()
    assert found.holds
    assert found.numbers["numbers"] > 1000


@pytest.mark.parametrize("part", ["optimizer", "rngs", "network"])
def test_a_state_that_is_not_restored_whole_fails(part, monkeypatch):
    right, calls = Program.from_host, []

    def partly(self, arrays):
        calls.append(part)
        if len(calls) > 1:  # the first is the resuming itself, the others read the two runs
            return right(self, arrays)
        changed = [name for name in arrays if name.startswith(part) and arrays[name].size]
        assert changed
        return right(self, {**arrays, **{name: np.zeros_like(arrays[name]) for name in changed}})

    monkeypatch.setattr(Program, "from_host", partly)
    assert not resume.check().holds


def test_restarted_batches_fail(monkeypatch):
    right = loader.train_from
    monkeypatch.setattr(loader, "train_from", lambda split, batch_size, seed, step: right(split, batch_size, seed, 0))
    assert not resume.check().holds
