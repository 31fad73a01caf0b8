import pytest

from dlcli.data.labels import alike, other_classes, problems, visible


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
def test_names_that_a_reader_takes_for_one_are_alike(names):
    assert alike([*names, "dog"]) == [list(names)]


def test_names_of_other_letters_are_not_alike():
    assert alike(["cat", "cats", "1", "10", "a-b", "ab"]) == []


def test_names_that_look_the_same_show_their_code_points():
    assert visible("caf\u00e9") == "'caf\u00e9' (caf<U+00E9>)"
    assert visible("cafe\u0301") == "'cafe\u0301' (cafe<U+0301>)"
    assert visible("cat ") == "'cat '"
    assert visible("a\x1b[0m") == "'a<U+001B>[0m'"


def test_white_space_makes_no_class_and_case_does():
    white, case = problems({"a": 2, "a ": 3, "b": 4, "B": 5})
    assert "are one class" in white.message
    assert "'b' (4) and 'B' (5) are 2 classes, and may be meant as one" in case.message


def test_a_label_that_may_say_there_is_none_is_told():
    [found] = problems({"NaN": 3, "none": 4})
    assert found.message == "label 'NaN' is a class: if it says that there is no label, remove it"


def test_other_classes_are_named():
    message = other_classes("RUN", ["a", "caf\u00e9"], ["a", "cafe\u0301"])
    assert message.endswith("found without 'caf\u00e9' (caf<U+00E9>); also 'cafe\u0301' (cafe<U+0301>)")
