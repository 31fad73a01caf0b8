"""Trained functions as StableHLO, called by jax without dlcli."""

import subprocess
import sys

import numpy as np
import pytest

import dlcli
from dlcli.errors import UsageError

pytest.importorskip("flatbuffers")

LOADER = """
import sys
from pathlib import Path
import jax, numpy as np

model = jax.export.deserialize(bytearray(Path(sys.argv[1]).read_bytes()))
inputs = np.load(sys.argv[2])
np.save(sys.argv[3], model.call(*(inputs[name] for name in inputs.files)))
assert "dlcli" not in sys.modules
"""


def call(path, folder, **inputs):
    """Call an exported function in another process that does not import dlcli."""
    np.savez(folder / "inputs.npz", **inputs)
    command = [sys.executable, "-c", LOADER, path, folder / "inputs.npz", folder / "output.npy"]
    subprocess.run(command, check=True, cwd=folder)
    return np.load(folder / "output.npy")


def test_a_classifier_is_called_without_dlcli(cnn_run, tmp_path):
    run = dlcli.load(cnn_run)
    exported = run.export("jax", tmp_path / "cnn.jax")
    images = np.random.default_rng(1).integers(256, size=[5, 8, 8, 1], dtype=np.uint8)
    np.testing.assert_allclose(
        call(tmp_path / "cnn.jax", tmp_path, image=images), run.learner.log_probabilities(images), atol=1e-5
    )
    assert exported.details["inputs"] == {"image": "uint8 [batch, 8, 8, 1]"}


@pytest.mark.parametrize("name", ["rnn_run", "transformer_run", "gan_run", "diffusion_run", "autoencoder_run"])
def test_the_exported_function_agrees_with_the_run(name, request, tmp_path):
    exported = dlcli.load(request.getfixturevalue(name)).export("jax", tmp_path / "model.jax")
    assert exported.details["largest_difference"] <= (1 if name in ("gan_run", "autoencoder_run") else 1e-5)


def test_sequences_of_any_length_are_processed(rnn_run, tmp_path):
    import jax

    run = dlcli.load(rnn_run)
    run.export("jax", tmp_path / "rnn.jax")
    model = jax.export.deserialize(bytearray((tmp_path / "rnn.jax").read_bytes()))
    for shape in ([1, 3], [4, 11]):
        tokens = np.random.default_rng(0).integers(run.facts.vocabulary, size=shape, dtype=np.int32)
        np.testing.assert_allclose(model.call(tokens), run.learner.next_log_probabilities(tokens), atol=1e-5)


def test_rows_of_a_table_are_standardized_by_the_function(tmp_path):
    import jax

    run = dlcli.train("mlp", dataset="iris", hidden_sizes="4", steps=4, schedule="constant", out=tmp_path / "run")
    run.export("jax", tmp_path / "mlp.jax")
    model = jax.export.deserialize(bytearray((tmp_path / "mlp.jax").read_bytes()))
    rows = np.array([[5.1, 3.5, 1.4, 0.2], [6.2, 2.8, 4.8, 1.8], [7.0, 3.2, 4.7, 1.4]], np.float32)
    expected = run.learner.predict(run.facts.standardize(rows))
    np.testing.assert_allclose(model.call(rows), expected, atol=1e-5)


def test_word_vectors_are_no_function(word2vec_run, tmp_path):
    with pytest.raises(UsageError, match="no function that maps inputs to outputs"):
        dlcli.load(word2vec_run).export("jax", tmp_path / "model.jax")
    assert not (tmp_path / "model.jax").exists()
