from __future__ import annotations

import pytest

from dlcli.data.text.check import check


@pytest.fixture
def folder(tmp_path):
    """A folder with train and test in which nothing is wrong."""
    for name, rows in (("train", 40), ("test", 6)):
        lines = [f"c{number % 2}\t{name} text {number}\n" for number in range(rows)]
        (tmp_path / f"{name}.tsv").write_text("".join(lines))
    return tmp_path


def add(path, *lines):
    path.write_text(path.read_text() + "".join(f"{line}\n" for line in lines))


def test_nothing_is_found_where_nothing_is_wrong(folder):
    assert check(str(folder)) == []


def test_all_problems_of_texts_are_found_at_once(folder):
    add(folder / "train.tsv", "c1\t ", "c3\tfirst of three", "c3\tsecond of three")
    add(folder / "test.tsv", "c2\tof an unknown class", "c0\ttrain text 0 ")
    found = check(str(folder))
    assert {(each.kind, each.split) for each in found} >= {
        ("empty", "train"), ("few examples", "train"), ("classes", "test"), ("duplicate", "test")
    }  # fmt: skip
    [duplicate] = [each for each in found if each.kind == "duplicate" and each.split == "test"]
    assert duplicate.message == f"line 8 of {folder}/test.tsv is the same as line 1 of {folder}/train.tsv"


def test_a_class_that_the_test_lacks_is_found_though_training_may_use_the_set(folder):
    from dlcli.data.text import sets

    add(folder / "train.tsv", *(f"c2\tmore {number}" for number in range(30)))
    assert sets.open(str(folder)).classes == ("c0", "c1", "c2")
    assert [(each.split, each.where) for each in check(str(folder))] == [("test", "c2")]


def test_rows_of_the_wrong_form_are_each_listed(folder):
    add(folder / "train.tsv", "no label", "a\tb\tc")
    assert [each.where for each in check(str(folder))] == [f"line {n} of {folder}/train.tsv" for n in (41, 42)]


def test_raw_text_has_nothing_to_be_found_but_emptiness(tmp_path):
    (tmp_path / "a.txt").write_text("some text, long enough to be cut")
    assert check(str(tmp_path / "a.txt")) == []
    (tmp_path / "a.txt").write_text("  ")
    assert {each.kind for each in check(str(tmp_path / "a.txt"))} == {"empty"}


def test_a_single_class_and_labels_that_look_alike_are_problems(tmp_path):
    (tmp_path / "one.csv").write_text("text,label\n" + "".join(f"t{n},same\n" for n in range(30)))
    assert [each.kind for each in check(str(tmp_path / "one.csv"))] == ["one class"]
    (tmp_path / "two.csv").write_text("text,label\n" + "".join(f"t{n},{('a', 'a ', 'b')[n % 3]}\n" for n in range(99)))
    assert [each.message for each in check(str(tmp_path / "two.csv"))] == [
        "'a' (33) and 'a ' (33) are one class: white space around a label is left out"
    ]
