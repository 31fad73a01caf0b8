"""Compressed texts and tables larger than memory have the documents, splits and tokens of those in memory."""

import csv
import dataclasses
import gzip
import io
import itertools
import json
import lzma
import random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dlcli.data import arrow, text_files
from dlcli.data.text import catalogue, labelled_batches, lines, tables, token_streams, tokenizers
from dlcli.data.text.check import check
from dlcli.data.text.columns import DEFAULT, ReadOptions
from dlcli.data.text.large import file_pieces, unpacked
from dlcli.data.text.large.large_texts import LargeDocuments
from dlcli.data.text.large.row_source import Entry, Source
from dlcli.errors import DatasetError
from dlcli.notices import Notice

IN_MEMORY = ReadOptions(in_memory=True)
WORDS = ["the", "a", "of", "über", "猫", "κόσμος", "brillig", "\ufeffmark", "x\0y", "two\nlines", "ends\r"]
FILES = {".gz": gzip.compress, ".xz": lzma.compress}


@pytest.fixture(autouse=True)
def small(small_pieces):
    """Every text is large, and pieces are small."""


def documents(count, seed=0):
    """Texts of one to four words, a few of them long, one of them longer than a piece, some without words."""
    draws = random.Random(seed)
    texts = [" ".join(draws.choices(WORDS, k=draws.choice((1, 2, 3, 4, 30)))) for _ in range(count)]
    return [*texts, "word " * 200, "", None, " \n", "last"]


def streams(texts, tokenizer):
    found = {split: token_streams.stream(texts, split, tokenizer) for split in texts.splits}
    return {split: each.ids[np.arange(len(each))].tolist() for split, each in found.items()}


def assert_same_sets(name, monkeypatch, tmp_path, options=DEFAULT):
    large, whole = (
        catalogue.find_texts(str(name), dataclasses.replace(options, in_memory=each)) for each in (False, True)
    )
    assert sorted(map(str, large[1])) == sorted(map(str, whole[1]))  # the problems
    assert large[0].sizes == whole[0].sizes
    assert (large[0].classes, large[0].labels) == (whole[0].classes, whole[0].labels)
    tokenizer = tokenizers.train("words", 100, whole[0].splits["train"].texts)
    for split, expected in whole[0].splits.items():
        found = large[0].splits[split]
        assert isinstance(found, LargeDocuments)
        assert (found.digest, found.characters) == (expected.digest, expected.characters)
        assert list(found.places) == list(expected.places)
        assert list(found.texts) == list(expected.texts) == [found.texts[n] for n in range(len(found))]
        assert len(list(found.keys())) == len(expected)
        assert large[0].counts(split) == whole[0].counts(split)
        if whole[0].classes:
            assert found.labels.tolist() == expected.labels.tolist()
    in_pieces = streams(large[0], tokenizer)
    monkeypatch.setenv("DLCLI_CACHE", str(tmp_path / "other"))
    assert in_pieces == streams(whole[0], tokenizer)
    return large[1]


def rows(count, seed=0):
    """Texts with labels of three classes, some in other spellings, some missing, one of a class of its own."""
    draws = random.Random(seed)
    texts = [text or "" for text in documents(count, seed)]
    labels = [draws.choice(["good", "bad ", " bad", "ugly", ""]) for _ in texts]
    return [*zip(texts, labels, strict=True), ("some words", f"only {seed}")]


def as_csv(rows):
    file = io.StringIO()
    csv.writer(file).writerows([("text", "label"), *rows])
    return file.getvalue()


def as_tsv(rows):
    kept = [row for row in rows if not {*"\n\r\0"} & {*row[0]}]
    return "\n".join("\t".join(row) for row in [("text", "label"), *kept])


def as_jsonl(rows):
    objects = [{"text": text, "label": label or None, "id": number} for number, (text, label) in enumerate(rows)]
    return "\n".join([*map(json.dumps, objects), "{", "[1]", '{"label": "good"}', ""])


TABLES = {".csv": as_csv, ".tsv": as_tsv, ".jsonl": as_jsonl}


