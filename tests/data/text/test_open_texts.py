from __future__ import annotations

import gzip
import json
import lzma
import os

import numpy as np
import pytest

from dlcli.data.text.catalogue import modality, open_texts
from dlcli.data.text.columns import ReadOptions
from dlcli.data.text.sources import pydocs
from dlcli.errors import DatasetError, UsageError
from dlcli.notices import Notice

PLAY = "".join(f"Line {number} of the play.\n" for number in range(100))


@pytest.fixture
def table(tmp_path):
    """Write a table of forty rows of two classes; return its path."""

    def write(name="set.tsv", rows=40, header="label\ttext", classes=("good", "bad")):
        lines = [f"{classes[number % len(classes)]}\t{name} text {number}" for number in range(rows)]
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([*filter(None, [header]), *lines]) + "\n")
        return path

    return write


def test_raw_text_is_divided_as_in_nanogpt(tmp_path):
    (tmp_path / "play.txt").write_text(PLAY)
    found = open_texts(str(tmp_path / "play.txt"))
    cut = int(0.9 * len(PLAY))
    assert {name: list(split.texts) for name, split in found.splits.items()} == {
        "train": [PLAY[:cut]], "validation": [PLAY[cut:]]
    }  # fmt: skip
    assert found.test_split == "validation"


def test_tiny_shakespeare_validates_on_its_last_tenth(shared_data):
    found = open_texts(str(shared_data / "text" / "tinyshakespeare.txt"))
    assert (found.splits["train"].characters, found.splits["validation"].characters) == (1_003_854, 111_540)


@pytest.mark.parametrize(("ending", "pack"), [(".gz", gzip.compress), (".xz", lzma.compress)])
def test_compressed_files_have_the_same_text(tmp_path, ending, pack):
    (tmp_path / "play.txt").write_text(PLAY)
    (tmp_path / f"play.txt{ending}").write_bytes(pack(PLAY.encode()))
    plain, packed = (open_texts(str(tmp_path / name)) for name in ("play.txt", f"play.txt{ending}"))
    assert plain.digest == packed.digest


def test_every_row_is_in_one_split(table):
    path = str(table())
    first, second = open_texts(path), open_texts(path)
    rows = [each for split in first.splits.values() for each in split.texts]
    assert sorted(rows) == sorted(f"set.tsv text {number}" for number in range(40))
    assert first.sizes == {"train": 28, "validation": 4, "test": 8}
    assert first.digest == second.digest
    assert first.test_split == "test"


def test_labels_are_numbered_in_alphabetical_order(table):
    found = open_texts(str(table()))
    assert found.classes == ("bad", "good")
    train = found.splits["train"]
    even = [int(each.split()[-1]) % 2 == 0 for each in train.texts]
    assert np.array_equal(train.labels == 1, even)


def test_quotes_in_a_tsv_without_a_header_are_ordinary_characters(tmp_path):
    (tmp_path / "set.tsv").write_text("".join(f'DESC\tWhat is "{number}" ?\n' for number in range(30)))
    found = open_texts(str(tmp_path / "set.tsv"))
    assert sum(found.sizes.values()) == 30
    assert found.classes == ("DESC",)
    assert found.splits["train"].texts[0].startswith('What is "')


def test_csv_and_jsonl_give_the_same_documents(tmp_path):
    rows = [(f"c{number % 2}", f'text "{number}", so\nto speak') for number in range(20)]
    (tmp_path / "a.csv").write_text(
        "id,text,label\n" + "".join('{},"{}",{}\n'.format(1, t.replace('"', '""'), name) for name, t in rows)
    )
    (tmp_path / "a.jsonl").write_text("".join(json.dumps({"text": t, "label": name}) + "\n" for name, t in rows))
    commas, objects = (open_texts(str(tmp_path / name)) for name in ("a.csv", "a.jsonl"))
    assert commas.digest == objects.digest
    assert commas.classes == ("c0", "c1")


