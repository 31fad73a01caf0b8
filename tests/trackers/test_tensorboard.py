"""TensorBoard's own reader finds what the tracker wrote."""

import json

import pytest

import dlcli

loader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
pytestmark = pytest.mark.slow


def accumulated(folder):
    found = loader.EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0, "tensors": 0})
    found.Reload()
    return found


def expected(run, metric, split):
    return [(each["step"], each["metrics"][metric]) for each in run.history if each["split"] == split]


def scalars(folder, tag):
    return [(each.step, each.value) for each in accumulated(folder).Scalars(tag)]


SMALL = {"batch_size": 90, "channels": 4, "hidden": 8, "report_every": 2, "validate_every": 3, "save_every": 3}


def test_a_run_is_logged_while_it_trains(tmp_path):
    run = dlcli.train("cnn", **SMALL, steps=6, out=tmp_path / "run", track="tensorboard")
    found = accumulated(run.path / "tensorboard")
    for split in ("train", "validation"):
        wanted = expected(run, "loss", split)
        read = [(each.step, each.value) for each in found.Scalars(f"loss/{split}")]
        assert [step for step, _ in read] == [step for step, _ in wanted]
        assert [value for _, value in read] == pytest.approx([value for _, value in wanted], rel=1e-6)
    assert found.Tags()["images"] == ["confusion"]
    [options] = found.Tensors("options")
    assert b"| channels | 4 |" in options.tensor_proto.string_val[0]


def test_a_resumed_run_has_each_step_once(tmp_path):
    run = dlcli.train("cnn", **SMALL, steps=6, out=tmp_path / "run", track="tensorboard")
    run.resume(steps=10)
    assert [step for step, _ in scalars(run.path / "tensorboard", "loss/train")] == [2, 4, 6, 8, 10]


def test_an_exported_run_has_its_metrics_and_pictures(dlcli, cnn_run, tmp_path):
    code, out, _ = dlcli("runs", "export", cnn_run, "--to", "tensorboard", "--out", tmp_path / "logs")
    folder = tmp_path / "logs" / cnn_run.name
    assert (code, out) == (0, f"{folder}\n")
    log = [json.loads(line) for line in (cnn_run / "metrics.jsonl").read_text().splitlines()]
    wanted = [(each["step"], each["metrics"]["loss"]) for each in log if each["split"] == "validation"]
    for found, expected in zip(scalars(folder, "loss/validation"), wanted, strict=True):
        assert found == pytest.approx(expected, rel=1e-6)
    assert accumulated(folder).Tags()["images"]
