"""Shell completion."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from dlcli.cli.completion import candidates

ROOT = Path(__file__).parents[2]


def on(*words: str, **params: str) -> SimpleNamespace:
    """The context of a command line."""
    *before, last = words
    parent = SimpleNamespace(info_name=before[-1], parent=None) if before else None
    return SimpleNamespace(info_name=last, parent=parent, params=params)


@pytest.fixture
def runs(cnn_run, rnn_run, tmp_path):
    for name, run in (("images", cnn_run), ("verses", rnn_run)):
        shutil.copytree(run, tmp_path / "runs" / name)
    (tmp_path / "runs" / "bad").mkdir()
    (tmp_path / "runs" / "bad" / "options.json").touch()
    (tmp_path / "runs" / "gone").symlink_to("nowhere")


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (("predict", "cnn"), ["cnn", "images"]),
        (("score", "rnn"), ["rnn", "verses"]),
        (("viz", "saliency"), ["cnn", "images"]),
        (("viz", "token-probabilities"), ["rnn", "transformer", "verses"]),
        (("sample", "gan"), ["gan"]),
    ],
)
def test_only_runs_that_the_command_can_read_are_candidates(runs, command, expected):
    assert sorted(candidates("runs", on(*command), "")) == expected


def test_resume_completes_only_runs_with_steps(runs):
    assert {"images", "verses", "tokenizer"} <= set(candidates("runs", on("dlcli", "eval"), ""))
    assert "tokenizer" not in candidates("runs", on("dlcli", "resume"), "")


def test_the_layers_of_the_run_are_candidates(runs):
    assert candidates("layers", on("viz", "filters", run="images"), "con") == ["conv1", "conv2"]
    assert candidates("layers", on("viz", "filters", run="nowhere"), "") == []


def test_data_sets_fit_the_technique(tmp_path):
    for name in ("a.npz", "b.txt", "c.md"):
        (tmp_path / name).touch()
    (tmp_path / "pictures").mkdir()
    assert {"digits", "a.npz", "pictures/"} <= set(candidates("images", on("train", "cnn"), ""))
    assert {"b.txt", "c.md", "ring", "pydocs"}.isdisjoint(candidates("images", on("train", "cnn"), ""))
    assert "ring" in candidates("images", on("train", "gan"), "r")
    assert {"pydocs", "b.txt"} <= set(candidates("texts", on("train", "rnn"), ""))
    assert {"dates", "digits", "a.npz"}.isdisjoint(candidates("texts", on("train", "rnn"), ""))
    assert candidates("texts", on("train", "transformer"), "da") == ["dates"]
    assert candidates("images", on("train", "cnn"), "folder:pic") == ["folder:pictures/"]


def test_augmentations_go_on_after_a_comma():
    assert candidates("augmentations", on("train", "cnn"), "rotate:15,f") == ["rotate:15,flip"]
    assert "rotate,rotate" not in candidates("augmentations", on("train", "cnn"), "rotate,")


def test_export_formats_are_candidates():
    assert candidates("formats", on("dlcli", "export"), "safe") == ["safetensors"]


def test_checks_are_candidates():
    assert candidates("checks", on("dlcli", "check"), "adam") == ["adam-bias"]


def test_tokenizers_are_names_or_files(tmp_path):
    (tmp_path / "mine.json").touch()
    assert candidates("tokenizers", on("train", "rnn"), "m") == ["mine.json"]
    assert candidates("tokenizers", on("train", "rnn"), "b") == ["bpe"]


def test_the_shell_is_answered_without_jax(tmp_path):
    code = "import sys; from dlcli.cli.completion import candidates; from types import SimpleNamespace as S;"
    code += "c = S(info_name='cnn', parent=S(info_name='train', parent=None), params={});"
    code += "[candidates(w, c, '') for w in ('runs', 'images', 'texts', 'layers', 'datasets')];"
    code += "print('jax' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout == "False\n"


def test_a_shell_completes_a_value(tmp_path):
    words = {"COMP_WORDS": "dlcli train cnn --optimizer ada", "COMP_CWORD": "4", "_DLCLI_COMPLETE": "complete_bash"}
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **words}
    code = "import sys; sys.argv = ['dlcli']; from dlcli.cli.app import main; main()"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout.split() == ["adagrad", "adam", "adamw"]
    environment["COMP_WORDS"] = "dlcli train cnn --dataset dig"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout.split() == ["digits"]
