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


def test_equal_weights_have_one_colour_in_the_average_and_in_every_head():
    shares = np.full([2, 3, 3, 5], 0.2)
    shares[0, 0, 0] = [1, 0, 0, 0, 0]  # one head that is sure of one token
    names = [f"token {number}" for number in range(5)]
    [axes] = attention.draw(Weights(shares, names[:3], names, "title", "note")).axes
    pictures = [np.asarray(image.get_array()) for image in axes.images if image.get_array().shape[:2] == (3, 5)]
    assert len(pictures) == 1 + 6
    np.testing.assert_array_equal([picture[2] for picture in pictures], np.tile(pictures[0][2], [7, 1, 1]))


def test_a_colour_bar_says_which_weight_a_shade_is():
    shown = weights()
    [axes] = attention.draw(shown).axes
    written = [text.get_text() for text in axes.texts]
    assert "weight" in written
    assert {"0", f"{shown.shares.max():.2g}"} <= set(written)


def test_a_sketch_shades_the_average_no_darker_than_its_darkest_head():
    shares = np.zeros([1, 2, 4, 4])
    shares[0, 0], shares[0, 1] = np.eye(4), np.eye(4)[::-1]
    lines = attention.sketch(Weights(shares, list("abcd"), list("abcd"), "title", "note"), 80, False)
    assert not any("█" in line for line in lines)  # 1/2 beside a 1
    assert any("from 0 to 1 in all pictures" in line for line in lines)


def test_what_is_expected_is_framed_cell_by_cell():
    expected = np.zeros([3, 5], bool)
    expected[1, 2:4] = True
    plain, framed = (len(attention.draw(each).axes[0].patches) for each in (weights(), weights(expected=expected)))
    assert framed - plain == 2


@pytest.mark.parametrize("colour", [True, False])
def test_a_sketch_has_each_layer_and_the_tokens_that_ask(colour):
    lines = "\n".join(attention.sketch(weights(), 80, colour))
    assert all(name in lines for name in ("layer 1", "layer 2", "token 0", "token 2"))
