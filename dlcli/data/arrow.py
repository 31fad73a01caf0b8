"""Tables of Apache Arrow: `.parquet` files and folders of them, and folders that Hugging Face's `save_to_disk` wrote.

    data.parquet                        one table
    data/train-00000-of-00002.parquet   a folder of tables, whose names begin with their splits
    set/state.json, data-*.arrow        `Dataset.save_to_disk`
    set/dataset_dict.json, train/…      `DatasetDict.save_to_disk`

Names of classes are those of the metadata that Hugging Face writes.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dlcli import activity
from dlcli.data import cache
from dlcli.data.shards import by_split
from dlcli.data.splits import ALIASES
from dlcli.errors import DatasetError
from dlcli.paths import expand_user

_ARROW, _PARQUET = ".arrow", ".parquet"
_BATCH = 256  # rows


@dataclasses.dataclass(frozen=True)
class Tables:
    """The files of a data set.

    Attributes:
        name: of the set.
        files: of each split, in order.
    """

    name: str
    files: Mapping[str, Sequence[Path]]

    def schema(self) -> Any:
        """Return the schema of the training table; raise `DatasetError` if it cannot be read."""
        return _opened(self.files["train"][0], _schema)

    def class_names(self, column: str) -> list[str] | None:
        """Return the names of the classes of a column of numbers; None if the metadata does not have them."""
        try:
            found = json.loads(self.schema().metadata[b"huggingface"])["info"]["features"][column]["names"]
        except (KeyError, TypeError, ValueError):
            return None
        return [str(name) for name in found] if isinstance(found, list) else None

    def read(self, split: str, columns: Sequence[str]) -> Any:
        """Return some columns of a split as one table; `.arrow` files are mapped, not read."""
        import pyarrow as pa

        return pa.concat_tables([_opened(path, functools.partial(_table, columns)) for path in self.files[split]])

    def size(self, column: str) -> int:
        """Return the bytes of a column of all splits, about: of `.arrow` files those of all columns."""
        return sum(_opened(path, functools.partial(_size, column)) for files in self.files.values() for path in files)

    def state(self, columns: Sequence[str]) -> str:
        """Return a description of the files and some columns that changes whenever they do."""
        status = [(split, path, path.stat()) for split, files in self.files.items() for path in files]
        found = [(split, str(path.resolve()), each.st_size, each.st_mtime_ns) for split, path, each in status]
        return f"{found}\n{list(columns)}"

    def rows(self, split: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Yield the values of some columns of each row of a split, read in parts that fit into memory."""
        for path in self.files[split]:
            for part in _batches(columns, path):
                yield from zip(*part, strict=True)

    def mapped(self, split: str, column: str) -> Any:
        """Return a column of a split as a chunked array that is not in memory.

        A column of a `.parquet` file, which is compressed and cannot be read at random, is first written to the cache.
        """
        import pyarrow as pa

        files = [path if path.suffix.lower() != _PARQUET else _cached(path, column) for path in self.files[split]]
        found = [_opened(path, functools.partial(_table, [column]))[column] for path in files]
        return pa.chunked_array([chunk for each in found for chunk in each.chunks], found[0].type)


def located(dataset: str) -> Tables | None:
    """Return the tables of a name, or None if it names no tables."""
    path = expand_user(dataset)
    if path.suffix.lower() == _PARQUET:
        return Tables(dataset, {"train": [path]})
    if not path.is_dir():
        return None
    if (path / "dataset_dict.json").is_file():
        splits = {alias: split for split, aliases in ALIASES.items() for alias in aliases}
        named = {splits[each.name]: each for each in sorted(path.iterdir()) if each.is_dir() and each.name in splits}
        found = {split: sorted(folder.glob(f"*{_ARROW}")) for split, folder in named.items()}
        return Tables(dataset, {split: files for split, files in found.items() if files})
    if (path / "state.json").is_file() and (files := sorted(path.glob(f"*{_ARROW}"))):
        return Tables(dataset, {"train": files})
    if files := sorted([*path.glob(f"*{_PARQUET}"), *path.glob(f"data/*{_PARQUET}")]):
        return Tables(dataset, by_split(files))
    return None


