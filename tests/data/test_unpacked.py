"""Compressed texts and tables larger than memory have the documents, splits and tokens of those in memory."""

import gzip
import lzma
import random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dlcli.data import arrow, text_files
from dlcli.data.text import catalogue, file_pieces, lines, token_streams, tokenizers, unpacked
from dlcli.data.text.check import check
from dlcli.data.text.columns import ReadOptions
from dlcli.data.text.large_texts import LargeDocuments
from dlcli.errors import DatasetError

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


def assert_same_sets(name, monkeypatch, tmp_path):
    large, whole = catalogue.find_texts(str(name)), catalogue.find_texts(str(name), IN_MEMORY)
    assert large[1] == whole[1]  # the problems
    assert large[0].sizes == whole[0].sizes
    tokenizer = tokenizers.train("words", 100, whole[0].splits["train"].texts)
    for split, expected in whole[0].splits.items():
        found = large[0].splits[split]
        assert isinstance(found, LargeDocuments)
        assert (found.digest, found.characters) == (expected.digest, expected.characters)
        assert list(found.places) == list(expected.places)
        assert len(list(found.keys())) == len(expected)
    in_pieces = streams(large[0], tokenizer)
    monkeypatch.setenv("DLCLI_CACHE", str(tmp_path / "other"))
    assert in_pieces == streams(whole[0], tokenizer)


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
    monkeypatch.setattr(arrow.Tables, "batches", lambda *_: pytest.fail("the table was read again"))
    again, found = catalogue.find_texts(str(tmp_path / "set.parquet"))
    assert (again.digest, again.sizes, found) == (first.digest, first.sizes, problems)


def test_a_table_with_labels_stays_in_memory(tmp_path):
    pq.write_table(pa.table({"text": ["a b", "c d"] * 20, "label": ["x", "y"] * 20}), tmp_path / "set.parquet")
    assert catalogue.open_texts(str(tmp_path / "set.parquet")).classes == ("x", "y")
    unlabelled = catalogue.open_texts(str(tmp_path / "set.parquet"), ReadOptions(labels=False))
    assert isinstance(unlabelled.splits["train"], unpacked.UnpackedDocuments)


def test_lines_of_a_table_are_those_of_one_in_memory(tmp_path):
    pq.write_table(pa.table({"text": [*documents(100)[:100], "b"]}), tmp_path / "set.parquet")
    found, expected = (list(lines.read(str(tmp_path / "set.parquet"), each)) for each in (ReadOptions(), IN_MEMORY))
    assert found == expected


def test_equal_documents_of_a_large_table_are_found(tmp_path):
    pq.write_table(pa.table({"text": [f"text {number % 40}" for number in range(100)]}), tmp_path / "set.parquet")
    found = check(str(tmp_path / "set.parquet"))
    assert {problem.kind for problem in found} == {"duplicate"}
    assert found == check(str(tmp_path / "set.parquet"), IN_MEMORY)


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
