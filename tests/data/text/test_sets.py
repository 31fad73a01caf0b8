from __future__ import annotations

import gzip
import json
import lzma
import os
import random
import time

import numpy as np
import pytest

from dlcli.data.text import files, pydocs
from dlcli.data.text import sets as text
from dlcli.data.text.columns import Reading
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


def test_raw_text_is_cut_as_nanogpt_cuts_it_and_has_no_test_part(tmp_path):
    (tmp_path / "play.txt").write_text(PLAY)
    found = text.open(str(tmp_path / "play.txt"))
    cut = int(0.9 * len(PLAY))
    assert {name: list(split.texts) for name, split in found.splits.items()} == {
        "train": [PLAY[:cut]], "validation": [PLAY[cut:]]
    }  # fmt: skip
    assert found.eval_split == "validation"


def test_tiny_shakespeare_validates_on_its_last_tenth(shared_data):
    found = text.open(str(shared_data / "text" / "tinyshakespeare.txt"))
    assert (found.splits["train"].characters, found.splits["validation"].characters) == (1_003_854, 111_540)


@pytest.mark.parametrize(("ending", "pack"), [(".gz", gzip.compress), (".xz", lzma.compress)])
def test_packed_files_read_like_plain_ones(tmp_path, ending, pack):
    (tmp_path / "play.txt").write_text(PLAY)
    (tmp_path / f"play.txt{ending}").write_bytes(pack(PLAY.encode()))
    plain, packed = (text.open(str(tmp_path / name)) for name in ("play.txt", f"play.txt{ending}"))
    assert plain.digest == packed.digest


def test_every_row_is_in_one_split_and_the_same_ones_again(table):
    path = str(table())
    first, second = text.open(path), text.open(path)
    rows = [each for split in first.splits.values() for each in split.texts]
    assert sorted(rows) == sorted(f"set.tsv text {number}" for number in range(40))
    assert first.sizes == {"train": 28, "validation": 4, "test": 8}
    assert first.digest == second.digest
    assert first.eval_split == "test"


def test_labels_are_numbered_in_alphabetical_order(table):
    found = text.open(str(table()))
    assert found.classes == ("bad", "good")
    train = found.splits["train"]
    even = [int(each.split()[-1]) % 2 == 0 for each in train.texts]
    assert np.array_equal(train.labels == 1, even)


def test_a_table_of_tabs_needs_no_header_and_quotes_mean_nothing_in_it(tmp_path):
    (tmp_path / "set.tsv").write_text("".join(f'DESC\tWhat is "{number}" ?\n' for number in range(30)))
    found = text.open(str(tmp_path / "set.tsv"))
    assert sum(found.sizes.values()) == 30
    assert found.classes == ("DESC",)
    assert found.splits["train"].texts[0].startswith('What is "')


def test_commas_tabs_and_objects_say_the_same(tmp_path):
    rows = [(f"c{number % 2}", f'text "{number}", so\nto speak') for number in range(20)]
    (tmp_path / "a.csv").write_text(
        "id,text,label\n" + "".join('{},"{}",{}\n'.format(1, t.replace('"', '""'), name) for name, t in rows)
    )
    (tmp_path / "a.jsonl").write_text("".join(json.dumps({"text": t, "label": name}) + "\n" for name, t in rows))
    commas, objects = (text.open(str(tmp_path / name)) for name in ("a.csv", "a.jsonl"))
    assert commas.digest == objects.digest
    assert commas.classes == ("c0", "c1")


def test_a_table_without_labels_has_no_classes(tmp_path):
    (tmp_path / "a.jsonl").write_text("".join(json.dumps({"text": f"{n}"}) + "\n" for n in range(20)))
    found = text.open(str(tmp_path / "a.jsonl"))
    assert found.classes == ()
    assert found.splits["train"].labels is None