def columns(dataset: str) -> dict[str, Any]:
    """Return the types of the columns by name; {} if a name is of no tables, or they cannot be read."""
    found = located(dataset)
    if found is None or "train" not in found.files:
        return {}
    try:
        schema = found.schema()
    except DatasetError:
        return {}
    return {field.name: field.type for field in schema}


def labels(tables: Tables, split: str, column: str) -> list[str | None]:
    """Return the label of each row as text, a name where the metadata has one."""
    names = tables.class_names(column)
    return [label(names, value) for value in tables.read(split, [column])[column].to_pylist()]


def label(names: Sequence[str] | None, value: Any) -> str | None:
    """Return the value of a column of labels as text, its name where there are names; None for a missing label."""
    if names is None:
        return None if value is None else str(value).strip() or None
    return names[value] if isinstance(value, int) and 0 <= value < len(names) else None


def _schema(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if path.suffix.lower() == _PARQUET:
        return pq.read_schema(path)
    with pa.memory_map(str(path)) as source:
        return pa.ipc.open_stream(source).schema


def _table(columns: Sequence[str], path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if path.suffix.lower() == _PARQUET:
        return pq.read_table(path, columns=list(columns))
    found = pa.ipc.open_stream(pa.memory_map(str(path))).read_all().select(columns)
    found.validate(full=True)  # a wrong offset would be read outside the file
    return found


def _size(column: str, path: Path) -> int:
    import pyarrow.parquet as pq

    if path.suffix.lower() != _PARQUET:
        return path.stat().st_size
    found = pq.ParquetFile(path)
    index = next((i for i, name in enumerate(found.schema.names) if name == column), 0)
    groups = (found.metadata.row_group(number) for number in range(found.num_row_groups))
    return sum(int(group.column(index).total_uncompressed_size) for group in groups)


def _batches(columns: Sequence[str], path: Path) -> Iterator[list[list[Any]]]:
    """Yield the values of each column of a file in parts; raise `DatasetError` if it cannot be read."""
    found = _opened(path, functools.partial(_record_batches, columns))
    while (batch := _opened(path, lambda _: _next_valid(found))) is not None:
        for start in range(0, len(batch), _BATCH):
            yield [batch.column(column).slice(start, _BATCH).to_pylist() for column in columns]


def _record_batches(columns: Sequence[str], path: Path) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if path.suffix.lower() == _PARQUET:
        return iter(pq.ParquetFile(path).iter_batches(_BATCH, columns=list(columns)))
    return iter(pa.ipc.open_stream(pa.memory_map(str(path))))


def _next_valid(batches: Iterator[Any]) -> Any:
    """Return the next batch, or None; a wrong offset would be read outside the file."""
    found = next(batches, None)
    if found is not None:
        found.validate(full=True)
    return found


def _cached(path: Path, column: str) -> Path:
    """Return a file of the cache that has a column of a `.parquet` file."""
    status = path.stat()
    state = f"{path.resolve()}\n{status.st_size}\n{status.st_mtime_ns}\n{column}"
    stem = cache.Stem(f"parquet-{path.stem}-{column}", state)
    found = stem.path("arrow")
    if not found.exists():
        stem.clear()
        _opened(path, functools.partial(_write, found, column))
    return found


def _write(target: Path, column: str, path: Path) -> None:
    """Write a column to a file row group by row group, in batches that are read on their own."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    source = pq.ParquetFile(path)
    schema = pa.schema([source.schema_arrow.field(column)])
    with cache.replacing(target) as file, pa.ipc.new_stream(file, schema) as writer:
        done, total = 0, source.metadata.num_rows
        for batch in source.iter_batches(_BATCH, columns=[column]):
            writer.write_batch(batch)
            done += len(batch)
            activity.report(f"reading {path.name}", done, total)
    activity.report("")


def _opened(path: Path, read: Any) -> Any:
    """Return what `read` returns for a file; raise `DatasetError` if it cannot be read."""
    import pyarrow as pa

    try:
        return read(path)
    except FileNotFoundError as error:
        raise DatasetError(f"{path} does not exist") from error
    except (OSError, pa.ArrowException) as error:
        reason = str(error).partition("\n")[0]
        raise DatasetError(f"{path} cannot be read as a table: {reason}") from error
