import json

import pytest

from dlcli.data.text.catalogue import modality, open_pairs
from dlcli.data.text.columns import ReadOptions
from dlcli.errors import DatasetError, UsageError
from dlcli.notices import Notice


def tsv(path, rows, *, named=True):
    lines = (["source\ttarget"] if named else []) + ["\t".join(row) for row in rows]
    path.write_text("\n".join(lines) + "\n")
    return path


ROWS = [(f"one {number}", f"uno {number}") for number in range(20)]


def everything(found):
    return {pair for split in found.splits.values() for pair in zip(split.sources, split.targets, strict=True)}


def test_the_dates_have_three_splits():
    found = open_pairs("dates")
    assert list(found.sizes) == ["train", "validation", "test"]
    assert all(len(target) == 10 and target[4] == "-" for target in found.splits["test"].targets)


def test_each_pair_of_a_table_is_in_one_split(tmp_path):
    found = open_pairs(str(tsv(tmp_path / "pairs.tsv", ROWS)))
    assert found.sizes == {"train": 14, "validation": 2, "test": 4}
    assert everything(found) == set(ROWS)


def test_a_table_without_a_header_is_read_with_a_note(tmp_path):
    with pytest.warns(Notice, match="no header; its two columns are read as source and target"):
        found = open_pairs(str(tsv(tmp_path / "pairs.tsv", ROWS, named=False)))
    assert everything(found) == set(ROWS)


def test_jsonl_and_csv_give_the_same_pairs_as_tsv(tmp_path):
    lines = [json.dumps({"target": target, "source": source, "more": 1}) for source, target in ROWS]
    (tmp_path / "pairs.jsonl").write_text("\n".join(lines))
    (tmp_path / "pairs.csv").write_text("source,target\n" + "\n".join(f'"{one}",{two}' for one, two in ROWS))
    expected = open_pairs(str(tsv(tmp_path / "pairs.tsv", ROWS))).splits["train"]
    for ending in ("jsonl", "csv"):
        found = open_pairs(str(tmp_path / f"pairs.{ending}")).splits["train"]
        assert (found.sources, found.targets) == (expected.sources, expected.targets)


def test_a_folder_has_the_splits_of_its_files(tmp_path):
    tsv(tmp_path / "train.tsv", ROWS[:10])
    tsv(tmp_path / "val.tsv", ROWS[10:14])
    tsv(tmp_path / "test.tsv", ROWS[14:])
    assert open_pairs(str(tmp_path)).sizes == {"train": 10, "validation": 4, "test": 6}


def test_parallel_files_are_pairs_in_the_named_direction(tmp_path):
    for language, place in (("en", 0), ("it", 1)):
        for name, rows in (("train", ROWS[:10]), ("dev", ROWS[10:12]), ("test_2016", ROWS[12:])):
            (tmp_path / f"{name}.{language}").write_text("\n".join(row[place] for row in rows) + "\n")
    found = open_pairs(f"{tmp_path}:it-en")
    assert found.sizes == {"train": 10, "validation": 2, "test": 8}
    assert (found.splits["train"].sources[0], found.splits["train"].targets[0]) == ("uno 0", "one 0")


def test_parallel_files_of_different_lengths_are_refused(tmp_path):
    (tmp_path / "train.en").write_text("a\nb\n")
    (tmp_path / "train.it").write_text("a\n")
    with pytest.raises(DatasetError, match="the same number of lines, found 2 and 1"):
        open_pairs(f"{tmp_path}:en-it")


def test_a_pair_without_a_target_is_named_by_its_line(tmp_path):
    with pytest.raises(DatasetError, match=r"line 22 of .* must have a source and a target"):
        open_pairs(str(tsv(tmp_path / "pairs.tsv", [*ROWS, ("one", " ")])))


def test_a_table_without_the_columns_is_refused(tmp_path):
    (tmp_path / "pairs.csv").write_text("text,label\na,b\n")
    with pytest.raises(DatasetError, match="must have columns 'source' and 'target', found 'text', 'label'"):
        open_pairs(str(tmp_path / "pairs.csv"))


