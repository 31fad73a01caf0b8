import numpy as np
import pytest

from dlcli.artifacts import Prediction
from dlcli.cli import output


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
