"""The command `export`: its options, its destination and its messages."""

import json

import pytest
from safetensors.numpy import load_file

import dlcli as package
from dlcli import api
from dlcli.errors import UsageError
from dlcli.export import destination, requirements
from dlcli.export.options import format_names


def test_the_help_names_every_format(dlcli):
    code, out, _ = dlcli("export", "--help")
    assert code == 0
    assert all(name in out for name in format_names())


def test_the_paths_of_the_files_are_on_standard_output(dlcli, cnn_run, tmp_path):
    code, out, err = dlcli("export", cnn_run, "--format", "safetensors", "--out", tmp_path / "new" / "cnn.safetensors")
    assert code == 0
    assert out == f"{tmp_path}/new/cnn.safetensors\n"
    assert "parameters: " in err


def test_the_inputs_of_a_function_are_described_in_words(dlcli, mlp_run, tmp_path):
    code, _, err = dlcli("export", mlp_run, "--format", "jax", "--out", tmp_path / "mlp.jax")
    assert code == 0
    assert "inputs: features float32 [batch, 2]\n" in err


def test_json_describes_the_files(dlcli, cnn_run):
    _, out, _ = dlcli("export", cnn_run, "-f", "safetensors", "-o", "cnn.safetensors", "--json")
    found = json.loads(out)
    assert (found["run"], found["format"]) == (str(cnn_run), "safetensors")
    assert found["files"][0]["bytes"] > 1_000


def test_an_unknown_format_is_refused_with_the_known_ones(dlcli, cnn_run):
    code, _, err = dlcli("export", cnn_run, "--format", "pickle", "--out", "x")
    assert code == 2
    assert "safetensors" in err


def test_an_existing_file_is_refused(dlcli, cnn_run, tmp_path):
    (tmp_path / "x").write_text("precious")
    code, _, err = dlcli("export", cnn_run, "--format", "safetensors", "--out", "x")
    assert code == 2
    assert "--out x already exists" in err
    assert (tmp_path / "x").read_text() == "precious"


def test_a_folder_that_is_not_writable_is_refused_before_any_work(dlcli, cnn_run, tmp_path, monkeypatch):
    monkeypatch.setattr(destination.os, "access", lambda *_, **__: False)
    monkeypatch.setattr(api, "export_run", None)  # it is not called
    code, _, err = dlcli("export", cnn_run, "--format", "safetensors", "--out", tmp_path / "new" / "cnn.safetensors")
    assert code == 7
    assert f"{tmp_path} is not writable" in err


def test_overwrite_replaces_an_existing_file(dlcli, cnn_run, tmp_path):
    (tmp_path / "x").write_text("old")
    code, *_ = dlcli("export", cnn_run, "--format", "safetensors", "--out", "x", "--overwrite")
    assert code == 0
    assert load_file(tmp_path / "x")


def test_a_folder_is_not_replaced_by_a_file(dlcli, cnn_run, tmp_path):
    (tmp_path / "x").mkdir()
    code, _, err = dlcli("export", cnn_run, "--format", "safetensors", "--out", "x", "--overwrite")
    assert code == 2
    assert "must be a file, found a folder" in err


def test_a_run_exports_itself_from_python(cnn_run, tmp_path):
    run = package.load(cnn_run, use="last")
    exported = run.export("safetensors", tmp_path / "cnn.safetensors")
    assert exported.files == (tmp_path / "cnn.safetensors",)


def test_a_missing_package_names_the_extra():
    with pytest.raises(UsageError, match="needs the package no_such_package") as caught:
        requirements.package("no_such_package")
    assert caught.value.hint == "pip install 'dlcli[export]'"


def test_a_folder_that_cannot_be_completed_is_absent(tmp_path):
    with pytest.raises(OSError, match="too long"):
        destination.write_folder(tmp_path / "model", {"a": b"1", "b" * 300: b"2"})
    assert list(tmp_path.iterdir()) == []


def test_files_of_other_names_stay_in_an_existing_folder(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "notes").write_text("mine")
    destination.write_folder(tmp_path / "model", {"config.json": b"{}"})
    assert {each.name for each in (tmp_path / "model").iterdir()} == {"notes", "config.json"}
