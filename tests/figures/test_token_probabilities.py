import math

import numpy as np
import pytest

from dlcli import figures
from dlcli.errors import RunError, UsageError
from dlcli.figures.options.text import TokenProbabilities
from dlcli.techniques.rnn.options import Score
from tests.reading import score


def numbers(run, **options):
    return figures.draw("token-probabilities", TokenProbabilities(run=str(run), **options)).numbers


def test_the_probabilities_are_those_that_score_prints(rnn_run):
    drawn = numbers(rnn_run, text="One, two!")
    [scored] = score(Score(run=str(rnn_run), text=["One, two!"]))
    assert drawn["tokens"] == list(scored.tokens)
    np.testing.assert_allclose(drawn["probabilities"], np.exp(scored.log_probabilities), rtol=1e-4)
    np.testing.assert_allclose(drawn["surprisal"], -np.array(scored.log_probabilities) / math.log(2), rtol=1e-4)


def test_the_top_tokens_are_sorted_by_probability(rnn_run):
    drawn = numbers(rnn_run, text="One", top=10)
    for token, share, top in zip(drawn["tokens"], drawn["probabilities"], drawn["top_tokens"], strict=True):
        probabilities = list(top.values())
        assert probabilities == sorted(probabilities, reverse=True)
        assert len(probabilities) == 10
        assert top.get(token, share) == pytest.approx(share)


@pytest.mark.parametrize("text", ["", "a" * 257])
def test_texts_of_unsuitable_length_are_rejected(rnn_run, text):
    with pytest.raises(UsageError, match="1 to 256 tokens"):
        numbers(rnn_run, text=text)


def test_a_run_of_another_model_is_rejected(cnn_run):
    with pytest.raises(RunError, match="is a run of cnn; viz token-probabilities needs a run of rnn or transformer"):
        numbers(cnn_run, text="a")
