import shutil

import pytest

from dlcli import engine
from dlcli.checks import early_stopping
from dlcli.engine import training
from dlcli.runs.folder import RunFolder


@pytest.fixture(autouse=True)
def _prepared():
    from dlcli.engine import devices

    devices.prepare("auto")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Make a function like `engine.fit` that trains the run of the check once and copies it afterwards."""
    folder, train, events = tmp_path_factory.mktemp("runs") / "run", engine.fit, []

    def fit(learner, options):
        if not events:
            events.extend(train(learner, options.model_copy(update={"out": folder})))
        shutil.copytree(folder, options.out)
        return events

    return fit


def test_it_holds(monkeypatch, trained):
    monkeypatch.setattr(engine, "fit", trained)
    found = early_stopping.check()
    assert found.holds
    assert found.numbers["returned_loss"] < found.numbers["last_step_loss"]


def test_returning_the_last_parameters_fails(monkeypatch, trained):
    monkeypatch.setattr(engine, "fit", trained)
    restore = RunFolder.restore
    monkeypatch.setattr(RunFolder, "restore", lambda self, expected, use="last": restore(self, expected, "last"))
    assert not early_stopping.check().holds


def test_a_run_without_patience_fails(monkeypatch):
    monkeypatch.setattr(training, "patience", lambda validations: lambda progress: None)
    assert not early_stopping.check().holds