def test_a_table_without_labels_has_no_classes(tmp_path):
    (tmp_path / "a.jsonl").write_text("".join(json.dumps({"text": f"{n}"}) + "\n" for n in range(20)))
    found = open_texts(str(tmp_path / "a.jsonl"))
    assert found.classes == ()
    assert found.splits["train"].labels is None


def test_missing_splits_of_a_folder_are_taken_off_training(table, tmp_path):
    table("set/train.tsv")
    table("set/test.tsv", rows=6)
    found = open_texts(str(tmp_path / "set"))
    assert found.sizes == {"train": 36, "validation": 4, "test": 6}
    table("set/dev.tsv", rows=5)
    assert open_texts(str(tmp_path / "set")).sizes == {"train": 40, "validation": 5, "test": 6}


def test_raw_files_of_a_folder_are_its_splits(tmp_path):
    for name in ("train", "valid", "test"):
        (tmp_path / f"{name}.txt").write_text(f"{name} {PLAY}")
    found = open_texts(str(tmp_path))
    assert {name: split.texts[0] for name, split in found.splits.items()} == {
        "train": f"train {PLAY}", "validation": f"valid {PLAY}", "test": f"test {PLAY}"
    }  # fmt: skip


def test_each_text_file_of_a_folder_is_a_document(tmp_path):
    for number in range(20):
        (tmp_path / f"{number % 3}").mkdir(exist_ok=True)
        (tmp_path / f"{number % 3}" / f"{number}.txt").write_text(f"document {number}")
    before = open_texts(str(tmp_path))
    assert before.sizes == {"train": 14, "validation": 2, "test": 4}
    (tmp_path / "new.txt").write_text("another")
    moved = set(before.splits["test"].texts) - set(open_texts(str(tmp_path)).splits["test"].texts)
    assert len(moved) <= 1


@pytest.mark.parametrize("count", [1, 2])
def test_the_hint_for_a_folder_too_small_to_be_divided_names_split_files(tmp_path, count):
    for number in range(count):
        (tmp_path / f"{number}.txt").write_text(f"document {number}")
    message = f"must contain at least 3 texts to be divided into train, validation and test, found {count}"
    with pytest.raises(DatasetError, match=message) as caught:
        open_texts(str(tmp_path))
    assert "train.txt, validation.txt" in caught.value.hint


def test_three_texts_can_be_divided(table):
    assert open_texts(str(table("three.tsv", rows=3))).sizes == {"train": 1, "validation": 1, "test": 1}


def test_a_table_must_leave_a_row_to_train_on(table, tmp_path):
    table("set/train.tsv", rows=1)
    table("set/test.tsv")
    with pytest.raises(DatasetError, match="at least 2 texts to be divided into train and validation, found 1"):
        open_texts(str(tmp_path / "set"))


def test_empty_splits_are_named(table, tmp_path):
    table("set/train.tsv")
    for name in ("validation", "test"):
        (tmp_path / "set" / f"{name}.tsv").write_text("label\ttext\n")
    with pytest.raises(DatasetError, match="used: validation and test must contain at least one text, found none"):
        open_texts(str(tmp_path / "set"))


def test_the_docstrings_are_labelled_with_their_library(monkeypatch):
    monkeypatch.setattr(pydocs, "documents", lambda: [(f"doc {n}", "numpy" if n % 2 else "jax") for n in range(50)])
    found = open_texts("pydocs")
    assert found.classes == ("jax", "numpy")
    assert found.sizes == {"train": 35, "validation": 5, "test": 10}


