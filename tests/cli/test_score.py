import json
import math

import pytest

from dlcli.artifacts import Likelihood
from dlcli.cli import score
from dlcli.cli.typer_options import Call
from dlcli.errors import CheckFailed, DatasetError

GOOD = Likelihood("ab", ["a", "b"], [math.log(0.5), math.log(0.25)], math.log(0.125), after="<end>")
WRONG = Likelihood("ab", ["a", "b"], [math.log(0.5), math.log(0.25)], math.log(0.1))
BAD = Likelihood("", problem="nothing to score")


def run(scored, *, as_json=False):
    call = Call({}, {}, json=as_json)
    score.finish(score.show(scored, call), call)


def test_a_table_lists_each_token_with_its_surprisal(capsys):
    run([GOOD])
    out = capsys.readouterr().out
    assert "after <end>" in out
    assert ["a", "50.00", "%", "1.00"] in [line.split()[:4] for line in out.splitlines()]
    assert "3.00 bits" in out
    assert "1.5000 bits per character" in out


def test_json_is_one_object_a_text(capsys):
    run([GOOD, GOOD], as_json=True)
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first == second
    assert first["tokens"][1] == pytest.approx(
        {"token": "b", "probability": 0.25, "log_probability": math.log(0.25), "surprisal": 2.0}
    )
    assert first["log_probability"] == pytest.approx(first["one_pass"])
    assert first["agrees"] is True


def test_a_sum_that_differs_from_the_whole_is_a_failed_check(capsys):
    with pytest.raises(CheckFailed, match="must equal") as raised:
        run([WRONG, GOOD], as_json=True)
    assert raised.value.exit_code == 8
    assert [json.loads(line)["agrees"] for line in capsys.readouterr().out.splitlines()] == [False, True]


def test_json_has_one_object_per_text(dlcli, rnn_run):
    code, out, _ = dlcli("score", "rnn", "--run", rnn_run, "--json", "He took", "")
    assert code == 3
    assert ["error" in json.loads(line) for line in out.splitlines()] == [False, True]


def test_a_text_that_cannot_be_scored_is_reported_at_its_place(capsys):
    with pytest.raises(DatasetError, match="1 of 2 texts"):
        run([BAD, GOOD])
    captured = capsys.readouterr()
    assert "nothing to score" in captured.err
    assert "3.00 bits" in captured.out


def test_markup_in_a_text_is_text(capsys):
    run([Likelihood("[b]", ["[b]"], [-1.0], -1.0)])
    assert "[b]" in capsys.readouterr().out


def test_a_run_scores_texts_and_lines_of_standard_input(dlcli, rnn_run, monkeypatch):
    import io
    import sys

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"The blade\nA tree\n")))
    code, out, _ = dlcli("score", "rnn", "--run", rnn_run, "--json", "He took", "-")
    assert code == 0
    assert [json.loads(line)["input"] for line in out.splitlines()] == ["He took", "The blade", "A tree"]
