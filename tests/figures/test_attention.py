import numpy as np
import pytest

from dlcli import figures
from dlcli.data.text.sources import dates
from dlcli.errors import UsageError
from dlcli.figures import attention
from dlcli.figures.options.text import Attention
from dlcli.plot.charts.attention import AttentionChart


@pytest.fixture(scope="module")
def drawn(transformer_run):
    return figures.draw("attention", Attention(run=str(transformer_run), text="one two")).numbers


def test_the_weights_of_each_query_sum_to_one(drawn):
    weights = np.array(drawn["weights"])
    assert weights.shape == (2, 2, len(drawn["queries"]), 7)
    np.testing.assert_allclose(weights.sum(axis=-1), np.ones(weights.shape[:3]), rtol=1e-4)


def test_the_keys_are_the_tokens_of_the_source(drawn):
    assert drawn["keys"] == ["o", "n", "e", "␣", "t", "w", "o"]


def test_by_default_a_source_of_the_validation_split_is_shown(transformer_run):
    first, second = (
        figures.draw("attention", Attention(run=str(transformer_run), index=index)).numbers["keys"] for index in (0, 1)
    )
    assert first != second


def test_an_index_beyond_the_split_is_rejected(transformer_run):
    with pytest.raises(UsageError, match="--index must be less than 10"):
        figures.draw("attention", Attention(run=str(transformer_run), index=10))


def test_each_digit_is_aligned_with_its_part_of_the_date():
    date = dates.dates("validation")[0]
    alignment = attention.date_alignment(date.parts, 11)
    assert [date.parts[column] for column in np.flatnonzero(alignment[0])] == ["year"] * alignment[0].sum()
    assert {date.parts[column] for column in np.flatnonzero(alignment[9])} == {"day"}
    assert not alignment[4].any()
    assert not alignment[10].any()


def test_a_target_of_another_length_has_no_known_alignment():
    assert attention.date_alignment(("day", "month"), 7) is None


def test_rollout_is_a_distribution_over_the_inputs():
    random = np.random.default_rng(0)
    weights = random.random([3, 2, 5, 5])
    weights /= weights.sum(axis=-1, keepdims=True)
    found = attention.rollout(weights)
    np.testing.assert_allclose(found.sum(axis=-1), 1)
    slow = np.eye(5)
    for layer in weights:
        slow = (0.5 * layer.mean(axis=0) + 0.5 * np.eye(5)) @ slow
    np.testing.assert_allclose(found, slow)


def test_rollout_of_attention_to_itself_is_the_identity():
    np.testing.assert_allclose(attention.rollout(np.tile(np.eye(4), (2, 3, 1, 1))), np.eye(4))


def test_one_layer_and_one_head_can_be_shown(transformer_run, drawn):
    options = Attention(run=str(transformer_run), text="one two", layer=2, head=1)
    found = figures.draw("attention", options)
    np.testing.assert_allclose(found.numbers["weights"], [[drawn["weights"][1][0]]])
    assert "layer 2" in " ".join(found.sketch(80, False))


@pytest.mark.parametrize(("options", "reason"), [({"layer": 3}, "--layer must be at most 2"), ({"head": 5}, "--head")])
def test_a_layer_or_head_beyond_the_last_is_refused(options, reason, transformer_run):
    with pytest.raises(UsageError, match=reason):
        figures.draw("attention", Attention(run=str(transformer_run), text="one", **options))


def test_cross_attention_has_no_rollout(transformer_run):
    with pytest.raises(UsageError, match="--rollout has no effect with a run of --shape encoder-decoder"):
        figures.draw("attention", Attention(run=str(transformer_run), text="one", rollout=True))


def test_pooled_attention_is_the_mean_over_the_queries():
    weights = np.random.default_rng(0).dirichlet(np.ones(5), size=(2, 3, 5)).astype(np.float32)  # [layer, head, query]
    chart = attention.pooled(AttentionChart("self-attention", "", weights, list("abcde"), list("abcde")))
    assert list(chart.queries) == ["layer 1", "layer 2", "rollout"]
    np.testing.assert_allclose(chart.weights[0, 1, 0], weights[0, 1].mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(chart.mean[2], attention.rollout(weights).mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(chart.weights.sum(axis=-1), 1, rtol=1e-5)


def test_a_run_that_is_no_classifier_has_no_pooled_attention(transformer_run):
    with pytest.raises(UsageError, match="--pooled needs a run of a classifier"):
        figures.draw("attention", Attention(run=str(transformer_run), pooled=True))


def test_a_single_head_is_drawn_once(transformer_run):
    found = figures.draw("attention", Attention(run=str(transformer_run), text="one", layer=1, head=1))
    axes = found.drawing.axes[0]
    assert len(axes.images) == 2  # the colour bar and the map
    assert "layer 1, head 1" in " ".join(found.sketch(80, False))
    assert "each layer and head" not in " ".join(found.sketch(80, False))
