"""Trained functions as ONNX, called by onnxruntime."""

import sys

import numpy as np
import pytest

import dlcli
from dlcli.errors import UsageError
from dlcli.export import requirements
from dlcli.export.comparison import validation_inputs


def test_a_missing_package_is_named_with_the_extra(cnn_run, tmp_path, dlcli, monkeypatch):
    monkeypatch.setitem(sys.modules, "jax2onnx", None)
    monkeypatch.setattr(requirements, "find_spec", lambda name: None)
    code, _, err = dlcli("export", cnn_run, "--format", "onnx", "--out", tmp_path / "cnn.onnx")
    assert (code, "dlcli[onnx]" in err) == (UsageError.exit_code, True)


def test_inputs_of_the_validation_batch_have_the_shape_of_the_example(cnn_run, transformer_run):
    run = dlcli.load(cnn_run)
    example = np.zeros([2, 8, 8, 1], np.uint8)
    images = validation_inputs(run, {"image": example})["image"]
    assert (images.shape[1:], images.dtype, len(images) > 2) == ((8, 8, 1), np.uint8, True)
    assert validation_inputs(run, {"noise": example}) is None


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["cnn_run", "rnn_run", "transformer_run", "gan_run", "diffusion_run", "mlp_run", "autoencoder_run"]
)
def test_onnxruntime_computes_what_the_run_computes(name, request, tmp_path):
    pytest.importorskip("jax2onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    run = dlcli.load(request.getfixturevalue(name))
    exported = run.export("onnx", tmp_path / "model.onnx")
    assert exported.details["largest_difference"] <= (1 if name in ("gan_run", "autoencoder_run") else 1e-5)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape[0] == "batch"
    if name == "cnn_run":
        assert "validation examples" in exported.details["compared_on"]
        images = np.random.default_rng(1).integers(256, size=[7, 8, 8, 1], dtype=np.uint8)
        (found,) = session.run(None, {"image": images})
        np.testing.assert_allclose(found, run.learner.log_probabilities(images), atol=1e-5)
