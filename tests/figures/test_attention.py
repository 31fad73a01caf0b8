import numpy as np
import pytest

from dlcli import figures
from dlcli.data.text.sources import dates
from dlcli.errors import UsageError
from dlcli.figures import attention
from dlcli.figures.options.text import Attention, AttentionPattern


@pytest.fixture(scope="module")
def drawn(transformer_run):
    return figures.draw("attention", Attention(run=str(transformer_run), text="one two")).numbers


def test_every_token_that_is_written_shares_its_attention_out_over_the_source(drawn):
    weights = np.array(drawn["weights"])
    assert weights.shape == (2, 2, len(drawn["asking"]), 7)
    np.testing.assert_allclose(weights.sum(axis=-1), np.ones(weights.shape[:3]), rtol=1e-4)


def test_the_tokens_are_named_as_they_are_read(drawn):
    assert drawn["answering"] == ["o", "n", "e", "␣", "t", "w", "o"]


def test_by_default_a_source_of_the_validation_split_is_shown(transformer_run):
    first, second = (
        figures.draw("attention", Attention(run=str(transformer_run), index=index)).numbers["answering"]
        for index in (0, 1)
    )
    assert first != second


def test_an_index_beyond_the_split_is_refused(transformer_run):
    with pytest.raises(UsageError, match="--index must be less than 10"):
        figures.draw("attention", Attention(run=str(transformer_run), index=10))


def test_the_characters_that_tell_a_digit_are_those_of_its_part_of_the_date():
    date = dates.dates("validation")[0]
    expected = attention.expected(date.parts, 11)
    assert [date.parts[column] for column in np.flatnonzero(expected[0])] == ["year"] * expected[0].sum()
    assert {date.parts[column] for column in np.flatnonzero(expected[9])} == {"day"}
    assert not expected[4].any()
    assert not expected[10].any()


def test_a_target_of_another_form_has_no_known_alignment():
    assert attention.expected(("day", "month"), 7) is None


def test_a_causal_pattern_is_a_triangle_and_padding_is_seen_by_nobody():
    masks = figures.draw("attention-pattern", AttentionPattern(tokens=4, length=3)).numbers["masks"]
    assert masks["causal"] == np.tril(np.ones([4, 4], bool)).tolist()
    assert masks["padding"] == [[True] * 3 + [False] * 3] * 6
    assert masks["cross"] == [[True] * 3 + [False] * 3] * 4


def test_a_run_brings_the_masks_of_its_shape(transformer_run):
    masks = figures.draw("attention-pattern", AttentionPattern(run=str(transformer_run))).numbers["masks"]
    assert list(masks) == ["padding", "causal", "cross"]
    with pytest.raises(ValueError, match="brings its own"):
        AttentionPattern(run="transformer", shape="decoder")