@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize("kind", TABLES)
def test_a_table_with_labels_is_the_one_in_memory(tmp_path, monkeypatch, kind, packed):
    data = TABLES[kind](rows(300)).encode()
    path = tmp_path / f"set{kind}{packed}"
    path.write_bytes(gzip.compress(data) if packed else data)
    problems = assert_same_sets(path, monkeypatch, tmp_path)
    assert {"unlabelled", "empty"} <= {each.kind for each in problems}


@pytest.mark.parametrize("kind", TABLES)
def test_a_folder_of_tables_keeps_its_splits(tmp_path, monkeypatch, kind):
    (tmp_path / "set").mkdir()
    for number, split in enumerate(("train", "test")):
        (tmp_path / "set" / f"{split}{kind}").write_text(TABLES[kind](rows(120, number)))
    problems = assert_same_sets(tmp_path / "set", monkeypatch, tmp_path)
    assert "classes" in {each.kind for each in problems}  # one of test that training lacks


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_is_read_without_its_labels(tmp_path, monkeypatch, kind):
    (tmp_path / f"set{kind}").write_text(TABLES[kind](rows(100)))
    problems = assert_same_sets(tmp_path / f"set{kind}", monkeypatch, tmp_path, ReadOptions(labels=False))
    assert "unlabelled" not in {each.kind for each in problems}


def test_a_folder_with_a_table_without_labels_is_refused_as_in_memory(tmp_path, monkeypatch):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "train.csv").write_text(as_csv(rows(120)))
    (tmp_path / "set" / "test.csv").write_text("text\n" + "one\ntwo\n" * 20)
    problems = assert_same_sets(tmp_path / "set", monkeypatch, tmp_path)
    assert any("must have labels, as other splits do" in each.message for each in problems)


def test_bytes_and_quotes_that_cannot_be_read_are_the_problems_of_a_table_in_memory(tmp_path, monkeypatch):
    broken = b'caf\xe9,good\n"open,bad\n"two"x,bad\none,two,three\n'
    (tmp_path / "set.csv").write_bytes(as_csv(rows(60)).encode() + broken + as_csv(rows(60, 1)).encode())
    problems = assert_same_sets(tmp_path / "set.csv", monkeypatch, tmp_path)
    assert {"columns", "undecodable"} <= {each.kind for each in problems}


