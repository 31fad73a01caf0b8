import numpy as np
import pytest

from dlcli.plot import attention
from dlcli.plot.attention import Weights


def weights(time=3, memory=5, **more):
    shares = np.random.default_rng(0).dirichlet(np.ones(memory), [2, 3, time])
    names = [f"token {number}" for number in range(memory)]
    return Weights(shares, names[:time], names, "title", "note", **more)


def test_the_large_picture_is_the_average_of_the_small_ones():
    shown = weights()
    np.testing.assert_allclose(shown.mean, shown.shares.reshape(6, 3, 5).mean(axis=0))


def test_a_file_names_every_token_layer_and_head():
    [axes] = attention.draw(weights()).axes
    written = [text.get_text() for text in axes.texts]
    assert sum(text.startswith("token") for text in written) == 8
    assert {"layer 1", "layer 2", "head 3"} <= set(written)


def test_what_is_expected_is_framed_cell_by_cell():
    expected = np.zeros([3, 5], bool)
    expected[1, 2:4] = True
    plain, framed = (len(attention.draw(each).axes[0].patches) for each in (weights(), weights(expected=expected)))
    assert framed - plain == 2


@pytest.mark.parametrize("colour", [True, False])
def test_a_sketch_has_each_layer_and_the_tokens_that_ask(colour):
    lines = "\n".join(attention.sketch(weights(), 80, colour))
    assert all(name in lines for name in ("layer 1", "layer 2", "token 0", "token 2"))
