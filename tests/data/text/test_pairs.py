import json

import pytest

from dlcli.data.text import pairs
from dlcli.data.text.columns import Reading
from dlcli.errors import DatasetError, UsageError
from dlcli.notices import Notice


def tsv(path, rows, *, named=True):
    lines = (["source\ttarget"] if named else []) + ["\t".join(row) for row in rows]
    path.write_text("\n".join(lines) + "\n")
    return path


ROWS = [(f"one {number}", f"uno {number}") for number in range(20)]


def everything(found):
    return {pair for split in found.splits.values() for pair in zip(split.sources, split.targets, strict=True)}


def test_the_dates_have_their_sources_and_targets_in_three_splits():
    found = pairs.open("dates")
    assert list(found.sizes) == ["train", "validation", "test"]
    assert all(len(target) == 10 and target[4] == "-" for target in found.splits["test"].targets)


def test_a_table_is_divided_and_keeps_every_pair_once(tmp_path):
    found = pairs.open(str(tsv(tmp_path / "pairs.tsv", ROWS)))
    assert found.sizes == {"train": 14, "validation": 2, "test": 4}
    assert everything(found) == set(ROWS)


def test_a_table_without_a_header_keeps_its_first_pair_and_says_how_it_is_read(tmp_path):
    with pytest.warns(Notice, match="no header, and its two columns are read as source and target"):
        found = pairs.open(str(tsv(tmp_path / "pairs.tsv", ROWS, named=False)))
    assert everything(found) == set(ROWS)


def test_objects_and_commas_are_read_as_tabs_are(tmp_path):
    lines = [json.dumps({"target": target, "source": source, "more": 1}) for source, target in ROWS]
    (tmp_path / "pairs.jsonl").write_text("\n".join(lines))
    (tmp_path / "pairs.csv").write_text("source,target\n" + "\n".join(f'"{one}",{two}' for one, two in ROWS))
    expected = pairs.open(str(tsv(tmp_path / "pairs.tsv", ROWS))).splits["train"]
    for ending in ("jsonl", "csv"):
        found = pairs.open(str(tmp_path / f"pairs.{ending}")).splits["train"]
        assert (found.sources, found.targets) == (expected.sources, expected.targets)


def test_a_folder_has_the_splits_of_its_files(tmp_path):
    tsv(tmp_path / "train.tsv", ROWS[:10])
    tsv(tmp_path / "val.tsv", ROWS[10:14])
    tsv(tmp_path / "test.tsv", ROWS[14:])
    assert pairs.open(str(tmp_path)).sizes == {"train": 10, "validation": 4, "test": 6}


def test_parallel_files_are_pairs_in_the_direction_that_is_named(tmp_path):
    for language, place in (("en", 0), ("it", 1)):
        for name, rows in (("train", ROWS[:10]), ("dev", ROWS[10:12]), ("test_2016", ROWS[12:])):
            (tmp_path / f"{name}.{language}").write_text("\n".join(row[place] for row in rows) + "\n")
    found = pairs.open(f"{tmp_path}:it-en")
    assert found.sizes == {"train": 10, "validation": 2, "test": 8}
    assert (found.splits["train"].sources[0], found.splits["train"].targets[0]) == ("uno 0", "one 0")


def test_parallel_files_of_different_lengths_are_refused(tmp_path):
    (tmp_path / "train.en").write_text("a\nb\n")
    (tmp_path / "train.it").write_text("a\n")
    with pytest.raises(DatasetError, match="as many lines, found 2 and 1"):
        pairs.open(f"{tmp_path}:en-it")


def test_a_pair_without_a_target_is_named_by_its_line(tmp_path):
    with pytest.raises(DatasetError, match=r"line 22 of .* must hold a source and a target"):
        pairs.open(str(tsv(tmp_path / "pairs.tsv", [*ROWS, ("one", " ")])))


def test_a_table_without_the_columns_is_refused(tmp_path):
    (tmp_path / "pairs.csv").write_text("text,label\na,b\n")
    with pytest.raises(DatasetError, match="must have columns 'source' and 'target', found 'text', 'label'"):
        pairs.open(str(tmp_path / "pairs.csv"))


def test_the_digest_knows_the_texts_and_their_sides(tmp_path):
    one = pairs.open(str(tsv(tmp_path / "one.tsv", ROWS))).splits["train"]
    other = pairs.open(str(tsv(tmp_path / "other.tsv", [row[::-1] for row in ROWS]))).splits["train"]
    assert one.digest != other.digest


def test_an_unknown_name_has_the_nearest_one():
    with pytest.raises(UsageError, match="did you mean dates"):
        pairs.open("date")


def parallel(folder, *languages, splits=("train", "val", "test_2016")):
    for language in languages:
        for split in splits:
            (folder / f"{split}.{language}").write_text("".join(f"{language} {split} {n}\n" for n in range(5)))


def test_parallel_files_of_two_languages_need_no_names(tmp_path):
    parallel(tmp_path, "en", "de")
    (tmp_path / "readme.md").write_text("x")
    assert pairs.claims(str(tmp_path))
    with pytest.warns(Notice, match="from de to en"):
        found = pairs.open(str(tmp_path))
    assert found.sizes == {"train": 5, "validation": 5, "test": 5}
    assert (found.splits["train"].sources[0], found.splits["train"].targets[0]) == ("de train 0", "en train 0")


def test_parallel_files_of_three_languages_are_listed(tmp_path):
    parallel(tmp_path, "en", "de", "fr")
    with pytest.raises(DatasetError, match="found train files of: de, en, fr"):
        pairs.open(str(tmp_path))


def test_a_line_separator_within_a_line_makes_no_line_of_its_own(tmp_path):
    (tmp_path / "train.de").write_text("".join(f"eins\u2028zwei\x0c{n}\n" for n in range(20)))
    (tmp_path / "train.en").write_text("".join(f"one {n}\n" for n in range(20)))
    found = pairs.open(f"{tmp_path}:de-en")
    assert sum(found.sizes.values()) == 20
    assert "eins\u2028zwei" in found.splits["train"].sources[0]


def test_a_split_of_one_language_alone_is_named(tmp_path):
    parallel(tmp_path, "en", "de")
    (tmp_path / "val.en").unlink()
    with pytest.raises(DatasetError, match=r"found val.de \(de\) and none of en"):
        pairs.open(f"{tmp_path}:de-en")


def test_bad_pairs_are_left_out_of_both_sides(tmp_path):
    (tmp_path / "train.de").write_bytes(b"".join(b"de %d\n" % n for n in range(20)) + b"caf\xe9\nlast\n")
    (tmp_path / "train.en").write_text("".join(f"en {n}\n" for n in range(20)) + "coffee\n\n")
    with pytest.warns(Notice, match="leaves out 2 examples"):
        found = pairs.open(f"{tmp_path}:de-en", Reading(skip_bad=True))
    assert everything(found) == {(f"de {n}", f"en {n}") for n in range(20)}


@pytest.mark.parametrize(
    ("content", "claimed"),
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
def test_a_table_is_one_of_pairs_by_its_columns(tmp_path, content, claimed):
    (tmp_path / "a.tsv").write_text(content)
    assert pairs.claims(str(tmp_path / "a.tsv")) == claimed


def test_options_say_which_columns_are_pairs(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\n" + "".join(f"t{n},l{n}\n" for n in range(20)))
    reading = Reading(source_column="label", target_column="text")
    assert pairs.claims(str(tmp_path / "a.csv"), reading)
    assert everything(pairs.open(str(tmp_path / "a.csv"), reading)) == {(f"l{n}", f"t{n}") for n in range(20)}