@pytest.mark.slow
def test_pydocs_opens_with_some_fifteen_million_characters():
    found = open_texts("pydocs")
    assert sum(split.characters for split in found.splits.values()) > 10_000_000
    assert found.classes == tuple(sorted(pydocs.LIBRARIES))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"one\ntwo \xff", "line 2 of .* must be UTF-8, found the byte 0xFF at byte 8 of the file"),
        ("a.txt", "text".encode("utf-16"), "must be UTF-8, found UTF-16"),
        ("a.txt", "text".encode("utf-16-le"), "must be text in UTF-8, found NUL bytes"),
        ("a.txt", b"", "2 empty files or texts: train of"),
        ("a.txt.gz", b"not packed", "cannot be read"),
        ("a.txt.xz", b"not packed", "cannot be read"),
        ("a.tsv", b"", "must have a text per row, and is empty"),
        ("a.tsv", b"a\tb\tc\n", "must have a column 'text', found 'a', 'b', 'c'"),
        ("a.tsv", b"x\ty\nonly one\n", "line 2 of .* must have 2 columns, and has 1"),
        ("a.csv", b"x,y\n1,2\n", "must have a column 'text', found 'x', 'y'"),
        ("a.csv", b'text\n"open\n', "line 2 of .* has an opening quote that is never closed"),
        ("a.jsonl", b'{"text": 3}\n', "line 1 of .* must have a string as text, found a number"),
        ("a.jsonl", b"[" * 100_000, "must be a JSON object"),
        ("a.jsonl", b'{"text": "a", "label": []}\n', "must have a string, a finite number or a boolean as label"),
        ("a.jsonl", b'{"text": "a", "label": 1}\n{"text": "b"}\n', "line 2 of .* must have a label, as other rows do"),
        ("a.tsv", b"text\n" + b"x\n" * 9 + b" \t\n", "line 11 of .* must have 1 columns, and has 2"),
    ],
)
def test_the_error_for_a_malformed_file_names_the_problem(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DatasetError, match=message):
        open_texts(str(tmp_path / name))


def test_a_class_that_training_lacks_is_refused(table, tmp_path):
    table("set/train.tsv")
    table("set/test.tsv", classes=("good", "ugly"), rows=4)
    with pytest.raises(DatasetError, match="2 classes missing from a split: line 3 of"):
        open_texts(str(tmp_path / "set"))


def test_two_files_for_one_split_are_refused(table, tmp_path):
    table("set/train.tsv")
    table("set/train.jsonl")
    with pytest.raises(DatasetError, match="must have one file for train"):
        open_texts(str(tmp_path / "set"))


def test_a_missing_text_is_named(tmp_path):
    with pytest.raises(DatasetError, match="found neither"):
        open_texts(str(tmp_path))
    with pytest.raises(DatasetError, match=r"none\.txt does not exist"):
        open_texts("none.txt")


def test_an_empty_name_is_not_the_current_folder():
    assert modality(".") == "text"
    assert modality("") is None


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("pydoc", "did you mean pydocs"),
        ("digits", "must be pydocs, a .parquet file"),
        ("a.md", "compressed as .xz or .gz\\) or a folder"),
    ],
)
def test_the_error_for_an_unknown_name_names_the_nearest(name, message):
    with pytest.raises(UsageError, match=message):
        open_texts(name)


