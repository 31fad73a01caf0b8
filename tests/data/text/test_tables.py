import csv
import json
import os

import pytest

from dlcli.data import text_files
from dlcli.data.text import tables
from dlcli.data.text.columns import DEFAULT, ReadOptions
from dlcli.errors import DatasetError
from dlcli.notices import Notice

SEPARATORS = ["\u2028", "\u2029", "\x85", "\f", "\v", "\x1c", "\x1d", "\x1e"]


def texts(path, options=DEFAULT):
    """Return the texts and labels of a table without problems."""
    rows, bad = tables.read(path, options.text)
    assert bad == []
    return [(cells["text"], cells.get("label")) for _, cells in rows]


def problems(path, options=DEFAULT):
    return [problem.message.replace(f" of {path}", "") for problem in tables.read(path, options.text)[1]]


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize("separator", SEPARATORS, ids=ascii)
@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl"])
def test_unicode_separators_are_part_of_a_cell(write, ending, separator):
    text = f"one{separator}two"
    contents = {
        "csv": f"text,label\n{text},a\nthree,b\n",
        "tsv": f"text\tlabel\n{text}\ta\nthree\tb\n",
        "jsonl": "".join(
            json.dumps(row, ensure_ascii=separator < " ") + "\n"
            for row in ({"text": text, "label": "a"}, {"text": "three", "label": "b"})
        ),
    }
    assert texts(write(f"a.{ending}", contents[ending])) == [(text, "a"), ("three", "b")]


def test_rows_after_a_cell_with_line_ends_keep_their_line_numbers(write):
    path = write("a.csv", 'text,label\r\n"one\ntwo\r\nthree",a\r\n\r\nfour,b\r\nfive\r\n')
    rows, _ = tables.read(path, DEFAULT.text)
    assert [(line, cells["text"]) for line, cells in rows] == [(2, "one\ntwo\r\nthree"), (6, "four")]
    assert problems(path) == ["line 7 must have 2 columns, and has 1"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.CSV"])
def test_the_header_determines_delimiter_and_quoting(tmp_path, name, delimiter, quoting):
    path = tmp_path / name
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file, delimiter=delimiter, quoting=quoting)
        writer.writerows([["id", "text", "label"], ["1", "one", "a"], ["2", "two", "b"]])
    assert texts(path) == [("one", "a"), ("two", "b")]


def test_the_header_with_the_wanted_columns_determines_the_delimiter(write):
    assert texts(write("a.csv", "text;a,b;label\none;2,3;x\n")) == [("one", "x")]


def test_the_separator_line_of_spreadsheets_is_skipped(write):
    assert texts(write("a.csv", "sep=;\ntext;label\none;x\n")) == [("one", "x")]


def test_options_name_the_columns(write):
    path = write("a.csv", "review,stars,text\ngood,5,no\nbad,1,no\n")
    assert texts(path, ReadOptions(text_column="review", label_column="stars")) == [("good", "5"), ("bad", "1")]


def test_the_error_for_a_missing_column_names_the_nearest(write):
    path = write("a.csv", "review,sentiment\ngood,1\n")
    message = "must have a column 'sentimnt', found 'review', 'sentiment'; did you mean 'sentiment'"
    with pytest.raises(DatasetError, match=message) as caught:
        tables.read(path, ReadOptions(text_column="review", label_column="sentimnt").text)
    assert "--label-column NAME" in caught.value.hint


@pytest.mark.parametrize("header", ["Text,label", " text ,label", "TEXT,label", "\u200btext,label"])
def test_a_column_with_a_similar_name_is_read_with_a_note(write, header):
    with pytest.warns(Notice, match="is read as 'text'"):
        assert texts(write("a.csv", f"{header}\none,a\n")) == [("one", "a")]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("text,label,label", "columns with different names, found twice: 'label'"),
        ("Text,TEXT,label", "one column 'text', found 'Text', 'TEXT'"),
        ("text, text,label", "one column 'text', found 'text', ' text'"),
        ("caf\u00e9,cafe\u0301", r"found 'caf\u00e9' \(caf<U\+00E9>\), 'cafe\u0301' \(cafe<U\+0301>\)"),
    ],
)
def test_an_ambiguous_column_is_refused(write, header, message):
    options = ReadOptions(text_column="caf\u00c9" if header.startswith("caf") else None)
    with pytest.raises(DatasetError, match=message):
        tables.read(write("a.csv", f"{header}\na,b,c\n"), options.text)


