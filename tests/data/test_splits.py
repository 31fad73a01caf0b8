from __future__ import annotations

import numpy as np
import pytest

from dlcli.data import splits


@pytest.mark.parametrize("given", [(), ("test",), ("validation",), ("validation", "test")])
def test_numbered_examples_are_each_in_one_split(given):
    parts = splits.numbered(1000, given)
    assert set(parts) == {"train", "validation", "test"} - set(given)
    np.testing.assert_array_equal(np.sort(np.concatenate(list(parts.values()))), np.arange(1000))


def test_test_is_a_fifth_and_validation_a_tenth_up_to_their_maxima():
    small, large = splits.numbered(1000), splits.numbered(100_000)
    assert [len(small[name]) for name in ("train", "validation", "test")] == [700, 100, 200]
    assert [len(large[name]) for name in ("train", "validation", "test")] == [85_000, 5_000, 10_000]


def test_the_split_of_numbered_examples_never_changes():
    # Stored on purpose: results on a split are comparable only as long as it stays the same.
    parts = splits.numbered(20)
    assert parts["test"].tolist() == [2, 4, 6, 18]
    assert parts["validation"].tolist() == [5, 8]


def test_numbered_examples_are_shuffled_before_they_are_divided():
    test = splits.numbered(1000)["test"]
    assert 300 < np.median(test) < 700


def test_every_split_gets_a_file_of_a_class():
    parts = splits.named(["a/1", "a/2", "a/3"])
    assert sorted(map(len, parts.values())) == [1, 1, 1]


def test_a_new_file_moves_few_others_between_splits():
    names = [f"a/{number}" for number in range(100)]
    before, after = splits.named(names), splits.named([*names, "a/new"])
    moved = sum(len(set(before[part]) - set(after[part])) for part in before)
    assert moved <= 3


def test_the_maximum_of_held_out_files_counts_all_classes():
    names = [f"a/{number}" for number in range(100)]
    assert len(splits.named(names, of=100_000)["test"]) == 10


def test_named_documents_are_in_the_same_split_in_any_order():
    names = [f"document {number}" for number in range(50)]
    parts = splits.hashed(names)
    assert sorted(place for places in parts.values() for place in places) == list(range(50))
    assert {name: len(places) for name, places in parts.items()} == {"train": 35, "test": 10, "validation": 5}
    reversed_parts = splits.hashed(names[::-1])
    for split, places in parts.items():
        assert {names[place] for place in places} == {names[::-1][place] for place in reversed_parts[split]}


def test_a_new_document_moves_few_others_between_splits():
    names = [f"document {number}" for number in range(500)]
    before, after = splits.hashed(names), splits.hashed([*names, "another"])
    assert len(set(before["test"]) ^ set(after["test"])) <= 2


def test_a_class_without_enough_examples_does_not_limit_a_subset():
    labels = np.array([0] * 20 + [1] * 3 + [2] * 20)
    assert np.bincount(labels[splits.few(labels, 15)]).tolist() == [6, 3, 6]
    np.testing.assert_array_equal(splits.few(labels, 43), np.arange(43))