def test_labels_are_read_without_white_space_around_them(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\n" + "".join(f"t{n},{('a', ' a ', 'b')[n % 3]}\n" for n in range(30)))
    found = open_texts(str(tmp_path / "a.csv"))
    assert found.classes == ("a", "b")
    assert found.labels == {"a": 10, " a ": 10, "b": 10}


@pytest.mark.parametrize("empty", ["", "  ", "\u00a0"])
def test_a_row_without_a_label_is_named_by_its_line(tmp_path, empty):
    rows = [f"t{n},{'ab'[n % 2]}\n" for n in range(20)]
    (tmp_path / "a.csv").write_text("text,label\n" + "".join(rows) + f"t,{empty}\n")
    with pytest.raises(DatasetError, match=r"line 22 of .* must have a label, as other rows do"):
        open_texts(str(tmp_path / "a.csv"))


def test_an_empty_column_of_labels_gives_no_classes(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\n" + "".join(f"t{n},\n" for n in range(20)))
    assert open_texts(str(tmp_path / "a.csv")).classes == ()


def test_skip_bad_leaves_out_bad_rows_with_a_note(tmp_path):
    rows = "".join(f"t{n},{'ab'[n % 2]}\n" for n in range(20))
    (tmp_path / "a.csv").write_bytes(f"text,label\n{rows}".encode() + b"caf\xe9,a\n,b\nx,\nmore,than,two\n")
    with pytest.raises(DatasetError) as refused:
        open_texts(str(tmp_path / "a.csv"))
    assert "--skip-bad" in refused.value.hint
    with pytest.warns(Notice, match=r"leaves out 4 examples of .*: line 22 of .* must be UTF-8") as noted:
        found = open_texts(str(tmp_path / "a.csv"), ReadOptions(skip_bad=True))
    assert len(noted) == 1
    assert sum(found.sizes.values()) == 20


def test_skip_bad_leaves_out_bad_lines_of_raw_text(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"one\ncaf\xe9\nthree\f\xc3\xa9\n" * 10)
    with pytest.warns(Notice, match="leaves out 10 examples"):
        found = open_texts(str(tmp_path / "a.txt"), ReadOptions(skip_bad=True))
    assert "".join(split.texts[0] for split in found.splits.values()) == "one\nthree\f\u00e9\n" * 10


def test_the_error_for_a_set_of_bad_rows_names_their_problems(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\n1,2,3\n")
    with pytest.raises(DatasetError, match=r"line 2 of .* must have 2 columns"):
        open_texts(str(tmp_path / "a.csv"), ReadOptions(skip_bad=True))


def test_a_folder_of_documents_skips_readmes_and_system_files(tmp_path):
    for number in range(10):
        (tmp_path / f"{number}.TXT").write_text(f"document {number}")
    for name in ("readme.txt", "LICENSE.txt", ".hidden.txt", "._1.txt", "notes.md", "__MACOSX/1.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"\xff")
    with pytest.warns(Notice, match="6 files skipped"):
        assert sum(open_texts(str(tmp_path)).sizes.values()) == 10


@pytest.mark.parametrize("target", ["pipe", "/dev/zero", "nowhere"])
def test_a_document_that_is_not_a_regular_file_can_be_skipped(tmp_path, target):
    (tmp_path / "set").mkdir()
    for number in range(10):
        (tmp_path / "set" / f"{number}.txt").write_text(f"document {number}")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "set" / "odd.txt").symlink_to(tmp_path / target)
    with pytest.raises(DatasetError, match=r"odd.txt"):
        open_texts("set")
    with pytest.warns(Notice, match="leaves out 1 example "):
        assert sum(open_texts("set", ReadOptions(skip_bad=True)).sizes.values()) == 10


def test_an_unknown_class_similar_to_a_known_one_is_shown_by_code_points(table, tmp_path):
    table("set/train.tsv", classes=("caf\u00e9", "tea"))
    table("set/test.tsv", classes=("cafe\u0301", "tea"), rows=4)
    with pytest.raises(DatasetError) as refused:
        open_texts(str(tmp_path / "set"))
    [first, _] = refused.value.problems
    assert (
        "'cafe\u0301' (cafe<U+0301>), which is missing in training, which has 'caf\u00e9' (caf<U+00E9>)"
        in first.message
    )


def test_a_split_without_labels_is_refused_if_training_has_labels(tmp_path):
    (tmp_path / "train.csv").write_text("text,label\n" + "".join(f"t{n},{'ab'[n % 2]}\n" for n in range(20)))
    (tmp_path / "test.csv").write_text("text\nx\n")
    with pytest.raises(DatasetError, match=r"test.csv must have labels, as other splits do"):
        open_texts(str(tmp_path))


def test_a_first_line_that_looks_like_a_header_is_noted(tmp_path):
    (tmp_path / "a.tsv").write_text("kind\tsentence\n" + "".join(f"{'ab'[n % 2]}\ttext {n}\n" for n in range(20)))
    with pytest.warns(Notice, match="no other line has the label of line 1, 'kind'"):
        open_texts(str(tmp_path / "a.tsv"))
