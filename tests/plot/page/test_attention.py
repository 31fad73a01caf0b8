import numpy as np
import pytest

from dlcli.plot import page, terminal
from dlcli.plot.charts.attention import AttentionChart


def chart(queries=3, keys=5, **more):
    weights = np.random.default_rng(0).dirichlet(np.ones(keys), [2, 3, queries])
    names = [f"token {number}" for number in range(keys)]
    return AttentionChart("title", "note", weights, names[:queries], names, **more)


def test_the_mean_is_over_layers_and_heads():
    shown = chart()
    np.testing.assert_allclose(shown.mean, shown.weights.reshape(6, 3, 5).mean(axis=0))


def test_a_file_names_every_token_layer_and_head():
    [axes] = page.attention.draw(chart()).axes
    written = [text.get_text() for text in axes.texts]
    assert sum(text.startswith("token") for text in written) == 8
    assert {"layer 1", "layer 2", "head 3"} <= set(written)


def test_a_weight_has_the_same_colour_in_the_mean_and_in_every_head():
    weights = np.full([2, 3, 3, 5], 0.2)
    weights[0, 0, 0] = [1, 0, 0, 0, 0]  # one head attends to a single token
    names = [f"token {number}" for number in range(5)]
    [axes] = page.attention.draw(AttentionChart("title", "note", weights, names[:3], names)).axes
    pictures = [np.asarray(image.get_array()) for image in axes.images if image.get_array().shape[:2] == (3, 5)]
    assert len(pictures) == 1 + 6
    np.testing.assert_array_equal([picture[2] for picture in pictures], np.tile(pictures[0][2], [7, 1, 1]))


def test_the_colour_bar_is_labelled_from_zero_to_the_largest_weight():
    shown = chart()
    [axes] = page.attention.draw(shown).axes
    written = [text.get_text() for text in axes.texts]
    assert "attention weight" in written
    assert {"0", f"{shown.weights.max():.2g}"} <= set(written)


def test_the_terminal_shades_the_mean_on_the_scale_of_the_heads():
    weights = np.zeros([1, 2, 4, 4])
    weights[0, 0], weights[0, 1] = np.eye(4), np.eye(4)[::-1]
    lines = terminal.attention.draw(AttentionChart("title", "note", weights, list("abcd"), list("abcd")), 80, False)
    assert not any("█" in line for line in lines)  # 1/2 where a head has 1
    assert "attention weight, 0 to 1" in " ".join(lines)


def test_each_cell_of_the_alignment_has_a_frame():
    alignment = np.zeros([3, 5], bool)
    alignment[1, 2:4] = True
    charts = chart(), chart(alignment=alignment)
    plain, framed = (len(page.attention.draw(each).axes[0].patches) for each in charts)
    assert framed - plain == 2


@pytest.mark.parametrize("colour", [True, False])
def test_the_terminal_names_layers_and_queries(colour):
    lines = "\n".join(terminal.attention.draw(chart(), 80, colour))
    assert all(name in lines for name in ("layer 1", "layer 2", "token 0", "token 2"))
