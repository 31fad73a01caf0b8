"""Images in tables of Apache Arrow: `.parquet` files, and folders that Hugging Face's `save_to_disk` wrote.

See `dlcli.data.arrow`. The column `image` (or `img`) has encoded images, as bytes or as Hugging Face stores them, and
`label` (or `labels`) their classes: numbers or texts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dlcli.data import arrow
from dlcli.data.images.builder import Builder, ReadOptions
from dlcli.data.images.records import Labelled, image_set, state_of
from dlcli.data.images.sets import ImageSet
from dlcli.data.images.source import Unreadable
from dlcli.data.problems import Problem
from dlcli.errors import DatasetError

_IMAGES, _LABELS = ("image", "img"), ("label", "labels")  # names of the columns


class Column:
    """The images of one split, in a column."""

    def __init__(self, files: Sequence[Path], column: Any):
        self.files, self._chunks = files, [_bytes(chunk) for chunk in column.chunks if len(chunk)]
        self._ends = np.cumsum([len(chunk) for chunk in self._chunks])

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    @property
    def identity(self) -> str:
        """The states of all files."""
        return "\n".join(map(state_of, self.files))

    def where(self, index: int) -> str:
        """Return the number of the row."""
        return f"row {index + 1} of {self.files[0].parent if len(self.files) > 1 else self.files[0]}"

    def read(self, index: int) -> bytes:
        """Return the bytes of an image."""
        chunk = int(np.searchsorted(self._ends, index, side="right"))
        start = int(self._ends[chunk - 1]) if chunk else 0
        found = self._chunks[chunk][index - start].as_py()
        if found is None:
            raise Unreadable("the row has no image bytes")
        return bytes(found)


def matches(dataset: str) -> bool:
    """Return whether a name is of tables with a column of images."""
    return _image_column(arrow.columns(dataset)) is not None


def find(dataset: str, options: ReadOptions) -> tuple[ImageSet, list[Problem]]:
    """Open the tables.

    Raises:
        DatasetError: a file cannot be read, or some images have no label.
    """
    tables, types = arrow.located(dataset), arrow.columns(dataset)
    assert tables is not None
    image = _image_column(types)
    assert image is not None
    label = next((name for name in _LABELS if name in types), None)
    found = {split: _labelled(tables, split, image, label) for split in tables.files}
    return image_set(dataset, found, options, tables.class_names(label) if label else None)


def _labelled(tables: arrow.Tables, split: str, image: str, label: str | None) -> Labelled:
    column = Column(tables.files[split], tables.mapped(split, image))
    if label is None:
        return Labelled(column, range(len(column)), None)
    labels = arrow.labels(tables, split, label)
    if labels and set(labels) == {None}:  # published sets may have no labels of the test split
        raise DatasetError(f"the split {split} of {tables.name} has no labels", hint="leave its files out")
    if None in labels:
        raise DatasetError(f"row {labels.index(None) + 1} of the split {split} of {tables.name} must have a label")
    return Labelled(column, range(len(column)), [str(each) for each in labels])


def _image_column(types: Mapping[str, Any]) -> str | None:
    if not types:
        return None
    import pyarrow as pa

    for name in _IMAGES:
        kind = types.get(name)
        if kind is None:
            continue
        if pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0:
            return name
        if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            return name
    return None


def _bytes(chunk: Any) -> Any:
    import pyarrow as pa

    return chunk.field("bytes") if pa.types.is_struct(chunk.type) else chunk


BUILDER = Builder(form="a .parquet file, a folder of save_to_disk", matches=matches, find=find)
