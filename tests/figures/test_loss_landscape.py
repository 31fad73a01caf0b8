from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

import dlcli
from dlcli.engine.loss_function import LossFunction
from dlcli.errors import RunError
from dlcli.figures import loss_landscape
from dlcli.figures.options.training import LossLandscape
from dlcli.techniques.opening import open_run
from tests.reading import draw

FEW = {"points": 3, "batches": 4}


@pytest.fixture(scope="module")
def drawn(mlp_run):
    return draw(LossLandscape(run=str(mlp_run), radius=0.5, **FEW))


def validation_loss(run, use="best"):
    loss = LossFunction(open_run(run, use=use), 1_000)
    return loss.losses("validation", [{name: 0 * each for name, each in loss.weights.items()}], np.zeros([1, 1]))[0]


def test_the_loss_at_the_weights_is_that_of_the_best_validation(mlp_run):
    records = [each for each in dlcli.load(mlp_run).history if each["split"] == "validation"]
    assert validation_loss(mlp_run) == pytest.approx(min(each["metrics"]["loss"] for each in records), rel=1e-5)


@pytest.mark.parametrize("technique", ["cnn", "rnn", "diffusion", "transformer"])
def test_the_loss_of_each_technique_is_that_of_its_validation(technique, request):
    folder = request.getfixturevalue(f"{technique}_run")
    records = [each["metrics"] for each in dlcli.load(folder).history if each["split"] == "validation"]
    assert any(validation_loss(folder) == pytest.approx(each["loss"], rel=1e-4) for each in records)


def test_the_training_loss_of_a_decoder_is_that_of_its_windows(tmp_path):
    text = str(Path(__file__).parents[1] / "texts" / "jabberwocky.txt")
    sizes = {"batch_size": 4, "context": 8, "layers": 1, "heads": 2, "d_model": 16}
    folder = dlcli.train("transformer", dataset=text, steps=2, out=tmp_path / "run", **sizes).folder
    run = open_run(folder)
    loss = LossFunction(run, 2)
    nothing = [{name: 0 * each for name, each in loss.weights.items()}]
    windows = np.concatenate([batch["tokens"] for batch, _ in zip(loss.data.train_from(0), range(2), strict=False)])
    log_probabilities = np.asarray(run.learner.next_log_probabilities(windows[:, :-1]))
    slow = -np.take_along_axis(log_probabilities, windows[:, 1:, None], axis=-1).mean()
    assert loss.losses("train", nothing, np.zeros([1, 1]))[0] == pytest.approx(slow, rel=1e-5)


def test_a_plane_has_a_row_per_coordinate_and_the_weights_in_its_middle(drawn):
    losses = np.array(drawn.numbers["losses"]["validation"])
    assert losses.shape == (3, 3)
    assert len(np.unique(losses)) > 1


def test_finished_rows_are_not_measured_again(mlp_run, monkeypatch):
    options = LossLandscape(run=str(mlp_run), radius=0.25, **FEW)
    measured = []
    right = LossFunction.losses

    def counted(self, *arguments):
        if len(measured) == 4:  # two rows of both splits
            raise KeyboardInterrupt
        measured.append(1)
        return right(self, *arguments)

    monkeypatch.setattr(LossFunction, "losses", counted)
    with pytest.raises(KeyboardInterrupt):
        draw(options)
    monkeypatch.setattr(LossFunction, "losses", right)
    again = []
    monkeypatch.setattr(LossFunction, "losses", lambda self, *rest: again.append(1) or right(self, *rest))
    draw(options)
    assert len(again) == 2


def test_a_line_to_another_run_has_the_losses_of_both_at_its_ends(mlp_run, tmp_path):
    small = {"batch_size": 16, "points": 60, "hidden_sizes": "6,4", "steps": 6}
    other = dlcli.train("mlp", **small, seed=5, out=tmp_path / "other")
    found = draw(LossLandscape(run=str(mlp_run), to=str(other.folder), points=7, batches=1_000)).numbers
    losses = np.interp([0, 1], found["coordinates"][0], found["losses"]["validation"])
    assert losses == pytest.approx([validation_loss(mlp_run), validation_loss(other.folder)], rel=1e-4)


def test_a_run_of_another_network_is_refused(mlp_run, tmp_path):
    other = dlcli.train("mlp", points=60, steps=1, hidden_sizes="3", out=tmp_path / "other")
    with pytest.raises(RunError, match="must have the network of"):
        draw(LossLandscape(run=str(mlp_run), to=str(other.folder)))


def test_principal_components_need_several_checkpoints(mlp_run):
    with pytest.raises(RunError, match="needs at least 3 checkpoints"):
        draw(LossLandscape(run=str(mlp_run), directions="pca", **FEW))


def test_the_path_of_training_starts_at_step_0_and_is_in_the_plane(tmp_path):
    run = dlcli.train("mlp", points=60, steps=8, save_every=2, keep=9, hidden_sizes="4", out=tmp_path / "run")
    found = draw(LossLandscape(run=str(run.folder), directions="pca", use="last", **FEW)).numbers
    assert [each["step"] for each in found["path"]] == [0, 2, 4, 6, 8]
    assert found["path"][-1]["coordinates"] == pytest.approx([0, 0], abs=1e-5)
    x, y = found["coordinates"]
    assert all(x[0] <= a <= x[-1] and y[0] <= b <= y[-1] for a, b in (each["coordinates"] for each in found["path"]))


def test_the_barrier_is_the_height_above_the_straight_line():
    grid = np.linspace(-0.5, 1.5, 9)
    assert loss_landscape._barrier(grid, 2 * grid + 1) == pytest.approx(0)
    assert loss_landscape._barrier(grid, 2 * grid + grid * (1 - grid)) == pytest.approx(0.25)


@pytest.mark.parametrize(
    "options",
    [{"to": "a", "directions": "pca"}, {"directions": "pca", "radius": 2.0}, {"directions": "pca", "seed": 1}],
)
def test_options_without_effect_are_refused(options):
    with pytest.raises(ValidationError, match="has no effect"):
        LossLandscape(**options)
