import numpy as np
import pytest

from dlcli.data.tabular import catalogue
from dlcli.data.tabular.builder import ReadOptions
from dlcli.errors import DatasetError
from dlcli.notices import Notice

X, Y = np.arange(80.0).reshape(40, 2), np.arange(40) % 2


def saved(folder, **arrays):
    np.savez(folder / "set.npz", **arrays)
    return str(folder / "set.npz")


def test_x_and_y_are_divided_into_splits(tmp_path):
    table = catalogue.open(saved(tmp_path, x=X, y=Y))
    assert (table.sizes, table.classes) == ({"train": 28, "validation": 4, "test": 8}, ("0", "1"))


def test_given_splits_are_used(tmp_path):
    table = catalogue.open(saved(tmp_path, x_train=X, y_train=Y, x_test=X[:5] + 1, y_test=Y[:5], columns=["u", "v"]))
    assert table.features == ("u", "v")
    assert np.array_equal(table.splits["test"].features, X[:5] + 1)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": X}, "must contain the arrays `x` and `y`"),
        ({"x": X, "y": Y[:3]}, "y of .* must be numbers or strings \\[40\\]"),
        ({"x": X.astype(str), "y": Y}, "x of .* must be numbers \\[example, 2\\]"),
        ({"x": X, "y": Y, "x_test": X[:, :1], "y_test": Y}, "x_test of .* must be numbers \\[example, 2\\]"),
    ],
)
def test_arrays_of_other_shapes_or_types_are_refused(arrays, message, tmp_path):
    with pytest.raises(DatasetError, match=message):
        catalogue.open(saved(tmp_path, **arrays))


def test_a_row_with_nan_can_be_skipped(tmp_path):
    x = X.copy()
    x[3, 1] = np.nan
    with pytest.raises(DatasetError, match="row 3 of x must contain finite numbers"):
        catalogue.open(saved(tmp_path, x=x, y=Y))
    with pytest.warns(Notice, match="leaves out 1 example"):
        table = catalogue.open(str(tmp_path / "set.npz"), ReadOptions(skip_bad=True))
    assert sum(table.sizes.values()) == 39