def test_a_folder_has_the_splits_of_its_files_and_training_gives_what_is_missing(table, tmp_path):
    table("set/train.tsv")
    table("set/test.tsv", rows=6)
    found = text.open(str(tmp_path / "set"))
    assert found.sizes == {"train": 36, "validation": 4, "test": 6}
    table("set/dev.tsv", rows=5)
    assert text.open(str(tmp_path / "set")).sizes == {"train": 40, "validation": 5, "test": 6}


def test_raw_files_of_a_folder_are_its_splits_as_they_are(tmp_path):
    for name in ("train", "valid", "test"):
        (tmp_path / f"{name}.txt").write_text(f"{name} {PLAY}")
    found = text.open(str(tmp_path))
    assert {name: split.texts[0] for name, split in found.splits.items()} == {
        "train": f"train {PLAY}", "validation": f"valid {PLAY}", "test": f"test {PLAY}"
    }  # fmt: skip


def test_other_files_of_a_folder_are_a_document_each(tmp_path):
    for number in range(20):
        (tmp_path / f"{number % 3}").mkdir(exist_ok=True)
        (tmp_path / f"{number % 3}" / f"{number}.txt").write_text(f"document {number}")
    before = text.open(str(tmp_path))
    assert before.sizes == {"train": 14, "validation": 2, "test": 4}
    (tmp_path / "new.txt").write_text("another")
    moved = set(before.splits["test"].texts) - set(text.open(str(tmp_path)).splits["test"].texts)
    assert len(moved) <= 1


@pytest.mark.parametrize("count", [1, 2])
def test_a_folder_too_small_to_be_divided_says_how_to_name_its_splits(tmp_path, count):
    for number in range(count):
        (tmp_path / f"{number}.txt").write_text(f"document {number}")
    message = f"must hold 3 texts or more to be divided into train, validation and test, and holds {count}"
    with pytest.raises(DatasetError, match=message) as caught:
        text.open(str(tmp_path))
    assert "train.txt, validation.txt" in caught.value.hint


def test_three_texts_are_enough_to_be_divided(table):
    assert text.open(str(table("three.tsv", rows=3))).sizes == {"train": 1, "validation": 1, "test": 1}


def test_a_table_must_leave_a_row_to_train_on(table, tmp_path):
    table("set/train.tsv", rows=1)
    table("set/test.tsv")
    with pytest.raises(DatasetError, match="2 texts or more to be divided into train and validation, and holds 1"):
        text.open(str(tmp_path / "set"))


def test_splits_without_texts_are_not_called_classes(table, tmp_path):
    table("set/train.tsv")
    for name in ("validation", "test"):
        (tmp_path / "set" / f"{name}.tsv").write_text("label\ttext\n")
    with pytest.raises(DatasetError, match="cannot be used: validation and test must hold a text or more, found none"):
        text.open(str(tmp_path / "set"))


def test_the_docstrings_are_labelled_with_their_library(monkeypatch):
    monkeypatch.setattr(pydocs, "documents", lambda: [(f"doc {n}", "numpy" if n % 2 else "jax") for n in range(50)])
    found = text.open("pydocs")
    assert found.classes == ("jax", "numpy")
    assert found.sizes == {"train": 35, "validation": 5, "test": 10}


@pytest.mark.slow
def test_pydocs_opens_with_some_fifteen_million_characters():
    found = text.open("pydocs")
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
        ("a.tsv", b"", "must hold a text per row, and is empty"),
        ("a.tsv", b"a\tb\tc\n", "must have a column 'text', found 'a', 'b', 'c'"),
        ("a.tsv", b"x\ty\nonly one\n", "line 2 of .* must have 2 columns, and has 1"),
        ("a.csv", b"x,y\n1,2\n", "must have a column 'text', found 'x', 'y'"),
        ("a.csv", b'text\n"open\n', "line 2 of .* has a quote that opens and is never closed"),
        ("a.jsonl", b'{"text": 3}\n', "line 1 of .* must have a string as its text, found a number"),
        ("a.jsonl", b"[" * 100_000, "must be a JSON object"),
        ("a.jsonl", b'{"text": "a", "label": []}\n', "must have a string, a finite number or a boolean as its label"),
        ("a.jsonl", b'{"text": "a", "label": 1}\n{"text": "b"}\n', "line 2 of .* must have a label, as others do"),
        ("a.tsv", b"text\n" + b"x\n" * 9 + b" \t\n", "line 11 of .* must have 1 columns, and has 2"),
    ],
)
def test_a_wrong_file_says_what_is_wrong_with_it(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DatasetError, match=message):
        text.open(str(tmp_path / name))


