"""Rows without a target, as `predict` takes them: numbers with commas between them, tables, and arrays."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from dlcli.data import text_files
from dlcli.data.labels import normalized
from dlcli.data.tabular.cells import LARGEST, number, problem
from dlcli.data.tabular.sources import table
from dlcli.errors import DatasetError


@dataclasses.dataclass(frozen=True)
class Row:
    """A row, or why it cannot be read.

    Attributes:
        source: the row as it is given, or where it comes from.
        numbers: one per feature.
        problem: what is wrong; "" if nothing is.
    """

    source: str
    numbers: Sequence[float] = ()
    problem: str = ""


def read(given: str | np.ndarray, features: Sequence[str]) -> Iterator[Row]:
    """Yield the rows of a line such as "5.1,3.5", of a table with a header, or of an array [feature].

    Args:
        given: the line, the path of a `.csv` or `.tsv` file, or the array.
        features: names of the columns that the model reads; a table may have others.
    """
    if isinstance(given, np.ndarray):
        yield _array(given, features)
    elif table.matches(given):
        try:
            yield from _file(given, features)
        except DatasetError as error:
            yield Row(given, problem=str(error))
    else:
        yield _row(given, given.split("\t" if "\t" in given else ";" if ";" in given else ","), features, repr(given))


def _array(given: np.ndarray, features: Sequence[str]) -> Row:
    if given.shape != (len(features),) or given.dtype.kind not in "iufb":
        return Row("array", problem=f"a row must be {len(features)} numbers, got {given.dtype} {list(given.shape)}")
    numbers = given.astype(np.float64).tolist()
    source = ",".join(f"{value:g}" for value in numbers)
    if not all(abs(value) <= LARGEST for value in numbers):
        return Row(source, problem=f"a row must be finite numbers, got {source}")
    return Row(source, numbers)


def _file(name: str, features: Sequence[str]) -> Iterator[Row]:
    path = text_files.located(name)
    header, lines = table.parse(path, text_files.decoded(path)[0])
    names = [normalized(each) for each in header]
    if missing := [each for each in features if normalized(each) not in names]:
        raise DatasetError(f"{path} must have the columns of training, and lacks {', '.join(map(repr, missing[:5]))}")
    order = [names.index(normalized(each)) for each in features]
    for line, cells in lines:
        where = f"line {line} of {path}"
        if len(cells) != len(header):
            yield Row(where, problem=f"{where} must have {len(header)} columns, and has {len(cells)}")
        else:
            yield _row(where, [cells[index] for index in order], features, where)


def _row(source: str, cells: Sequence[str], features: Sequence[str], where: str) -> Row:
    if len(cells) != len(features):
        return Row(source, problem=f"{where} must have {len(features)} numbers, and has {len(cells)}")
    wrong = next(((cell, name) for cell, name in zip(cells, features, strict=True) if number(cell) is None), None)
    if wrong:
        return Row(source, problem=f"{where} {problem(*wrong)}")
    return Row(source, [float(cell) for cell in cells])
