import numpy as np
import pytest

from dlcli.data import catalogue as every
from dlcli.data.tabular import catalogue
from dlcli.data.tabular.batches import describe, read
from dlcli.data.tabular.builder import ReadOptions
from dlcli.errors import DatasetError, UsageError
from dlcli.techniques.mlp.options import Train


@pytest.mark.parametrize("name", catalogue.embedded())
def test_an_embedded_table_is_divided_into_splits_without_common_rows(name):
    table = catalogue.open(name)
    places = [set(split.places) for split in table.splits.values()]
    assert list(table.splits) == ["train", "validation", "test"]
    assert sum(map(len, places)) == len(set.union(*places)) == sum(table.sizes.values())


def test_an_unknown_table_has_the_nearest_name():
    with pytest.raises(UsageError, match="did you mean iris"):
        catalogue.open("irsi")


@pytest.mark.parametrize(
    ("target", "task", "classes"),
    [
        (["a", "b"] * 10, None, ("a", "b")),
        ([3, 10] * 10, None, ("3", "10")),
        ([0.5, 1.5] * 10, None, ()),
        (list(range(30)), None, ()),
        ([0.5, 1.5] * 10, "classify", ("0.5", "1.5")),
        ([3, 10] * 10, "regress", ()),
    ],
)
def test_the_target_decides_the_task_unless_an_option_does(target, task, classes, tmp_path):
    rows = [f"{number},{each}" for number, each in enumerate(target)]
    (tmp_path / "set.csv").write_text("\n".join(["a,label", *rows]))
    assert catalogue.open(str(tmp_path / "set.csv"), ReadOptions(task=task)).classes == classes


def test_the_training_features_have_mean_0_and_standard_deviation_1():
    table = catalogue.open("wine")
    found = describe(table).standardize(table.splits["train"].features)
    assert found.mean(axis=0) == pytest.approx(np.zeros(13), abs=1e-5)
    assert found.std(axis=0) == pytest.approx(np.ones(13), abs=1e-5)


def test_a_constant_column_has_standard_deviation_1(tmp_path):
    (tmp_path / "set.csv").write_text("\n".join(["a,b,c", *(f"0.1,{n},{n % 2}" for n in range(30))]))
    assert describe(catalogue.open(str(tmp_path / "set.csv"))).std[0] == 1


def test_a_trained_run_reads_other_data_with_its_own_statistics():
    facts = read(Train(dataset="moons")).facts.model_copy(update={"mean": (5.0, 5.0)})
    batch = next(iter(read(Train(dataset="moons"), facts).test))
    own = next(iter(read(Train(dataset="moons")).test))
    assert (batch["features"] < own["features"]).all()


def test_the_last_batch_is_padded():
    batches = list(read(Train(dataset="iris", batch_size=20)).test)
    assert [int(batch["mask"].sum()) for batch in batches] == [20, 10]


def test_fewer_training_examples_are_balanced():
    assert catalogue.open("iris").limited(30).counts("train") == [10, 10, 10]


@pytest.mark.parametrize("name", ["moons", "iris"])
def test_the_target_of_an_embedded_table_is_fixed(name):
    with pytest.raises(UsageError, match="--target-column needs a table with a header"):
        catalogue.open(name, ReadOptions(target_column="x"))


def test_a_table_of_five_rows_at_least_is_needed(tmp_path):
    (tmp_path / "set.csv").write_text("a,b\n1,2.5\n")
    with pytest.raises(DatasetError, match="at least 5 usable rows, found 1"):
        catalogue.open(str(tmp_path / "set.csv"))


@pytest.mark.parametrize(
    ("header", "row", "modality"),
    [("a,b", "1,2", "tabular"), ("label,text", "1,words", "text"), ("source,target", "1,2", "pairs")],
)
def test_a_csv_file_is_numbers_texts_or_pairs_by_its_columns(header, row, modality, tmp_path):
    (tmp_path / "set.csv").write_text(f"{header}\n{row}\n")
    assert every.modality(str(tmp_path / "set.csv"), None) == modality


@pytest.mark.parametrize(("shape", "modality"), [([9, 3], "tabular"), ([9, 8, 8], "images")])
def test_an_npz_file_is_numbers_or_images_by_its_axes(shape, modality, tmp_path):
    np.savez(tmp_path / "set.npz", x=np.zeros(shape, np.uint8), y=np.zeros(9, int))
    assert every.modality(str(tmp_path / "set.npz"), None) == modality