def test_the_digest_distinguishes_sources_from_targets(tmp_path):
    one = open_pairs(str(tsv(tmp_path / "one.tsv", ROWS))).splits["train"]
    other = open_pairs(str(tsv(tmp_path / "other.tsv", [row[::-1] for row in ROWS]))).splits["train"]
    assert one.digest != other.digest


def test_the_error_for_an_unknown_name_names_the_nearest():
    with pytest.raises(UsageError, match="did you mean dates"):
        open_pairs("date")


def parallel(folder, *languages, splits=("train", "val", "test_2016")):
    for language in languages:
        for split in splits:
            (folder / f"{split}.{language}").write_text("".join(f"{language} {split} {n}\n" for n in range(5)))


def test_the_languages_of_two_parallel_files_can_be_left_out(tmp_path):
    parallel(tmp_path, "en", "de")
    (tmp_path / "readme.md").write_text("x")
    assert modality(str(tmp_path)) == "pairs"
    with pytest.warns(Notice, match="from de to en"):
        found = open_pairs(str(tmp_path))
    assert found.sizes == {"train": 5, "validation": 5, "test": 5}
    assert (found.splits["train"].sources[0], found.splits["train"].targets[0]) == ("de train 0", "en train 0")


def test_parallel_files_of_three_languages_are_listed(tmp_path):
    parallel(tmp_path, "en", "de", "fr")
    with pytest.raises(DatasetError, match="found training files of: de, en, fr"):
        open_pairs(str(tmp_path))


def test_unicode_separators_do_not_end_a_line(tmp_path):
    (tmp_path / "train.de").write_text("".join(f"eins\u2028zwei\x0c{n}\n" for n in range(20)))
    (tmp_path / "train.en").write_text("".join(f"one {n}\n" for n in range(20)))
    found = open_pairs(f"{tmp_path}:de-en")
    assert sum(found.sizes.values()) == 20
    assert "eins\u2028zwei" in found.splits["train"].sources[0]


def test_a_split_without_one_language_is_refused(tmp_path):
    parallel(tmp_path, "en", "de")
    (tmp_path / "val.en").unlink()
    with pytest.raises(DatasetError, match=r"found val.de \(de\) and none of en"):
        open_pairs(f"{tmp_path}:de-en")


def test_a_bad_line_is_left_out_of_both_files(tmp_path):
    (tmp_path / "train.de").write_bytes(b"".join(b"de %d\n" % n for n in range(20)) + b"caf\xe9\nlast\n")
    (tmp_path / "train.en").write_text("".join(f"en {n}\n" for n in range(20)) + "coffee\n\n")
    with pytest.warns(Notice, match="leaves out 2 examples"):
        found = open_pairs(f"{tmp_path}:de-en", ReadOptions(skip_bad=True))
    assert everything(found) == {(f"de {n}", f"en {n}") for n in range(20)}


@pytest.mark.parametrize(
    ("content", "recognized"),
    [
        ("source\ttarget\na\tb\n", True),
        ('"source","target"\n"a","b"\n', True),
        ("Source;Target\na;b\n", True),
        ("text\tlabel\na\tb\n", False),
        ("source\ttext\ttarget\na\tb\tc\n", False),
        ("".join(f"one {n}\tuno {n}\n" for n in range(20)), True),
        ("".join(f"{'ab'[n % 2]}\ttext {n}\n" for n in range(20)), False),
        ("".join(f"text {n}\t{'ab'[n % 2]}\n" for n in range(20)), False),
    ],
)
def test_a_table_of_pairs_is_recognized_by_its_columns(tmp_path, content, recognized):
    (tmp_path / "a.tsv").write_text(content)
    assert (modality(str(tmp_path / "a.tsv")) == "pairs") == recognized


def test_options_name_the_columns_of_pairs(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\n" + "".join(f"t{n},l{n}\n" for n in range(20)))
    options = ReadOptions(source_column="label", target_column="text")
    assert modality(str(tmp_path / "a.csv"), options) == "pairs"
    assert everything(open_pairs(str(tmp_path / "a.csv"), options)) == {(f"l{n}", f"t{n}") for n in range(20)}
