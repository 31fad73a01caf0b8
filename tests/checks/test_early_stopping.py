import pytest

from dlcli.checks import early_stopping
from dlcli.engine import training
from dlcli.runs.folder import RunFolder


@pytest.fixture(autouse=True)
def _prepared():
    from dlcli.engine import devices

    devices.prepare("auto")


def test_it_holds():
    found = early_stopping.check()
    assert found.holds
    assert found.numbers["returned_loss"] < found.numbers["last_step_loss"]


def test_returning_the_last_parameters_fails(monkeypatch):
    restore = RunFolder.restore
    monkeypatch.setattr(RunFolder, "restore", lambda self, expected, use="last": restore(self, expected, "last"))
    assert not early_stopping.check().holds


def test_a_run_without_patience_fails(monkeypatch):
    monkeypatch.setattr(training, "patience", lambda validations: lambda progress: None)
    assert not early_stopping.check().holds
