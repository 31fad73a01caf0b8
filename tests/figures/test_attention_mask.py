import numpy as np
import pytest

from dlcli import figures
from dlcli.figures.options.text import AttentionMask


def test_the_masks_are_triangular_or_exclude_padding():
    masks = figures.draw("attention-mask", AttentionMask(tokens=4, length=3)).numbers["masks"]
    assert masks["causal"] == np.tril(np.ones([4, 4], bool)).tolist()
    assert masks["padding"] == [[True] * 3 + [False] * 3] * 6
    assert masks["cross"] == [[True] * 3 + [False] * 3] * 4


def test_few_tokens_need_no_length():
    masks = figures.draw("attention-mask", AttentionMask(tokens=4)).numbers["masks"]
    assert masks["padding"] == [[True] * 3 + [False] * 3] * 6


def test_the_words_of_a_text_label_the_positions():
    drawn = figures.draw("attention-mask", AttentionMask(text="all you need"))
    assert drawn.numbers["labels"] == {"decoder": ["all", "you", "need"], "encoder": ["all", "you", *["<pad>"] * 3]}
    assert np.shape(drawn.numbers["masks"]["causal"]) == (3, 3)
    assert "1 all, 2 you, 3 need" in " ".join(drawn.sketch(80, False))


def test_a_run_determines_the_masks(transformer_run):
    masks = figures.draw("attention-mask", AttentionMask(run=str(transformer_run))).numbers["masks"]
    assert list(masks) == ["padding", "causal", "cross"]
    with pytest.raises(ValueError, match="conflicts with --run"):
        AttentionMask(run="transformer", shape="decoder")


def test_a_sliding_window_keeps_the_last_positions():
    masks = figures.draw("attention-mask", AttentionMask(tokens=5, window=2, shape="decoder")).numbers["masks"]
    expected = np.tril(np.ones([5, 5], bool)) & ~np.tril(np.ones([5, 5], bool), -2)
    assert masks["sliding"] == expected.tolist()


def test_a_prefix_is_visible_to_all_positions():
    masks = figures.draw("attention-mask", AttentionMask(tokens=5, prefix=3, shape="decoder")).numbers["masks"]
    expected = np.tril(np.ones([5, 5], bool))
    expected[:, :3] = True
    assert masks["prefix"] == expected.tolist()


def test_a_window_of_all_positions_and_no_prefix_are_causal():
    found = figures.draw("attention-mask", AttentionMask(tokens=5, window=5, prefix=0, shape="decoder")).numbers
    assert found["masks"]["sliding"] == found["masks"]["prefix"] == found["masks"]["causal"]
