import shutil
from pathlib import Path

import numpy as np
import pytest

from dlcli.engine.loss_function import LossFunction
from dlcli.figures.options.training import Curvature
from dlcli.notices import Notice
from dlcli.optim.directions import flat
from dlcli.techniques.opening import open_run
from tests.reading import draw


@pytest.fixture(scope="module")
def hessian(mlp_run):
    """The Hessian of the loss of the last checkpoint, a column per product."""
    loss = LossFunction(open_run(mlp_run, use="last"), 8)
    size = len(flat(loss.weights))
    return np.stack([loss.hessian_product("train", loss.weights, each) for each in np.eye(size)])


def test_products_with_unit_vectors_are_a_symmetric_matrix(hessian):
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-4 * np.abs(hessian).max())


def test_the_eigenvalues_are_those_of_the_full_hessian(hessian, mlp_run):
    found = draw(Curvature(run=str(mlp_run), eigenvalues=2, iterations=40)).numbers
    expected = np.linalg.eigvalsh((hessian + hessian.T) / 2)
    assert found["steps"][-1] == 6
    assert found["largest"][-1] == pytest.approx(expected[::-1][:2], rel=1e-3)
    assert found["smallest"][-1] == pytest.approx(expected[0], rel=1e-2, abs=1e-4)


def test_products_of_single_batches_sum_to_that_of_all_batches(mlp_run, monkeypatch):
    loss = LossFunction(open_run(mlp_run, use="last"), 3)
    vector = np.random.default_rng(0).normal(size=len(flat(loss.weights)))
    found = loss.hessian_product("train", loss.weights, vector)
    monkeypatch.setattr(LossFunction, "_passes_state", True)
    np.testing.assert_allclose(found, loss.hessian_product("train", loss.weights, vector), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("technique", "passes"), [("mlp", False), ("rnn", True)])
def test_only_a_recurrent_network_passes_a_state_between_batches(technique, passes, request):
    assert LossFunction(open_run(request.getfixturevalue(f"{technique}_run")), 2)._passes_state is passes


@pytest.mark.parametrize("technique", ["cnn", "rnn"])
def test_layers_with_a_gradient_of_their_own_have_curvature(technique, request):
    run = request.getfixturevalue(f"{technique}_run")
    found = draw(Curvature(run=str(run), eigenvalues=1, iterations=2, batches=1)).numbers
    assert np.isfinite(found["largest"]).all()


def test_a_damaged_checkpoint_is_named_and_left_out(mlp_run, tmp_path):
    run = Path(shutil.copytree(mlp_run, tmp_path / "run"))
    whole = draw(Curvature(run=str(run), eigenvalues=1, iterations=2, batches=1)).numbers["steps"]
    (run / "checkpoints" / f"{whole[0]:08d}" / "manifest.json").write_text("")
    with pytest.warns(Notice, match=f"the checkpoint of step {whole[0]} is left out"):
        found = draw(Curvature(run=str(run), eigenvalues=1, iterations=2, batches=1)).numbers
    assert found["steps"] == whole[1:]
