import numpy as np
import pytest

from dlcli.artifacts import Prediction
from dlcli.cli import console, output


def test_log_probabilities_of_long_texts_have_a_probability_that_float32_has_not():
    [answer] = Prediction("long", [("text", -200.0)], measure="log_probability").numbers()["predictions"]
    assert np.float32(answer["probability"]) == 0
    assert answer == {"label": "text", "probability": np.exp(-200.0), "log_probability": -200.0}


@pytest.mark.parametrize(
    ("measure", "number", "written"),
    [
        ("probability", 0.25, "25.0%"),
        ("probability", 0.00031, "3.1e-4"),
        ("probability", 0.0, "0.0%"),
        ("log_probability", float(np.log(0.25)), "25.0%"),
        ("log_probability", float(np.log(3.1e-7)), "3.1e-7"),
        ("log_probability", -800.0, "3.7e-348"),  # as a float it would be 0
        ("cosine", -0.12346, "-0.1235"),
    ],
)
def test_the_number_beside_an_answer_can_be_ranked_however_small(capsys, measure, number, written):
    output.print_predictions([Prediction("source", [("answer", number)], measure=measure)])
    assert capsys.readouterr().out.splitlines()[-1].split() == ["source", "answer", written]


@pytest.mark.parametrize(("width", "lines"), [(80, 3), (30, 7)])
def test_answers_that_have_no_room_side_by_side_stand_in_a_row_each(capsys, monkeypatch, width, lines):
    monkeypatch.setattr(console, "_PIPE_WIDTH", width)
    answers = [("charlemagne", 0.5), ("adolphus", 0.3), ("canute", 0.1)]
    output.print_predictions([Prediction(source, answers) for source in ("king", "queen")])
    out = capsys.readouterr().out.splitlines()
    assert len(out) == lines
    assert all(f"{name} {share:.1%}" in " ".join(out) for name, share in answers)
