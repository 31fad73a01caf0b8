import csv
import json
import shutil

import pytest

import dlcli
from dlcli.notices import Notice
from dlcli.trackers import service, tracking

SMALL = {"batch_size": 90, "channels": 4, "hidden": 8, "steps": 4, "report_every": 2, "validate_every": 2}


class Recorder:
    """A tracker that collects what it gets."""

    calls = ()

    def __init__(self, run):
        type(self).calls = [("open", run.folder.name, run.step)]

    def metrics(self, step, split, values, at):
        self.calls.append(("metrics", step, split, dict(values)))

    def picture(self, name, step, png, at):
        self.calls.append(("picture", name, png[:4]))

    def text(self, name, step, text, at):
        self.calls.append(("text", name, text))

    def close(self):
        self.calls.append(("close",))
        return "here"


class Failing(Recorder):
    def metrics(self, step, split, values, at):
        raise ConnectionError("the server is\nnot reachable")


def test_a_tracker_gets_what_the_log_of_the_run_has(monkeypatch, tmp_path):
    monkeypatch.setattr(tracking, "load", lambda name: Recorder)
    monkeypatch.setattr(tracking, "log_results", lambda log, folder, step: log.text("results", step, "", 0.0))
    run = dlcli.train("cnn", **SMALL, out=tmp_path / "run", track="tensorboard")
    opened, *metrics, results, closed = Recorder.calls
    assert opened == ("open", "run", 0)
    assert [each[1:3] for each in metrics] == [(each["step"], each["split"]) for each in run.history]
    assert [each[3] for each in metrics] == [pytest.approx(each["metrics"], rel=1e-5) for each in run.history]
    assert results == ("text", "results", "")
    assert closed == ("close",)


def test_a_tracker_that_fails_does_not_stop_the_run(monkeypatch, tmp_path):
    monkeypatch.setattr(tracking, "load", lambda name: Failing)
    message = "tracker tensorboard failed and logs no more: the server is not reachable"
    with pytest.warns(Notice, match=message) as notes:
        run = dlcli.train("cnn", **SMALL, out=tmp_path / "run", track="tensorboard")
    assert len([each for each in notes if issubclass(each.category, Notice)]) == 1
    assert run.history[-1]["step"] == 4


def test_a_missing_package_is_a_usage_error_before_jax_loads(dlcli, monkeypatch):
    monkeypatch.setattr(service, "find_spec", lambda name: None)
    code, _, err = dlcli("train", "cnn", "--track", "tensorboard,wandb")
    assert code == 2
    assert "tracker wandb needs the package wandb" in err
    assert "pip install 'dlcli[track]'" in err


def test_an_unknown_tracker_is_a_usage_error(dlcli):
    code, _, err = dlcli("train", "cnn", "--track", "comet")
    assert code == 2
    assert "tensorboard, mlflow, wandb" in err


def test_the_table_of_runs_has_a_row_per_report(dlcli, cnn_run, mlp_run):
    code, out, _ = dlcli("runs", "export", cnn_run, mlp_run, "--to", "csv")
    rows = list(csv.DictReader(out.splitlines()))
    logs = [json.loads(line) for run in (cnn_run, mlp_run) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert code == 0
    assert [(int(row["step"]), row["split"]) for row in rows] == [(each["step"], each["split"]) for each in logs]
    assert [float(row["loss"]) for row in rows] == [each["metrics"]["loss"] for each in logs]
    assert {row["run"] for row in rows} == {str(cnn_run), str(mlp_run)}


def test_out_of_a_tracker_without_files_is_a_usage_error(dlcli, cnn_run):
    assert dlcli("runs", "export", cnn_run, "--to", "wandb", "--out", "x")[0] == 2


def test_out_of_a_tracker_that_writes_a_folder_cannot_be_a_file(dlcli, cnn_run, tmp_path):
    (tmp_path / "taken").write_text("")
    code, _, err = dlcli("runs", "export", cnn_run, "--to", "tensorboard", "--out", tmp_path / "taken")
    assert (code, "must be a folder, found a file" in err) == (2, True)


def test_a_missing_tracker_is_a_usage_error_with_the_known_ones(dlcli, cnn_run):
    code, _, err = dlcli("runs", "export", cnn_run)
    assert code == 2
    assert "--to is required: csv, mlflow, tensorboard or wandb" in err


def test_a_run_without_metrics_cannot_be_exported(dlcli, cnn_run, tmp_path):
    run = shutil.copytree(cnn_run, tmp_path / "run")
    (run / "metrics.jsonl").write_text("")
    assert dlcli("runs", "export", run, "--to", "tensorboard")[0] == 4
