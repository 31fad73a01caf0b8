import numpy as np
import pytest

from dlcli import figures
from dlcli.figures.options.text import AttentionMask


def test_the_masks_are_triangular_or_exclude_padding():
    masks = figures.draw("attention-mask", AttentionMask(tokens=4, length=3)).numbers["masks"]
    assert masks["causal"] == np.tril(np.ones([4, 4], bool)).tolist()
    assert masks["padding"] == [[True] * 3 + [False] * 3] * 6
    assert masks["cross"] == [[True] * 3 + [False] * 3] * 4


def test_a_run_determines_the_masks(transformer_run):
    masks = figures.draw("attention-mask", AttentionMask(run=str(transformer_run))).numbers["masks"]
    assert list(masks) == ["padding", "causal", "cross"]
    with pytest.raises(ValueError, match="conflicts with --run"):
        AttentionMask(run="transformer", shape="decoder")