def test_the_notes_of_a_table_are_those_of_one_in_memory(tmp_path):
    (tmp_path / "a.csv").write_text(as_csv(rows(60)).replace("text,label", "Text,label", 1))
    (tmp_path / "b.tsv").write_text("\n".join(f"label {number}\ttext {number}" for number in range(60)))
    for name in ("a.csv", "b.tsv"):
        notes = []
        for options in (ReadOptions(), IN_MEMORY, ReadOptions()):
            with pytest.warns(Notice) as found:
                catalogue.find_texts(str(tmp_path / name), options)
            notes.append([str(each.message) for each in found])
        assert notes[0] == notes[1] == notes[2]
        assert len(notes[0]) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", " \n \n"),
        ("a.csv", "text,label\rone,a\r"),
        ("a.csv", "one,two\nthree,four\n"),
        ("a.jsonl", '{"a": 1}\n'),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_as_in_memory(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    messages = []
    for options in (ReadOptions(), IN_MEMORY):
        with pytest.raises(DatasetError) as caught:
            catalogue.open_texts(str(tmp_path / name), options)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


def test_a_quote_that_is_never_closed_does_not_hold_the_rest_of_a_table(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "_LARGEST_CELL", 1_000)
    (tmp_path / "set.csv").write_text('text,label\n"open,a\n' + "one,a\ntwo,b\n" * 500)
    texts, problems = catalogue.find_texts(str(tmp_path / "set.csv"))
    assert sum(texts.sizes.values()) == 1_000
    assert "more than 1,000 characters: a quote may not be closed" in problems[0].message


def test_a_parquet_file_has_the_documents_of_one_in_memory(tmp_path, monkeypatch):
    pq.write_table(pa.table({"text": documents(300)}), tmp_path / "set.parquet", row_group_size=70)
    assert_same_sets(tmp_path / "set.parquet", monkeypatch, tmp_path)


def test_a_folder_of_save_to_disk_keeps_its_splits(tmp_path, monkeypatch):
    folder = tmp_path / "set"
    for number, split in enumerate(("train", "test")):
        (folder / split).mkdir(parents=True)
        table = pa.table({"id": list(range(105)), "text": documents(100, number)})
        with pa.ipc.new_stream(str(folder / split / "data-00000-of-00001.arrow"), table.schema) as writer:
            writer.write_table(table, max_chunksize=40)
    (folder / "dataset_dict.json").write_text("{}")
    assert_same_sets(folder, monkeypatch, tmp_path)


def test_a_table_is_unpacked_once(tmp_path, monkeypatch):
    pq.write_table(pa.table({"text": documents(100)}), tmp_path / "set.parquet")
    first, problems = catalogue.find_texts(str(tmp_path / "set.parquet"))
    monkeypatch.setattr(arrow.Tables, "rows", lambda *_: pytest.fail("the table was read again"))
    again, found = catalogue.find_texts(str(tmp_path / "set.parquet"))
    assert (again.digest, again.sizes, found) == (first.digest, first.sizes, problems)


def test_a_parquet_file_with_labels_is_the_one_in_memory(tmp_path, monkeypatch):
    texts, labels = zip(*rows(300), strict=True)
    table = pa.table({"label": [label or None for label in labels], "text": texts})
    pq.write_table(table, tmp_path / "set.parquet", row_group_size=70)
    problems = assert_same_sets(tmp_path / "set.parquet", monkeypatch, tmp_path)
    assert {"unlabelled", "empty"} <= {each.kind for each in problems}


def test_a_classifier_has_the_batches_of_a_table_in_memory(tmp_path, monkeypatch):
    texts = [f"text {number} of them {'and more ' * (number % 9)}" for number in range(300)]
    (tmp_path / "set.csv").write_text(as_csv([(text, "odd" if n % 2 else "even") for n, text in enumerate(texts)]))
    found = []
    for options in (ReadOptions(), IN_MEMORY):
        opened = catalogue.open_texts(str(tmp_path / "set.csv"), options)
        tokenizer = tokenizers.train("words", 100, opened.splits["train"].sample)
        arguments = dict(batch_size=16, context=12, seed=3, length_buckets=2)
        with pytest.warns(Notice, match="truncated"):
            data = labelled_batches.classification(opened, tokenizer, **arguments)
        held_out = [batch for split in (data.validation, data.test) for batch in split]
        found.append([*itertools.islice(data.train_from(0), 40), *held_out])
        monkeypatch.setenv("DLCLI_CACHE", str(tmp_path / "other"))
    for one, other in zip(*found, strict=True):
        assert one.keys() == other.keys()
        assert all(np.array_equal(one[name], other[name]) for name in one)


def test_lines_of_a_table_are_those_of_one_in_memory(tmp_path):
    texts = [text for text in documents(100) if text and text.strip()]
    pq.write_table(pa.table({"text": texts}), tmp_path / "set.parquet")
    (tmp_path / "set.csv").write_text(as_csv([(text.replace("\0", ""), "a label") for text in texts]))
    for name in ("set.parquet", "set.csv"):
        options = [ReadOptions(labels=False, in_memory=each) for each in (False, True)]
        found, expected = (list(lines.read(str(tmp_path / name), each)) for each in options)
        assert found == expected


def test_equal_documents_of_a_large_table_are_found(tmp_path):
    pq.write_table(pa.table({"text": [f"text {number % 40}" for number in range(100)]}), tmp_path / "set.parquet")
    found = check(str(tmp_path / "set.parquet"))
    assert {problem.kind for problem in found} == {"duplicate"}
    assert found == check(str(tmp_path / "set.parquet"), IN_MEMORY)


def test_a_table_that_changes_while_it_is_read_is_an_error_and_leaves_nothing(tmp_path):
    readings = iter([[Entry("train", number, f"text {number}") for number in range(count)] for count in (30, 29)])
    source = Source("set", "state", {"train": "set"}, "row", lambda: iter(next(readings)))
    with pytest.raises(DatasetError, match="set has changed while it was read"):
        unpacked.text_set(source)
    assert not list((tmp_path / "cache").rglob("rows-*"))


def test_a_damaged_table_is_an_error_and_leaves_nothing(tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "state.json").write_text("{}")
    table = pa.table({"text": documents(300)})
    with pa.ipc.new_stream(str(folder / "data-0.arrow"), table.schema) as writer:
        writer.write_table(table, max_chunksize=40)
    data = (folder / "data-0.arrow").read_bytes()
    (folder / "data-0.arrow").write_bytes(data[: len(data) // 2])
    with pytest.raises(DatasetError, match="cannot be read as a table"):
        catalogue.open_texts(str(folder))
    assert not list((tmp_path / "cache").rglob("rows-*"))


def test_too_few_rows_to_divide_are_refused(tmp_path):
    pq.write_table(pa.table({"text": ["a b c " * 300, "b"]}), tmp_path / "set.parquet")
    with pytest.raises(DatasetError, match="at least 3 texts to be divided"):
        catalogue.open_texts(str(tmp_path / "set.parquet"))


@pytest.mark.parametrize("kind", FILES)
def test_a_compressed_text_has_the_pieces_of_the_text(tmp_path, kind):
    text = " ".join(filter(None, documents(200))).encode()
    (tmp_path / "raw.txt").write_bytes(text)
    (tmp_path / f"packed.txt{kind}").write_bytes(FILES[kind](text))
    plain, packed = (catalogue.open_texts(str(tmp_path / name)) for name in ("raw.txt", f"packed.txt{kind}"))
    assert isinstance(packed.splits["train"], LargeDocuments)
    for split in plain.splits:
        assert list(packed.splits[split].texts) == list(plain.splits[split].texts)
        assert packed.splits[split].digest == plain.splits[split].digest


def test_a_folder_of_compressed_documents_keeps_their_names(tmp_path):
    (tmp_path / "set").mkdir()
    for number in range(12):
        (tmp_path / "set" / f"{number}.txt.gz").write_bytes(gzip.compress(f"text {number} ".encode() * 50))
    large, whole = (catalogue.open_texts(str(tmp_path / "set"), each) for each in (ReadOptions(), IN_MEMORY))
    for split in whole.splits:
        assert list(large.splits[split].places) == list(whole.splits[split].places)
        assert large.splits[split].digest == whole.splits[split].digest


@pytest.mark.parametrize(("cut", "words"), [(40, "ends within its compressed text"), (None, "200 times its size")])
def test_a_damaged_compressed_text_is_an_error_and_leaves_nothing(tmp_path, monkeypatch, cut, words):
    monkeypatch.setattr(text_files, "_UNSUSPECTED", 2_000)
    data = gzip.compress(b"a" * 400_000 if cut is None else random.Random(0).randbytes(500).hex().encode())
    (tmp_path / "raw.txt.gz").write_bytes(data[:cut])
    with pytest.raises(DatasetError, match=words):
        catalogue.open_texts(str(tmp_path / "raw.txt.gz"))
    assert not list((tmp_path / "cache").rglob("text-*"))


def test_a_piece_of_many_documents_ends_between_two(tmp_path):
    pq.write_table(pa.table({"text": [f"text {number}" for number in range(200)]}), tmp_path / "set.parquet")
    pieces = catalogue.open_texts(str(tmp_path / "set.parquet")).splits["train"].texts.pieces
    assert len(pieces) > 3
    assert all(piece.begins for piece in pieces)
    assert all(len(piece.texts()) > 20 for piece in pieces[:-1])
    assert file_pieces.SEPARATOR not in b"".join(text.encode() for piece in pieces for _, text in piece.texts())
