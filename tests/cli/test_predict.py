import json

import numpy as np
import pytest

from dlcli.artifacts import Prediction, Tokenization
from dlcli.cli import console, output


def test_log_probabilities_of_long_texts_have_a_probability_that_float32_has_not():
    [answer] = Prediction("long", [("text", -200.0)], measure="log_probability").numbers()["predictions"]
    assert np.float32(answer["probability"]) == 0
    assert answer == {"label": "text", "probability": np.exp(-200.0), "log_probability": -200.0}


@pytest.mark.parametrize(
    ("measure", "number", "written"),
    [
        ("probability", 0.25, "25.0 %"),
        ("probability", 0.00031, "< 0.1 %"),
        ("probability", 0.99996, "> 99.9 %"),
        ("probability", 1.0, "100.0 %"),
        ("probability", 0.0, "0.0 %"),
        ("log_probability", float(np.log(0.25)), "25.0 %"),
        ("log_probability", float(np.log(3.1e-7)), "< 0.1 %"),
        ("log_probability", -800.0, "< 0.1 %"),  # as a float it would be 0
        ("cosine", -0.12346, "-0.1235"),
        ("count", 12345, "12,345"),
    ],
)
def test_the_number_of_an_answer_has_the_format_of_its_measure(capsys, measure, number, written):
    output.print_predictions([Prediction("source", [("answer", number)], measure=measure)])
    assert capsys.readouterr().out.splitlines()[-1].split(maxsplit=2) == ["source", "answer", written]


def test_probabilities_below_each_other_end_in_the_same_column(capsys, monkeypatch):
    monkeypatch.setattr(console, "_PIPE_WIDTH", 30)
    output.print_predictions([Prediction("an input", [("yes", 0.998), ("no", 0.002), ("?", 1e-9)])])
    rows = capsys.readouterr().out.splitlines()[1:]
    assert [row.split("  ")[-1].strip() for row in rows] == ["99.8 %", "0.2 %", "< 0.1 %"]
    assert len({len(row) for row in rows}) == 1


@pytest.mark.parametrize(("width", "lines"), [(80, 3), (34, 7)])
def test_answers_that_do_not_fit_have_a_row_each(capsys, monkeypatch, width, lines):
    monkeypatch.setattr(console, "_PIPE_WIDTH", width)
    answers = [("charlemagne", 0.5), ("adolphus", 0.3), ("canute", 0.1)]
    output.print_predictions([Prediction(source, answers) for source in ("king", "queen")])
    out = capsys.readouterr().out.splitlines()
    assert len(out) == lines
    words = " ".join(" ".join(out).split())
    assert all(f"{name} {100 * share:.1f} %" in words for name, share in answers)


def test_a_score_is_explained(capsys):
    found = Prediction("source", [("answer", -1.5)], measure="score", log_probabilities=[-2.0])
    output.print_predictions([found])
    assert "-1.5000" in (shown := capsys.readouterr().out)
    assert "length-normalized" in shown
    [answer] = found.numbers()["predictions"]
    assert answer == {"label": "answer", "score": -1.5, "log_probability": -2.0, "probability": np.exp(-2.0)}


def test_tokens_in_blocks_are_the_json_of_all_of_them(capsys):
    tricky = '"tokens": [] \\"tokens\\": []'
    for found in (
        Tokenization(tricky, [("x", number) for number in range(10_000)]),
        Tokenization("", []),
        Tokenization("a", problem="b"),
    ):
        console.print_blocks(found.rest(), found.blocks())
        assert json.loads(capsys.readouterr().out) == found.numbers()
