"""Weights that `dlcli export` wrote come back as a run."""

import json
import struct

import numpy as np
import pytest

from dlcli import api
from dlcli.errors import RunError
from dlcli.runs.folder import RunFolder

TINY = {"dataset": "iris", "hidden_sizes": "6", "norm": "batch", "steps": 3}


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    run = api.train("mlp", out=folder / "run", **TINY)
    run.export("safetensors", folder / "mlp.safetensors")
    return run, folder / "mlp.safetensors"


def test_an_imported_run_evaluates_as_the_exported_one(exported, tmp_path, dlcli):
    run, file = exported
    code, out, _ = dlcli("import", file, "--out", tmp_path / "run", "--json")
    described = json.loads(out)
    assert (code, described["technique"], described["new"]) == (0, "mlp", [])
    expected, found = run.evaluate(), api.load(tmp_path / "run").evaluate()
    assert found["loss"]["value"] == expected["loss"]["value"]
    assert found["confusion"] == expected["confusion"]


def test_an_imported_run_can_be_trained_further(exported, tmp_path, dlcli):
    assert dlcli("import", exported[1], "--out", tmp_path / "run")[0] == 0
    code, _, err = dlcli("resume", tmp_path / "run", "--steps", 2)
    assert (code, RunFolder(tmp_path / "run").info().ended.step) == (0, 2), err


def test_the_list_of_runs_names_an_imported_run(exported, tmp_path, dlcli, monkeypatch):
    monkeypatch.setenv("DLCLI_RUNS", str(tmp_path / "runs"))
    assert dlcli("import", exported[1], "--name", "mine")[0] == 0
    _, out, _ = dlcli("runs", "list", "--json")
    assert json.loads(out)["runs"][0]["state"] == "imported"


def damaged(file, change):
    content = bytearray(file.read_bytes())
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + content[8 + length :]


def _without_a_tensor(header):
    header.pop("output.kernel")


def _with_another_shape(header):
    header["output.kernel"]["shape"].reverse()


def _beyond_the_end(header):
    header["output.kernel"]["data_offsets"] = [10**9, 10**9 + 72]


def _of_another_technique(header):
    header["__metadata__"]["technique"] = "cnn"


def _without_metadata(header):
    header.pop("__metadata__")


@pytest.mark.parametrize(
    "change", [_without_a_tensor, _with_another_shape, _beyond_the_end, _of_another_technique, _without_metadata]
)
def test_a_damaged_file_is_refused_with_one_line(exported, tmp_path, dlcli, change):
    file = tmp_path / "damaged.safetensors"
    file.write_bytes(damaged(exported[1], change))
    code, _, err = dlcli("import", file, "--out", tmp_path / "run")
    assert (code, not (tmp_path / "run").exists()) == (RunError.exit_code, True), err
    assert "error: " in err


@pytest.mark.parametrize("content", [b"", b"\x00" * 7, b"\xff" * 64, struct.pack("<Q", 10**12), b"hello\n"])
def test_a_file_of_no_format_is_refused(tmp_path, dlcli, content):
    file = tmp_path / "model.safetensors"
    file.write_bytes(content)
    assert dlcli("import", file, "--out", tmp_path / "run")[0] == RunError.exit_code


@pytest.mark.parametrize("start", [b"PK\x03\x04", b"\x80\x02}q\x00."])
def test_a_pickle_is_refused_with_a_hint(tmp_path, dlcli, start):
    file = tmp_path / "model.bin"
    file.write_bytes(start + b"\x00" * 100)
    code, _, err = dlcli("import", file, "--out", tmp_path / "run")
    assert code == RunError.exit_code
    assert "pickle" in err
    assert "safe_serialization=True" in err


def test_weights_in_half_precision_are_read(tmp_path):
    import ml_dtypes
    from safetensors.numpy import save

    from dlcli.importing import tensors

    values = np.array([[1.5, -2.0], [0.25, 3.0]], np.float32)
    kinds = {"f32": np.float32, "f16": np.float16, "bf16": ml_dtypes.bfloat16}
    (tmp_path / "a.safetensors").write_bytes(save({name: values.astype(kind) for name, kind in kinds.items()}))
    found = tensors.read(tmp_path / "a.safetensors")
    assert {str(array.dtype) for array in found.values()} == {"float32"}
    assert all((array == values).all() for array in found.values())
