"""Pairs in Parquet files and in folders of `save_to_disk`."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dlcli.data import catalogue
from dlcli.data.text.catalogue import find_pairs, open_pairs
from dlcli.data.text.columns import ReadOptions
from dlcli.errors import DatasetError

SOURCES, TARGETS = [f"source {number}" for number in range(30)], [f"target {number}" for number in range(30)]


def test_a_parquet_file_is_divided_like_a_table(tmp_path):
    pq.write_table(pa.table({"source": SOURCES, "target": TARGETS}), tmp_path / "set.parquet")
    lines = "".join(f"{source},{target}\n" for source, target in zip(SOURCES, TARGETS, strict=True))
    (tmp_path / "set.csv").write_text(f"source,target\n{lines}")
    one, other = (open_pairs(str(tmp_path / f"set.{kind}")) for kind in ("parquet", "csv"))
    assert catalogue.modality(str(tmp_path / "set.parquet"), None) == "pairs"
    for split in other.splits:
        assert one.splits[split].sources == other.splits[split].sources
        assert one.splits[split].digest == other.splits[split].digest


def test_the_splits_of_a_dataset_dict_are_used(tmp_path):
    (tmp_path / "dataset_dict.json").write_text("{}")
    for split, part in {"train": slice(20), "validation": slice(20, 25), "test": slice(25, 30)}.items():
        (tmp_path / split).mkdir()
        table = pa.table({"source": SOURCES[part], "target": TARGETS[part]})
        with pa.ipc.new_stream(str(tmp_path / split / "data-00000-of-00001.arrow"), table.schema) as writer:
            writer.write_table(table)
    assert open_pairs(str(tmp_path)).sizes == {"train": 20, "validation": 5, "test": 5}


def test_columns_are_chosen_by_options(tmp_path):
    pq.write_table(pa.table({"de": SOURCES, "en": TARGETS}), tmp_path / "set.parquet")
    with pytest.raises(DatasetError, match="must have columns 'source' and 'target'"):
        open_pairs(str(tmp_path / "set.parquet"))
    options = ReadOptions(source_column="de", target_column="en")
    assert catalogue.modality(str(tmp_path / "set.parquet"), None, options) == "pairs"
    assert open_pairs(str(tmp_path / "set.parquet"), options).sizes["train"] == 21


def test_pairs_that_lack_a_text_are_problems(tmp_path):
    table = pa.table({"source": [*SOURCES, None, "a"], "target": [*TARGETS, "b", " "]})
    pq.write_table(table, tmp_path / "set.parquet")
    _, problems = find_pairs(str(tmp_path / "set.parquet"))
    assert [each.where.partition(" of ")[0] for each in problems] == ["row 31", "row 32"]
