"""Every command on runs whose paths have special characters of shells, patterns, markup or URLs."""

import json
import os
import shlex
import shutil
from pathlib import Path

import pytest

NAMES = ['-lr[0.001] * ?{a} ~$H^_$ 100% #1 it\'s "x": Ü [b]', "-x\na\udcffb"]  # printable, and not
TINY = ["--steps", "2", "--channels", "2", "--batch-size", "90", "--validate-every", "1", "--stages", "1"]


@pytest.fixture(params=NAMES, ids=ascii)
def place(request, tmp_path, monkeypatch):
    """A folder with an unusual name, the working directory of the command."""
    (tmp_path / request.param).mkdir()
    monkeypatch.chdir(tmp_path / request.param)
    monkeypatch.delenv("DLCLI_RUNS", raising=False)
    return request.param


def test_a_network_trained_under_any_path_is_resumed_measured_and_listed(place, dlcli):
    out = ["--out", f"./{place}"]
    assert dlcli("train", "cnn", *TINY, *out)[0] == 0
    code, printed, _ = dlcli("resume", f"./{place}", "--steps", "3", "--json")
    assert (code, json.loads(printed)["step"]) == (0, 3)
    code, printed, _ = dlcli("eval", f"./{place}", "--json", "--use", "last")
    assert (code, json.loads(printed)["accuracy"]["n"]) == (0, 359)
    assert sorted(path.name for path in Path(place, "checkpoints").iterdir())[-1] == "00000003"
    assert dlcli("runs", "show", f"./{place}")[0] == 0
    assert dlcli("viz", "learning-curves", "--run", f"./{place}", "--out", "a.png", "--json")[0] == 0
    shutil.copytree(place, Path("runs", place))
    code, printed, _ = dlcli("runs", "list", "--json")
    assert [run["step"] for run in json.loads(printed)["runs"]] == [3]
    assert dlcli("runs", "remove", "--yes", f"runs/{place}")[0] == 0
    assert not os.listdir("runs")


def test_the_commands_that_are_offered_next_can_be_pasted(place, dlcli):
    questions = Path(__file__).parents[1] / "questions.tsv"
    code, _, err = dlcli("train", "tokenizer", "--dataset", questions, "--vocab-size", "300", "--out", f"./{place}")
    assert code == 0
    offered = err[err.index("next:") :]
    line = offered[offered.index("  dlcli eval ") + 2 :].partition("\n  dlcli ")[0]
    if place.isprintable():
        assert shlex.split(line)[:2] == ["dlcli", "eval"]
        assert dlcli(*shlex.split(line)[1:])[0] == 0
    assert dlcli("predict", "tokenizer", "--run", f"./{place}", "hello", "--json")[0] == 0


def test_a_run_copied_into_a_folder_with_brackets_is_sampled(dlcli, rnn_run, tmp_path):
    copy = Path(shutil.copytree(rnn_run, tmp_path / "New folder [1]" / "run"))
    assert dlcli("sample", "rnn", "--run", copy, "--max-new-tokens", "5")[0] == 0
