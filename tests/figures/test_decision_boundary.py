import numpy as np
import pytest

import dlcli
from dlcli import figures
from dlcli.errors import RunError, UsageError
from dlcli.figures.options.training import DecisionBoundary
from dlcli.plot.charts.decision_boundary import DecisionBoundaryChart, Points, class_color
from tests.reading import draw


@pytest.fixture(scope="module")
def drawn(mlp_run):
    return draw(DecisionBoundary(run=str(mlp_run), units=3))


def test_the_probabilities_of_each_point_sum_to_one(drawn):
    found = np.array(drawn.numbers["probabilities"])
    assert found.shape == (121, 121, 2)
    assert found.sum(axis=-1) == pytest.approx(np.ones((121, 121)), abs=1e-4)


def test_the_probabilities_are_those_of_predict(drawn, mlp_run):
    x, y = drawn.numbers["x"][17], drawn.numbers["y"][90]
    answers = dict(dlcli.load(mlp_run).predict(f"{x},{y}")[0].answers)
    assert drawn.numbers["probabilities"][90][17] == pytest.approx([answers["0"], answers["1"]], abs=1e-4)


def test_the_accuracy_is_that_of_the_best_validation(drawn, mlp_run):
    scored = [each for each in dlcli.load(mlp_run).history if each["split"] == "validation"]
    best = min(scored, key=lambda each: each["loss"] if "loss" in each else each["metrics"]["loss"])
    assert drawn.numbers["accuracy"]["value"] == pytest.approx(best.get("metrics", best)["accuracy"])


def test_each_layer_has_its_units_with_the_largest_variance(drawn):
    assert [each["layer"] for each in drawn.numbers["units"]] == [1] * 3 + [2] * 3


def test_no_units_are_drawn_on_request(mlp_run):
    found = draw(DecisionBoundary(run=str(mlp_run), units=0))
    assert found.numbers["units"] == []
    assert len(found.drawing.axes) == 1


def test_a_run_of_more_features_is_refused(tmp_path):
    run = dlcli.train("mlp", dataset="iris", out=tmp_path / "iris", steps=1, hidden_sizes="none")
    with pytest.raises(UsageError, match=r"must be a classifier of 2 features, .* is a classifier of 4"):
        dlcli.draw("decision-boundary", run=run)
    assert figures.main_figure("mlp", run.files.raw("options.json")) == "learning-curves"


def test_a_run_of_other_data_is_refused(tmp_path):
    rows = [f"{n},{n % 5},{'ab'[n % 2]}" for n in range(40)]
    (tmp_path / "set.csv").write_text("\n".join(["u,v,label", *rows]))
    run = dlcli.train("mlp", dataset=str(tmp_path / "set.csv"), out=tmp_path / "run", steps=1, hidden_sizes="none")
    (tmp_path / "set.csv").write_text("\n".join(["u,w,label", *rows]))
    with pytest.raises(RunError, match="must have the columns and classes"):
        dlcli.draw("decision-boundary", run=run)


@pytest.fixture
def chart():
    probabilities = np.array([[[0.5, 0.3, 0.2], [0.0, 1.0, 0.0], [1 / 3, 1 / 3, 1 / 3]]])
    points = [Points("train", np.zeros([3, 2]), np.arange(3))]
    axes = np.arange(3.0), np.arange(1.0)
    return DecisionBoundaryChart("title", ("x", "y"), *axes, probabilities, ("a", "b", "c"), points, [])


def test_the_background_is_white_where_all_classes_are_equally_likely(chart):
    assert chart.colors()[0, 2] == pytest.approx(np.ones(3))


def test_the_background_has_the_hue_of_the_predicted_class(chart):
    darkened = 1 - chart.colors()[0, 1]
    hue = 1 - class_color(1)
    assert darkened / darkened.max() == pytest.approx(hue / hue.max())


def test_the_margin_is_positive_where_a_class_is_predicted(chart):
    assert chart.margin(0)[0] == pytest.approx([0.2, -1.0, 0.0])


def test_the_animation_has_a_frame_per_checkpoint_and_ends_with_the_last(tmp_path):
    small = {"points": 60, "hidden_sizes": "4", "steps": 8, "save_every": 2, "keep": 9}
    run = dlcli.train("mlp", out=tmp_path / "run", **small)
    drawn = draw(DecisionBoundary(run=str(run.folder), use="last"))
    animation = drawn.animation()
    assert animation.frames == 5
    (axes,) = animation.drawing.axes
    animation.show(4)
    assert axes.texts[-1].get_text() == "step 8"
    last = np.asarray(axes.images[0].get_array())
    still = np.asarray(drawn.drawing.subfigs[0].axes[0].images[0].get_array())
    inside = ~(last == 0).all(axis=-1)
    np.testing.assert_allclose(last[inside], still[inside], atol=1e-6)


def test_an_animation_needs_several_checkpoints(mlp_run):
    with pytest.raises(RunError, match="needs at least 3 checkpoints"):
        draw(DecisionBoundary(run=str(mlp_run))).animation()


def test_runs_beside_each_other_are_named_by_the_options_that_differ(mlp_run, trained_once):
    small = {"batch_size": 16, "points": 60, "hidden_sizes": "6,4", "steps": 6, "report_every": 2, "validate_every": 3}
    other = trained_once("mlp", "plane-l2", **small, l2=0.1)
    drawn = figures.draw("decision-boundary", DecisionBoundary(run=str(mlp_run), compare=(str(other),)))
    [name] = drawn.numbers["compared"]
    assert name == f"{other.name} (l2 0.1)"
    alone = figures.draw("decision-boundary", DecisionBoundary(run=str(other))).numbers
    assert drawn.numbers["compared"][name]["probabilities"] == alone["probabilities"]
