import math

import pytest

from dlcli.metrics.bleu import scores


def test_bleu_is_the_geometric_mean_of_the_precisions_times_the_brevity_penalty():
    found = scores(["the cat sat on mat"], ["the cat sat on the mat"])
    precisions = 5 / 5 * 3 / 4 * 2 / 3 * 1 / 2
    assert found["bleu"]["value"] == pytest.approx(100 * math.exp(1 - 6 / 5) * precisions**0.25)


def test_chrf_is_the_mean_precision_of_character_n_grams_if_recall_equals_it():
    assert scores(["abc"], ["abd"])["chrf"]["value"] == pytest.approx(100 * (2 / 3 + 1 / 2 + 0) / 3)


def test_bleu_sums_counts_over_the_corpus_before_division():
    found = scores(["a b c d", "x y z w"], ["a b c d", "a b c d e f"])
    precisions = 4 / 8 * 3 / 6 * 2 / 4 * 1 / 2
    assert found["bleu"]["value"] == pytest.approx(100 * math.exp(1 - 10 / 8) * precisions**0.25)
    assert found["bleu"]["n"] == 2


def test_bleu_is_none_for_references_of_fewer_than_four_words():
    found = scores(["1999-03-07 or so"], ["yes"])
    assert found["bleu"]["value"] is None
    assert found["chrf"]["value"] is not None


def test_a_text_equal_to_its_reference_has_a_score_of_100():
    found = scores(["the cat sat on the mat ."], ["the cat sat on the mat ."])
    assert [found[name]["value"] for name in ("bleu", "chrf")] == pytest.approx([100, 100])


def test_the_signature_names_the_tokenizer_of_bleu():
    found = scores(["the cat sat on the mat ."], ["the cat sat on the mat ."])
    assert "tok:13a" in found["bleu"]["signature"]
