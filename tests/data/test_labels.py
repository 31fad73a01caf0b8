import numpy as np
import pytest

from dlcli.data.labels import noisy, other_classes, problems, same_normalized, visible


@pytest.mark.parametrize(
    "names",
    [
        ("cat", "cat "),
        ("cat", "Cat"),
        ("caf\u00e9", "cafe\u0301"),
        ("a", "a\u200b"),
        ("1", "1.0"),
        ("a b", "a\u00a0b"),
    ],
)
def test_different_spellings_of_a_name_are_one_normalized_name(names):
    assert same_normalized([*names, "dog"]) == [list(names)]


def test_different_names_stay_different_when_normalized():
    assert same_normalized(["cat", "cats", "1", "10", "a-b", "ab"]) == []


def test_names_that_look_the_same_show_their_code_points():
    assert visible("caf\u00e9") == "'caf\u00e9' (caf<U+00E9>)"
    assert visible("cafe\u0301") == "'cafe\u0301' (cafe<U+0301>)"
    assert visible("cat ") == "'cat '"
    assert visible("a\x1b[0m") == "'a<U+001B>[0m'"


def test_whitespace_around_labels_does_not_make_a_class():
    white, case = problems({"a": 2, "a ": 3, "b": 4, "B": 5})
    assert "are one class" in white.message
    assert "'b' (4) and 'B' (5) are 2 classes, but may mean the same class" in case.message


def test_a_label_that_may_be_a_missing_value_is_reported():
    [found] = problems({"NaN": 3, "none": 4})
    assert found.message == "label 'NaN' is a class: if it means a missing label, remove it"


def test_missing_classes_are_named_in_the_message():
    message = other_classes("RUN", ["a", "caf\u00e9"], ["a", "cafe\u0301"])
    assert message.endswith("found missing 'caf\u00e9' (caf<U+00E9>); new 'cafe\u0301' (cafe<U+0301>)")


def test_noisy_labels_differ_in_the_given_fraction():
    labels = np.arange(200, dtype=np.int32) % 5
    changed = noisy(labels, 5, 0.3, seed=1)
    assert (changed != labels).sum() == 60
    assert set(changed) <= set(range(5))
    np.testing.assert_array_equal(changed, noisy(labels, 5, 0.3, seed=1))
    assert (changed != noisy(labels, 5, 0.3, seed=2)).any()
