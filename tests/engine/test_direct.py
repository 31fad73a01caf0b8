"""Runs without gradient steps, of a trainer that counts."""

import json
import os
from types import SimpleNamespace

import pytest

from dlcli.engine import direct
from dlcli.engine.direct import Result
from dlcli.errors import DiskError, UsageError
from dlcli.interface import Facts
from dlcli.options.common import DirectOptions
from dlcli.paths import runs_folder
from dlcli.runs.folder import technique_of
from dlcli.runs.writer import RunWriter


def trainer(train=None):
    learnt = Result(Facts(), {"counts.json": "[1, 2]"}, parameters=2, validation={"loss": 0.5})
    data = SimpleNamespace(sizes={"train": 3, "validation": 1}, digest="abc", example="one")
    return SimpleNamespace(read=lambda options: data, train=train or (lambda options, data: learnt))


def finished(folder, **changes):
    counting = trainer(**changes)
    return direct.train(counting, direct.prepare("counting", counting, DirectOptions(dataset="x", out=folder)))


def test_the_folder_of_a_direct_run_has_its_files(tmp_path):
    done = finished(tmp_path / "run")
    run = RunWriter(done.folder)
    assert json.loads((done.folder / "counts.json").read_text()) == [1, 2]
    assert run.raw("run.json")["data"] == {"dataset": "x", "digest": "abc", "sizes": {"train": 3, "validation": 1}}
    assert run.raw("run.json")["ended"] == direct.summary(done)
    assert run.read("options.json", DirectOptions).out == done.folder
    assert technique_of(done.folder) == "counting"


def test_a_direct_run_that_fails_leaves_no_run(tmp_path):
    def train(options, data):
        assert options.out.is_dir()
        assert not any(options.out.iterdir())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        finished(tmp_path / "run", train=train)
    assert finished(tmp_path / "run").folder == tmp_path / "run"


def test_the_default_folder_is_under_runs(tmp_path):
    assert finished(None).folder.parent == runs_folder()


def test_an_invalid_folder_is_refused_before_training(tmp_path):
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(UsageError, match="--out"):
            finished(out, train=lambda options, data: pytest.fail("trained"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_created_is_a_disk_error_before_training(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(DiskError):
        finished(tmp_path / "run", train=lambda options, data: pytest.fail("trained"))
