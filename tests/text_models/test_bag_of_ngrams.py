"""The linear baseline of text classification."""

import numpy as np
import pytest

from dlcli.data.text.sets import Documents, TextSet
from dlcli.notices import Notice
from dlcli.text_models import bag_of_ngrams


def labelled(texts, labels):
    split = Documents(texts, np.array(labels, np.int32))
    return TextSet("made", {"train": split, "validation": split, "test": split}, ("first", "second"))


def test_classes_that_differ_by_word_order_alone_are_told_apart_by_word_pairs():
    texts = labelled(["dog bites man", "man bites dog"] * 20, [0, 1] * 20)
    assert bag_of_ngrams.accuracy(texts, "test")["value"] == 1.0


def test_labels_that_do_not_depend_on_the_text_are_predicted_by_the_most_frequent_class():
    texts = labelled(["the same words"] * 40, [0] * 30 + [1] * 10)
    found = bag_of_ngrams.accuracy(texts, "test")
    assert found["value"] == 0.75
    assert found["low"] < 0.75 < found["high"]


def test_the_measured_split_does_not_change_the_fitted_model():
    train = labelled(["good film", "bad film"] * 20, [1, 0] * 20)
    test = Documents(["good", "bad", "good"], np.array([1, 0, 0], np.int32))
    texts = TextSet("made", {**train.splits, "test": test}, train.classes)
    assert bag_of_ngrams.accuracy(texts, "test")["value"] == pytest.approx(2 / 3)


def test_a_part_of_a_large_set_is_fitted_and_all_of_the_split_is_measured(monkeypatch):
    monkeypatch.setattr(bag_of_ngrams, "_MOST", 500)
    monkeypatch.setattr(bag_of_ngrams, "_PART", 7)
    texts = labelled(["good film", "bad film", "fine film"] * 50, [1, 0, 1] * 50)
    with pytest.warns(Notice, match=r"fitted to \d\d of 150 texts"):
        found = bag_of_ngrams.accuracy(texts, "test")
    assert (found["value"], found["n"]) == (1.0, 150)
