from __future__ import annotations

import pytest

from dlcli.data.text.catalogue import open_texts
from dlcli.data.text.check import check


@pytest.fixture
def folder(tmp_path):
    """Return a folder with a training and a test file without problems."""
    for name, rows in (("train", 40), ("test", 6)):
        lines = [f"c{number % 2}\t{name} text {number}\n" for number in range(rows)]
        (tmp_path / f"{name}.tsv").write_text("".join(lines))
    return tmp_path


def add(path, *lines):
    path.write_text(path.read_text() + "".join(f"{line}\n" for line in lines))


def test_a_sound_set_has_no_problems(folder):
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


def test_a_class_that_the_test_split_lacks_is_a_problem(folder):
    add(folder / "train.tsv", *(f"c2\tmore {number}" for number in range(30)))
    assert open_texts(str(folder)).classes == ("c0", "c1", "c2")
    assert [(each.split, each.where) for each in check(str(folder))] == [("test", "c2")]


def test_each_malformed_row_is_listed(folder):
    add(folder / "train.tsv", "no label", "a\tb\tc")
    assert [each.where for each in check(str(folder))] == [f"line {n} of {folder}/train.tsv" for n in (41, 42)]


def test_raw_text_is_checked_for_emptiness(tmp_path):
    (tmp_path / "a.txt").write_text("some text, long enough to be cut")
    assert check(str(tmp_path / "a.txt")) == []
    (tmp_path / "a.txt").write_text("  ")
    assert {each.kind for each in check(str(tmp_path / "a.txt"))} == {"empty"}


def test_labels_that_look_alike_are_a_problem(tmp_path):
    (tmp_path / "two.csv").write_text("text,label\n" + "".join(f"t{n},{('a', 'a ', 'b')[n % 3]}\n" for n in range(99)))
    assert [each.message for each in check(str(tmp_path / "two.csv"))] == [
        "'a' (33) and 'a ' (33) are one class: whitespace around a label is ignored"
    ]


def test_a_single_class_is_a_problem(tmp_path):
    (tmp_path / "one.csv").write_text("text,label\n" + "".join(f"t{n},same\n" for n in range(30)))
    assert [each.kind for each in check(str(tmp_path / "one.csv"))] == ["one class"]


def test_a_held_out_pair_that_is_also_a_training_pair_is_a_problem(tmp_path):
    for name, rows in (("train", 20), ("test", 4)):
        lines = [f"{name} {number}\t{number}\n" for number in range(rows)]
        (tmp_path / f"{name}.tsv").write_text("".join(["source\ttarget\n", *lines]))
    add(tmp_path / "test.tsv", "train 3\t3")
    kinds = {(problem.kind, problem.where) for problem in check(str(tmp_path))}
    assert ("duplicate", f"line 6 of {tmp_path / 'test.tsv'}") in kinds


def test_the_dates_have_no_problems():
    assert check("dates") == []
