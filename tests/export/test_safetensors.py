"""Weights in safetensors files, read back by the library of Hugging Face."""

import json

import ml_dtypes
import numpy as np
import pytest
from flax import nnx
from safetensors import safe_open
from safetensors.numpy import load_file

import dlcli
from dlcli.errors import UsageError
from dlcli.export import weights

RUNS = ("cnn_run", "rnn_run", "transformer_run", "word2vec_run", "gan_run", "diffusion_run")


@pytest.mark.parametrize("name", RUNS)
def test_the_file_holds_all_parameters_exactly(name, request, tmp_path):
    run = dlcli.load(request.getfixturevalue(name))
    run.export("safetensors", tmp_path / "weights")
    found = load_file(tmp_path / "weights")
    state = nnx.state(run.model, nnx.Any(nnx.Param, nnx.BatchStat))
    model = {".".join(map(str, path)): np.asarray(leaf[...]) for path, leaf in nnx.to_flat_state(state)}
    assert found.keys() == model.keys()
    for path, array in model.items():
        np.testing.assert_array_equal(found[path], array)


def test_paths_are_those_of_the_module(transformer_run, tmp_path):
    run = dlcli.load(transformer_run)
    run.export("safetensors", tmp_path / "weights")
    found = load_file(tmp_path / "weights")["encoder.blocks.0.self_attention.query.kernel"]
    np.testing.assert_array_equal(found, run.model.encoder.blocks[0].self_attention.query.kernel[...])


def test_the_metadata_rebuilds_the_model(cnn_run, tmp_path):
    run = dlcli.load(cnn_run)
    run.export("safetensors", tmp_path / "weights")
    with safe_open(tmp_path / "weights", "numpy") as file:
        found = file.metadata()
    assert found["technique"] == "cnn"
    assert found["dlcli_version"] == dlcli.__version__
    assert found["format_version"] == "1"
    assert json.loads(found["options"])["channels"] == 4
    assert json.loads(found["facts"])["classes"] == list(run.facts.classes)


def test_the_last_weights_can_be_exported(cnn_run, tmp_path):
    dlcli.load(cnn_run).export("safetensors", tmp_path / "weights", use="last")
    with safe_open(tmp_path / "weights", "numpy") as file:
        assert file.metadata()["use"] == "last"


@pytest.mark.parametrize(("dtype", "kind"), [("bfloat16", ml_dtypes.bfloat16), ("float16", np.float16)])
def test_weights_are_rounded_to_the_type(dtype, kind, cnn_run, tmp_path):
    run = dlcli.load(cnn_run)
    run.export("safetensors", tmp_path / "weights", dtype=dtype)
    found = load_file(tmp_path / "weights")
    for name, array in weights.parameters(run).items():
        np.testing.assert_array_equal(found[name], array.astype(kind))


def test_a_weight_beyond_the_range_of_the_type_is_refused():
    with pytest.raises(UsageError, match="too large for --dtype float16"):
        weights.cast({"kernel": np.float32([1e6])}, "float16")


def test_a_tokenizer_has_no_weights(tokenizer_run, tmp_path):
    with pytest.raises(UsageError, match="a run of tokenizer has no weights"):
        dlcli.load(tokenizer_run).export("safetensors", tmp_path / "weights")
