"""Which columns of a table are read: those with the usual names, or those that options name."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dlcli.data.labels import normalized, visible
from dlcli.errors import DatasetError
from dlcli.nearest import nearest
from dlcli.notices import warn
from dlcli.options.fields import flag

_LISTED = 10  # columns that a message lists


@dataclasses.dataclass(frozen=True)
class ReadOptions:
    """How files of text are read.

    Attributes:
        text_column: column of the texts; None for the usual name, here and below.
        label_column: column of their classes.
        source_column: column of the sources of pairs.
        target_column: column of the targets of pairs.
        skip_bad: leave out rows and files that cannot be used, instead of raising an error.
        labels: read the labels of texts. Without them, rows with a missing label are kept.
        in_memory: read texts as a whole, however large they are.
    """

    text_column: str | None = None
    label_column: str | None = None
    source_column: str | None = None
    target_column: str | None = None
    skip_bad: bool = False
    labels: bool = True
    in_memory: bool = False

    @classmethod
    def of(cls, *options: Any, labels: bool = True) -> ReadOptions:
        """Collect the options of this class from objects that have some of them; later objects take precedence."""
        names = [each.name for each in dataclasses.fields(cls) if each.name not in ("labels", "in_memory")]
        found = [(name, getattr(each, name, None)) for each in options for name in names]
        return cls(**{name: value for name, value in found if value is not None}, labels=labels)

    @property
    def text(self) -> tuple[Column, Column]:
        """The columns of a table of texts; the label is optional unless an option names it."""
        label = Column("label", self.label_column or "label", given=self.label_column is not None)
        return dataclasses.replace(label, required=label.given), self._column("text")

    @property
    def pairs(self) -> tuple[Column, Column]:
        """The columns of a table of pairs."""
        return self._column("source"), self._column("target")

    @property
    def flags(self) -> list[str]:
        """The command-line words that name the columns."""
        names = ("text_column", "label_column", "source_column", "target_column")
        given = [(name, getattr(self, name)) for name in names if getattr(self, name) is not None]
        return [word for name, value in given for word in (flag(name), value)]

    def _column(self, role: str) -> Column:
        name = getattr(self, f"{role}_column")
        return Column(role, name or role, given=name is not None)


DEFAULT = ReadOptions()


@dataclasses.dataclass(frozen=True)
class Column:
    """A column to read.

    Attributes:
        role: text, label, source or target.
        name: its name in the table.
        given: whether an option names it.
        required: whether the table must have it.
    """

    role: str
    name: str
    given: bool = False
    required: bool = True

    @property
    def flag(self) -> str:
        """The option that names it."""
        return f"--{self.role}-column"


def resolve(path: Path, header: Sequence[str], wanted: Sequence[Column]) -> dict[str, int]:
    """Return the index of each wanted column in the header, by its role; optional columns may be missing.

    Raises:
        DatasetError: a required column is missing, or a name is ambiguous.
    """
    repeated = [name for name in dict.fromkeys(header) if name.strip() and list(header).count(name) > 1]
    if repeated:
        raise DatasetError(f"{path} must have columns with different names, found twice: {_listed(repeated)}")
    found: dict[str, int] = {}
    for column in wanted:
        index = _index(path, header, column)
        if index in found.values():
            raise DatasetError(f"{path} has one column {header[index or 0]!r}: {column.flag} must name another")
        if index is not None:
            found[column.role] = index
    missing = [column for column in wanted if column.required and column.role not in found]
    if missing:
        raise _missing(path, header, missing)
    return found


def _index(path: Path, header: Sequence[str], column: Column) -> int | None:
    same = [index for index, name in enumerate(header) if normalized(name) == normalized(column.name)]
    exact = next((index for index in same if header[index] == column.name), None)
    if len(same) > 1 and not (column.given and exact is not None):
        names = ", ".join(visible(header[index]) for index in same)
        raise DatasetError(
            f"{path} must have one column {column.name!r}, found {names}", hint=f"choose one with {column.flag} NAME"
        )
    if exact is None and same:
        warn(f"{path}: the column {visible(header[same[0]])} is read as {visible(column.name)}")
    return same[0] if len(same) == 1 else exact


def _missing(path: Path, header: Sequence[str], missing: Sequence[Column]) -> DatasetError:
    names = " and ".join(repr(column.name) for column in missing)
    near = [nearest(column.name, header) for column in missing]
    suggestion = f"; did you mean {' and '.join(repr(each[0]) for each in near if each)}?" if any(near) else ""
    flags = " and ".join(f"{column.flag} NAME" for column in missing)
    one = len(missing) == 1
    return DatasetError(
        f"{path} must have {'a column' if one else 'columns'} {names}, found {_listed(header)}{suggestion}",
        hint=f"choose {'a column' if one else 'columns'} with {flags}",
    )


def _listed(names: Sequence[str]) -> str:
    more = f", … ({len(names):,} in all)" if len(names) > _LISTED else ""
    return ", ".join(visible(name[:80]) for name in names[:_LISTED]) + more if names else "none"


def matches(header: Sequence[str], wanted: Sequence[Column]) -> int:
    """Return how many of the wanted columns a header names."""
    forms = {normalized(name) for name in header}
    return sum(normalized(column.name) in forms for column in wanted)
