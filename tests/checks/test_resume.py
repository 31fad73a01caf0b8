import shutil

import numpy as np
import pytest

from dlcli import engine
from dlcli.checks import resume
from dlcli.data.images import loader
from dlcli.engine import devices
from dlcli.engine.program import Program


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The run of the check that is not interrupted, and the one that is, before it is resumed."""
    devices.prepare("auto")
    folder = tmp_path_factory.mktemp("runs")
    list(engine.fit(resume.Learner, resume._options(folder / "uninterrupted")))
    events = engine.fit(resume.Learner, resume._options(folder / "resumed"))
    next(event for event in events if event == engine.Saved(resume._INTERRUPTED))
    events.close()
    return folder


@pytest.fixture
def _trained_once(trained, monkeypatch):
    """Let the check copy the trained runs; only resuming differs between the tests that use this."""

    def fit(learner, options):
        shutil.copytree(trained / options.out.name, options.out)
        yield engine.Saved(resume._INTERRUPTED)

    monkeypatch.setattr(engine, "fit", fit)


@pytest.mark.usefixtures("_trained_once")
def test_it_holds():
    found = resume.check()
    assert found.holds
    assert found.numbers["numbers"] > 1000


@pytest.mark.usefixtures("_trained_once")
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


@pytest.mark.usefixtures("_trained_once")
def test_restarted_batches_fail(monkeypatch):
    right = loader.train_from
    monkeypatch.setattr(loader, "train_from", lambda split, batch_size, seed, step: right(split, batch_size, seed, 0))
    assert not resume.check().holds
