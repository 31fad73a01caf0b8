"""Texts in Parquet files and in folders of `save_to_disk`."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dlcli.data import catalogue
from dlcli.data.text.catalogue import find_texts, open_texts
from dlcli.data.text.columns import ReadOptions
from dlcli.errors import DatasetError

TEXTS = [f"text {number}" for number in range(30)]


def named(table):
    features = {"label": {"names": ["bad", "good"], "_type": "ClassLabel"}}
    return table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})


def test_a_parquet_file_is_divided_like_a_table(tmp_path):
    pq.write_table(named(pa.table({"text": TEXTS, "label": [0, 1] * 15})), tmp_path / "set.parquet")
    (tmp_path / "set.csv").write_text(
        "text,label\n" + "".join(f"{text},{('bad', 'good')[n % 2]}\n" for n, text in enumerate(TEXTS))
    )
    one, other = (open_texts(str(tmp_path / f"set.{kind}")) for kind in ("parquet", "csv"))
    assert catalogue.modality(str(tmp_path / "set.parquet"), None) == "text"
    assert one.classes == ("bad", "good")
    assert {name: split.texts for name, split in one.splits.items()} == {
        name: split.texts for name, split in other.splits.items()
    }
    assert one.digest == other.digest


def test_the_splits_of_a_dataset_dict_are_used(tmp_path):
    (tmp_path / "dataset_dict.json").write_text("{}")
    for split, texts in {"train": TEXTS[:20], "validation": TEXTS[20:25], "test": TEXTS[25:]}.items():
        (tmp_path / split).mkdir()
        table = pa.table({"text": texts})
        with pa.ipc.new_stream(str(tmp_path / split / "data-00000-of-00001.arrow"), table.schema) as writer:
            writer.write_table(table)
    found = open_texts(str(tmp_path))
    assert found.sizes == {"train": 20, "validation": 5, "test": 5}
    assert list(found.splits["test"].texts) == TEXTS[25:]


def test_a_folder_of_parquet_files_has_the_splits_of_their_names(tmp_path):
    for name, texts in {"train-00000-of-00002": TEXTS[:5], "train-00001-of-00002": TEXTS[5:20]}.items():
        pq.write_table(pa.table({"text": texts}), tmp_path / f"{name}.parquet")
    pq.write_table(pa.table({"text": TEXTS[20:]}), tmp_path / "test-00000-of-00001.parquet")
    found = open_texts(str(tmp_path))
    assert found.sizes["test"] == 10
    assert found.sizes["train"] + found.sizes["validation"] == 20


def test_columns_are_chosen_by_options(tmp_path):
    pq.write_table(pa.table({"body": TEXTS, "kind": ["a", "b"] * 15}), tmp_path / "set.parquet")
    with pytest.raises(DatasetError, match="must have a column 'text'"):
        open_texts(str(tmp_path / "set.parquet"))
    options = ReadOptions(text_column="body", label_column="kind")
    assert open_texts(str(tmp_path / "set.parquet"), options).classes == ("a", "b")


def test_rows_without_text_or_label_are_problems(tmp_path):
    table = pa.table({"text": [*TEXTS, None, " "], "label": ["a", "b"] * 15 + ["a", "b"]})
    pq.write_table(table, tmp_path / "set.parquet")
    _, problems = find_texts(str(tmp_path / "set.parquet"))
    assert [(each.kind, each.where.partition(" of ")[0]) for each in problems] == [
        ("empty", "row 31"),
        ("empty", "row 32"),
    ]
