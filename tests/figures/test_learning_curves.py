import json
import math
from pathlib import Path

import pytest

from dlcli import figures
from dlcli.errors import RunError, UsageError
from dlcli.figures.options.training import LearningCurves


def record(step, split, best=False, **metrics):
    return {"step": step, "split": split, "metrics": metrics, **({"best": True} if best else {})}


ONE = [
    record(10, "train", loss=2.0, accuracy=0.3, gradient_norm=1.0),
    record(10, "validation", best=True, loss=1.9, accuracy=0.35, calibration_error=0.1),
    record(20, "train", loss=1.0, accuracy=0.6, gradient_norm=0.5),
    record(20, "validation", best=True, loss=1.2, accuracy=0.5, calibration_error=0.2),
    record(30, "validation", loss=1.4, accuracy=0.45, calibration_error=0.3),
]


@pytest.fixture
def run(cnn_run, tmp_path):
    """Write a run folder with these metrics; return its path."""

    def write(name, records=ONE):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        for file in ("run.json", "options.json", "facts.json"):
            (folder / file).write_text((cnn_run / file).read_text())
        (folder / "metrics.jsonl").write_text("".join(json.dumps(each) + "\n" for each in records))
        return str(folder)

    return write


def curves(*runs, **options):
    return figures.draw("learning-curves", LearningCurves(run=runs, **options))


def test_metrics_of_both_splits_are_drawn_by_default(run):
    assert curves(run("a")).numbers["metrics"] == ["loss", "accuracy"]


def test_the_values_are_those_of_the_metrics_file(run):
    [numbers] = curves(run("a")).numbers["runs"]
    assert numbers["train"]["loss"] == {"steps": [10, 20], "values": [2.0, 1.0]}
    assert numbers["validation"]["accuracy"] == {"steps": [10, 20, 30], "values": [0.35, 0.5, 0.45]}


def test_the_last_best_validation_is_marked(run):
    drawn = curves(run("a"))
    assert drawn.numbers["runs"][0]["best_step"] == 20
    assert any("validation, best 1.2 at step 20" in line for line in drawn.sketch(80, False))


def test_metrics_are_named_with_hyphens_or_underscores(run):
    assert curves(run("a"), metric=("gradient-norm", "calibration_error")).numbers["metrics"] == [
        "gradient_norm",
        "calibration_error",
    ]


def test_the_error_for_an_unknown_metric_lists_the_metrics(run):
    with pytest.raises(UsageError, match=r"--metric must be one of loss, accuracy, .*did you mean 'accuracy'"):
        curves(run("a"), metric=("acuracy",))


def test_several_runs_are_labelled_by_name(run):
    sketch = "\n".join(curves(run("small"), run("large")).sketch(80, False))
    assert "small validation, best" in sketch
    assert "large validation, best" in sketch


def test_runs_of_the_same_name_are_labelled_by_path(run):
    sketch = "\n".join(curves(run("old/cnn"), run("new/cnn")).sketch(80, False))
    assert "old/cnn validation, best" in sketch
    assert "new/cnn validation, best" in sketch


def test_a_repeated_run_is_drawn_once(run):
    folder = run("a")
    assert len(curves(folder, folder).numbers["runs"]) == 1


def test_only_common_metrics_of_several_runs_are_drawn(run):
    other = [record(5, "train", loss=3.0), record(5, "validation", loss=3.0)]
    assert curves(run("a"), run("b", other)).numbers["metrics"] == ["loss"]


def test_runs_without_a_common_metric_are_rejected(run):
    with pytest.raises(RunError, match="common metric"):
        curves(run("a"), run("b", [record(5, "train", critic_loss=3.0)]))


def test_a_run_without_metrics_is_rejected(run):
    with pytest.raises(RunError, match="has no metrics"):
        curves(run("a", []))


def test_a_run_without_validation_is_drawn(run):
    assert curves(run("a", ONE[:1])).numbers["metrics"] == ["loss", "accuracy", "gradient_norm"]


def test_nan_is_null_in_json(run):
    records = [record(1, "train", loss=1.0), record(2, "train", loss=math.nan), record(3, "train", loss="<b>")]
    [numbers] = curves(run("a", records)).numbers["runs"]
    assert numbers["train"]["loss"] == {"steps": [1, 2], "values": [1.0, None]}


def test_log_makes_all_axes_logarithmic(run):
    assert {axes.get_yscale() for axes in curves(run("a"), log=True).drawing.axes} == {"log"}


def test_runs_that_differ_in_the_seed_alone_are_averaged(run):
    folders = [run(f"{name}{seed}", [record(10, "validation", loss=loss + seed), record(20, "validation", loss=1.0)])
               for name, loss in (("a", 2.0), ("b", 5.0)) for seed in (0, 1)]  # fmt: skip
    for folder, rate, seed in zip(folders, (0.1, 0.1, 0.2, 0.2), (0, 1, 0, 1), strict=True):
        path = Path(folder, "options.json")
        path.write_text(json.dumps({**json.loads(path.read_text()), "learning_rate": rate, "seed": seed}))
    drawn = curves(*folders, seeds=True)
    axes = drawn.drawing.axes[0]
    found = {line.get_label().replace("\n", " "): list(line.get_ydata()) for line in axes.lines}
    assert found == {
        "learning rate 0.1 validation (mean of 2)": [2.5, 1.0],
        "learning rate 0.2 validation (mean of 2)": [5.5, 1.0],
    }
    assert len(axes.collections) == 2  # a band each


def test_one_run_per_group_has_no_band(run):
    drawn = curves(run("a"), seeds=True)
    assert not drawn.drawing.axes[0].collections
