"""`dlcli train` of techniques without gradient steps."""

import io
import json
import sys
from pathlib import Path

import pytest

from dlcli.cli.app import main

QUESTIONS = str(Path(__file__).parents[1] / "questions.tsv")
TRAIN = ("train", "tokenizer", "--dataset", QUESTIONS, "--vocab-size", "300")


@pytest.fixture
def dlcli(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["dlcli", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        if ended.value.code == 1:
            pytest.fail(f"a bug in dlcli: {captured.err}")
        return ended.value.code, captured.out, captured.err

    return run


def test_direct_training_prints_one_json_object(dlcli):
    code, out, err = dlcli(*TRAIN, "--json")
    found = json.loads(out)
    assert (code, found["reason"], found["parameters"]) == (0, "trained", 300)
    assert found["best"]["unknown_rate"] == 0
    folder = Path(found["run"])
    assert {path.name for path in folder.iterdir()} == {"options.json", "facts.json", "run.json", "tokenizer.json"}
    assert "dlcli viz subwords --text" in err
    assert "dlcli predict tokenizer" in err
    assert "resume" not in err


def test_a_plan_trains_nothing(dlcli, tmp_path):
    code, out, _ = dlcli(*TRAIN, "--plan", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["options"]["vocab_size"] == 300
    assert (found["origins"]["vocab_size"], found["origins"]["kind"], found["origins"]["out"]) == (
        "flag", "default", "chosen now"
    )  # fmt: skip
    assert found["sizes"] == {"train": 75, "validation": 11, "test": 22}
    assert not (tmp_path / "runs").exists()


def test_a_folder_in_use_is_refused(dlcli, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    code, out, err = dlcli(*TRAIN, "--out", "mine")
    assert (code, out) == (2, "")
    assert "must be a new or empty folder" in err
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_every_verb_reads_the_latest_run_of_a_technique(dlcli):
    dlcli(*TRAIN)
    assert json.loads(dlcli("eval", "tokenizer", "--json")[1])["split"] == "test"
    assert "characters per token" in dlcli("eval", "tokenizer")[1]
    listed = dlcli("runs", "list")[1]
    assert "tokenizer" in listed
    assert Path(QUESTIONS).name in listed
    assert str(Path(QUESTIONS).parent) not in listed
    assert "--kind" in dlcli("runs", "show", "tokenizer")[1]
    code, out, _ = dlcli("viz", "subwords", "--text", "harbour", "--json")
    assert (code, json.loads(out)["texts"][0]["text"]) == (0, "harbour")


def test_predictions_are_one_json_object_per_input(dlcli, monkeypatch):
    dlcli(*TRAIN)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"first line\n\nsecond\n")))
    code, out, _ = dlcli("predict", "tokenizer", "Where?", "-", "--json")
    found = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [each["input"] for each in found] == ["Where?", "first line", "", "second"]
    assert "".join(piece["piece"] for piece in found[1]["tokens"]) == "first␣line"


def test_an_invalid_text_is_an_error_after_the_others(dlcli):
    dlcli(*TRAIN)
    code, out, err = dlcli("predict", "tokenizer", "\udce9", "fine", "--json")
    assert code == 3
    assert ["error" in json.loads(line) for line in out.splitlines()] == [True, False]
    assert "could not be read" in err


def test_predictions_keep_to_the_width_of_the_terminal(dlcli, monkeypatch):
    dlcli(*TRAIN)
    monkeypatch.setattr("dlcli.cli.console._PIPE_WIDTH", 40)
    _, out, _ = dlcli("predict", "tokenizer", "Where is the harbour of the old library of Lima?" * 3)
    assert max(map(len, out.splitlines())) <= 40


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("train", "tokenizer", "--kind", "bpee"), 2, "did you mean 'bpe'"),
        (("train", "tokenizer", "--vocab-size", "100"), 2, "--kind bpe needs --vocab-size 260 or more, got 100"),
        (("train", "tokenizer", "--dataset", "pydoc"), 2, "did you mean pydocs?"),
        (("train", "tokenizer", "--dataset", "none.txt"), 3, "none.txt does not exist"),
        (("train", "tokeniser"), 2, "tokenizer"),
        (("predict", "tokenizer", "text"), 4, "found none for 'tokenizer'"),
        (("viz", "subwords"), 4, "found none for 'tokenizer'"),
    ],
)
def test_an_impossible_command_is_one_clear_error(dlcli, arguments, code, message):
    found, out, err = dlcli(*arguments)
    assert (found, out) == (code, "")
    assert message in err.replace("\n", " ")


@pytest.mark.parametrize("figure", ["learning-curves", "schedule", "confusion"])
def test_a_figure_of_training_steps_refuses_a_run_without_any(dlcli, figure):
    dlcli(*TRAIN, "--out", "runs/mine")
    code, _, err = dlcli("viz", figure, "--run", "runs/mine")
    assert code == 4
    assert "Traceback" not in err


def test_an_option_of_another_technique_is_refused(dlcli):
    dlcli(*TRAIN)
    code, _, err = dlcli("eval", "tokenizer", "--mc-dropout", "3")
    assert code == 2
    assert "--mc-dropout is not an option of eval tokenizer" in err