def test_a_class_that_training_lacks_is_refused(table, tmp_path):
    table("set/train.tsv")
    table("set/test.tsv", classes=("good", "ugly"), rows=4)
    with pytest.raises(DatasetError, match="2 classes that some split lacks: line 3 of"):
        text.open(str(tmp_path / "set"))


def test_two_files_for_one_split_are_refused(table, tmp_path):
    table("set/train.tsv")
    table("set/train.jsonl")
    with pytest.raises(DatasetError, match="must have one file for train"):
        text.open(str(tmp_path / "set"))


def test_a_folder_with_no_text_and_a_file_that_is_missing_are_named(tmp_path):
    with pytest.raises(DatasetError, match="holds neither"):
        text.open(str(tmp_path))
    with pytest.raises(DatasetError, match=r"none\.txt does not exist"):
        text.open("none.txt")


def test_an_empty_name_does_not_claim_the_current_folder():
    assert text.claims(".")
    assert not text.claims("")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("pydoc", "did you mean pydocs"),
        ("digits", "must be pydocs, a file"),
        ("a.md", "packed as .xz or .gz, or a folder"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(name, message):
    with pytest.raises(UsageError, match=message):
        text.open(name)


def test_labels_are_read_without_white_space_around_them(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\n" + "".join(f"t{n},{('a', ' a ', 'b')[n % 3]}\n" for n in range(30)))
    found = text.open(str(tmp_path / "a.csv"))
    assert found.classes == ("a", "b")
    assert found.labels == {"a": 10, " a ": 10, "b": 10}


@pytest.mark.parametrize("empty", ["", "  ", "\u00a0"])
def test_a_row_without_a_label_is_named_by_its_line(tmp_path, empty):
    rows = [f"t{n},{'ab'[n % 2]}\n" for n in range(20)]
    (tmp_path / "a.csv").write_text("text,label\n" + "".join(rows) + f"t,{empty}\n")
    with pytest.raises(DatasetError, match=r"line 22 of .* must have a label, as others do"):
        text.open(str(tmp_path / "a.csv"))


def test_a_column_of_labels_that_is_empty_is_none(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\n" + "".join(f"t{n},\n" for n in range(20)))
    assert text.open(str(tmp_path / "a.csv")).classes == ()


def test_bad_rows_are_left_out_and_named_where_that_is_asked_for(tmp_path):
    rows = "".join(f"t{n},{'ab'[n % 2]}\n" for n in range(20))
    (tmp_path / "a.csv").write_bytes(f"text,label\n{rows}".encode() + b"caf\xe9,a\n,b\nx,\nmore,than,two\n")
    with pytest.raises(DatasetError) as refused:
        text.open(str(tmp_path / "a.csv"))
    assert "--skip-bad" in refused.value.hint
    with pytest.warns(Notice, match=r"leaves out 4 examples of .*: line 22 of .* must be UTF-8") as noted:
        found = text.open(str(tmp_path / "a.csv"), Reading(skip_bad=True))
    assert len(noted) == 1
    assert sum(found.sizes.values()) == 20


def test_a_raw_text_without_its_bad_lines_is_the_rest(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"one\ncaf\xe9\nthree\f\xc3\xa9\n" * 10)
    with pytest.warns(Notice, match="leaves out 10 examples"):
        found = text.open(str(tmp_path / "a.txt"), Reading(skip_bad=True))
    assert "".join(split.texts[0] for split in found.splits.values()) == "one\nthree\f\u00e9\n" * 10


def test_a_set_of_bad_rows_alone_says_what_is_wrong_with_them(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\n1,2,3\n")
    with pytest.raises(DatasetError, match=r"line 2 of .* must have 2 columns"):
        text.open(str(tmp_path / "a.csv"), Reading(skip_bad=True))


def test_a_folder_of_documents_leaves_out_readmes_and_what_systems_left(tmp_path):
    for number in range(10):
        (tmp_path / f"{number}.TXT").write_text(f"document {number}")
    for name in ("readme.txt", "LICENSE.txt", ".hidden.txt", "._1.txt", "notes.md", "__MACOSX/1.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"\xff")
    with pytest.warns(Notice, match="6 files skipped"):
        assert sum(text.open(str(tmp_path)).sizes.values()) == 10


@pytest.mark.parametrize("target", ["pipe", "/dev/zero", "nowhere"])
def test_a_document_that_is_no_file_is_refused_and_can_be_skipped(tmp_path, target):
    (tmp_path / "set").mkdir()
    for number in range(10):
        (tmp_path / "set" / f"{number}.txt").write_text(f"document {number}")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "set" / "odd.txt").symlink_to(tmp_path / target)
    with pytest.raises(DatasetError, match=r"odd.txt"):
        text.open("set")
    with pytest.warns(Notice, match="leaves out 1 example "):
        assert sum(text.open("set", Reading(skip_bad=True)).sizes.values()) == 10


def test_a_class_that_looks_like_one_of_training_is_shown_by_its_code_points(table, tmp_path):
    table("set/train.tsv", classes=("caf\u00e9", "tea"))
    table("set/test.tsv", classes=("cafe\u0301", "tea"), rows=4)
    with pytest.raises(DatasetError) as refused:
        text.open(str(tmp_path / "set"))
    [first, _] = refused.value.problems
    assert "'cafe\u0301' (cafe<U+0301>), which training lacks, and has 'caf\u00e9' (caf<U+00E9>)" in first.message


def test_a_split_without_labels_is_told_where_training_has_some(tmp_path):
    (tmp_path / "train.csv").write_text("text,label\n" + "".join(f"t{n},{'ab'[n % 2]}\n" for n in range(20)))
    (tmp_path / "test.csv").write_text("text\nx\n")
    with pytest.raises(DatasetError, match=r"test.csv must have labels, as other splits do"):
        text.open(str(tmp_path))


def test_a_table_without_a_header_that_may_have_one_is_noted(tmp_path):
    (tmp_path / "a.tsv").write_text("kind\tsentence\n" + "".join(f"{'ab'[n % 2]}\ttext {n}\n" for n in range(20)))
    with pytest.warns(Notice, match="line 1 has the label 'kind', which no other line has"):
        text.open(str(tmp_path / "a.tsv"))


def test_a_compressed_file_of_several_members_and_padding_is_read_whole(tmp_path):
    text = "".join(f"line {number}\n" for number in range(300_000))
    packed = gzip.compress(text[:1_000_000].encode()) + b"\0" * 500 + gzip.compress(text[1_000_000:].encode())
    (tmp_path / "a.txt.gz").write_bytes(packed + b"\0" * 10_000)
    assert files.read(tmp_path / "a.txt.gz") == text


def test_a_compressed_file_that_goes_on_in_nothing_but_nul_bytes_ends_soon(tmp_path):
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(b"a line\n"))
    os.truncate(path, 2**28)  # a sparse file
    start = time.process_time()
    assert files.read(path) == "a line\n"
    assert time.process_time() - start < 5  # one by one, half a minute


@pytest.mark.parametrize("kept", [1, 15, 40, -1])
def test_a_compressed_file_that_was_cut_off_is_damaged(tmp_path, kept):
    packed = gzip.compress(random.Random(0).randbytes(100).hex().encode())
    (tmp_path / "a.txt.gz").write_bytes(packed[:kept])
    with pytest.raises(DatasetError, match="cannot be read"):
        files.read(tmp_path / "a.txt.gz")
