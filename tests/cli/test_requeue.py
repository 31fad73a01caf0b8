"""The same command starts a run, continues an interrupted one, and leaves a finished one as it is."""

import json

import pytest

TINY = ("train", "mlp", "--batch-size", 16, "--points", 60, "--hidden-sizes", "6,4", "--steps", 6, "--out", "x")
AGAIN = (*TINY, "--resume-if-exists", "--json")


@pytest.fixture
def ended(dlcli):
    """The result of the first call."""
    code, out, _ = dlcli(*AGAIN)
    assert code == 0
    return json.loads(out)


def test_a_finished_run_stays_as_it_is(dlcli, ended):
    code, out, err = dlcli(*AGAIN)
    assert (code, json.loads(out)["step"], json.loads(out)["reason"]) == (0, 6, "steps")
    assert "x is finished: reached --steps" in err


def test_an_interrupted_run_is_continued(dlcli, tmp_path, ended):
    path = tmp_path / "x" / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "ended": None}))
    code, out, _ = dlcli(*AGAIN)
    assert (code, json.loads(out)["best"]) == (0, ended["best"])


def test_another_option_than_that_of_the_run_is_refused(dlcli, ended):
    code, _, err = dlcli(*AGAIN, "--learning-rate", 0.5)
    assert code == 2
    assert "--learning-rate is 0.003 in the run at x, got 0.5" in " ".join(err.split())
    assert "dlcli resume x --learning-rate 0.5 changes it" in " ".join(err.split())


def test_a_run_of_another_technique_is_refused(dlcli, cnn_run):
    code, _, err = dlcli("train", "mlp", "--out", cnn_run, "--resume-if-exists")
    assert (code, "holds a run of cnn, not of mlp" in err) == (4, True)


def test_a_folder_must_be_named(dlcli):
    code, _, err = dlcli("train", "mlp", "--resume-if-exists")
    assert (code, "needs --out or --name" in err) == (2, True)


def test_a_technique_without_steps_has_nothing_to_continue(dlcli):
    code, _, err = dlcli("train", "tokenizer", "--out", "x", "--resume-if-exists")
    assert (code, "not trained in steps" in err) == (2, True)