def test_an_exact_name_given_by_an_option_is_not_ambiguous(write):
    path = write("a.csv", "Text,TEXT,label\none,two,a\n")
    assert texts(path, ReadOptions(text_column="TEXT")) == [("two", "a")]


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ('a,x\none,"b\nc,y\n', "line 3 has an opening quote that is never closed"),
        ('a,x\n"one\ntwo","b\nc,y\n', "line 4 has an opening quote that is never closed"),
        ('a,x\n"one"two,b\n', "line 3 has a quoted cell that continues after its closing quote"),
        ("a,x\none\rtwo,b\n", "line 3 has a carriage return outside quotes"),
        ("a,x\none\0,b\n", "line 3 has a NUL character in its text"),
    ],
)
def test_the_problem_of_a_malformed_row_names_the_line(write, rows, found):
    assert problems(write("a.csv", f"text,label\n{rows}"))[0].startswith(found)


def test_rows_after_an_unclosed_quote_are_read(write):
    rows, bad = tables.read(write("a.csv", 'text,label\none,"a\ntwo,b\nthree,c\n'), DEFAULT.text)
    assert [cells["text"] for _, cells in rows] == ["two", "three"]
    assert len(bad) == 1


def test_the_problem_of_invalid_utf8_names_the_line_with_the_byte(write):
    path = write("a.csv", b"text,label\none,a\n" + "café,b\nthree,c\n".encode("latin-1"))
    assert problems(path) == ["line 3 must be UTF-8, found the byte 0xE9 in its text"]


def test_carriage_returns_alone_are_refused_with_a_remedy(write):
    with pytest.raises(DatasetError, match=r"found \\r alone \(classic Mac OS\)") as caught:
        tables.read(write("a.csv", "text,label\rone,a\r"), DEFAULT.text)
    assert caught.value.hint.startswith("tr ")


def test_json_numbers_and_booleans_become_labels_by_their_value(write):
    given = ("0.0", "1.0", "1", "0.5", "true", '"x"', "null")
    lines = [f'{{"text": "t", "label": {label}}}\n' for label in given]
    labels = [label for _, label in texts(write("a.jsonl", "".join(lines)))]
    assert labels == ["0", "1", "1", "0.5", "true", "x", None]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('{"text": "t", "label": 1e400}', "must have a string, a finite number or a boolean as label"),
        ('{"text": "t", "label": NaN}', "must have a string, a finite number or a boolean as label"),
        ('{"text": "t", "label": {}}', "must have a string, a finite number or a boolean as label"),
        ('{"text": 3}', "must have a string as text, found a number"),
        ('{"text": null}', "must be a JSON object with a string for 'text'"),
        ('{"text": "a", "text": "b"}', "must be a JSON object: it has 'text' twice"),
        ('{"text": "\\ud800"}', "must be UTF-8, found the surrogate U+D800 in its text"),
        ('{"text": ' + "9" * 5000 + "}", "must be a JSON object: Exceeds the limit"),
        ("[" * 100_000, "must be a JSON object, and is nested too deeply"),
        ('["text"]', "must be a JSON object, found an array"),
        ('{"text": "a"', "must be a JSON object, and is not JSON"),
    ],
)
def test_the_problem_of_a_malformed_json_line_names_the_reason(write, line, found):
    assert problems(write("a.jsonl", f'{{"text": "fine"}}\n{line}\n'))[0].startswith(f"line 2 {found}")


@pytest.mark.parametrize("ending", ["", ".gz", ".xz"])
def test_a_file_that_decompresses_to_too_much_is_refused(write, monkeypatch, ending):
    import gzip
    import lzma

    monkeypatch.setattr(text_files, "LARGEST", 2**20)
    packed = {"": bytes, ".gz": gzip.compress, ".xz": lzma.compress}[ending]
    with pytest.raises(DatasetError, match="at most 1 MiB, found more"):
        text_files.read(write(f"a.txt{ending}", packed(b"a" * (2**20 + 1))))
    assert len(text_files.read(write(f"b.txt{ending}", packed(b"a" * 2**20)))) == 2**20


@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_a_path_that_is_not_a_regular_file_is_refused_at_once(tmp_path, kind):
    path = tmp_path / "a.csv"
    {"pipe": os.mkfifo, "device": lambda path: path.symlink_to("/dev/zero"), "folder": os.mkdir}[kind](path)
    with pytest.raises(DatasetError, match="must be a regular file"):
        text_files.read(path)
    assert text_files.head(path) == ""


@pytest.mark.parametrize("ending", ["gz", "xz"])
def test_a_decompression_bomb_is_refused_early(write, monkeypatch, ending):
    import gzip
    import lzma

    monkeypatch.setattr(text_files, "_UNSUSPECTED", 2**20)
    packed = {"gz": gzip.compress, "xz": lzma.compress}[ending](b"a" * 2**24)
    with pytest.raises(DatasetError, match=r"decompress to at most 200 times its size, found more than"):
        text_files.read(write(f"a.txt.{ending}", packed))
