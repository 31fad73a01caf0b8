"""Which columns of a table are read: by their usual names, or by those that options say."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dlcli.data.labels import form, visible
from dlcli.errors import DatasetError
from dlcli.nearest import nearest
from dlcli.notices import warn
from dlcli.options.fields import flag

_NAMED = 10  # columns that a message lists


@dataclasses.dataclass(frozen=True)
class Reading:
    """How a user's tables are read; None for the usual name of a column.

    Attributes:
        text_column: column of the texts.
        label_column: column of their classes.
        source_column: column of the sources of pairs.
        target_column: column of their targets.
        skip_bad: whether rows and files that cannot be used are left out.
        labels: whether the labels of texts matter; a model of the text alone reads rows without one too.
    """

    text_column: str | None = None
    label_column: str | None = None
    source_column: str | None = None
    target_column: str | None = None
    skip_bad: bool = False
    labels: bool = True

    @classmethod
    def of(cls, *options: Any, labels: bool = True) -> Reading:
        """Take what the options have of it; later ones win where they say something."""
        names = [each.name for each in dataclasses.fields(cls) if each.name != "labels"]
        said = [{name: getattr(each, name, None) for name in names} for each in options]
        given = {name: value for each in said for name, value in each.items() if value is not None}
        return cls(**given, labels=labels)

    @property
    def text(self) -> tuple[Column, Column]:
        """The columns of a table of texts; the label may be missing if no option names it."""
        label = Column("label", self.label_column or "label", given=self.label_column is not None)
        return dataclasses.replace(label, needed=label.given), self._column("text")

    @property
    def pairs(self) -> tuple[Column, Column]:
        """The columns of a table of pairs."""
        return self._column("source"), self._column("target")

    @property
    def flags(self) -> list[str]:
        """The words of a command line that name the columns."""
        names = ("text_column", "label_column", "source_column", "target_column")
        given = [(name, getattr(self, name)) for name in names if getattr(self, name) is not None]
        return [word for name, value in given for word in (flag(name), value)]

    def _column(self, role: str) -> Column:
        name = getattr(self, f"{role}_column")
        return Column(role, name or role, given=name is not None)


USUAL = Reading()


@dataclasses.dataclass(frozen=True)
class Column:
    """A column that is looked for.

    Attributes:
        role: what it is for: text, label, source or target.
        name: what it is called in the table.
        given: whether an option says this name.
        needed: whether it must be there.
    """

    role: str
    name: str
    given: bool = False
    needed: bool = True

    @property
    def flag(self) -> str:
        """The option that names it."""
        return f"--{self.role}-column"


def resolve(path: Path, header: Sequence[str], wanted: Sequence[Column]) -> dict[str, int]:
    """Return the place of each wanted column in the header, by its role; of optional ones only where it is there.

    Raises:
        DatasetError: a column is missing, or two have its name.
    """
    doubled = [name for name in dict.fromkeys(header) if name.strip() and list(header).count(name) > 1]
    if doubled:
        raise DatasetError(f"{path} must have columns of different names, found twice: {_listed(doubled)}")
    found: dict[str, int] = {}
    for column in wanted:
        place = _place(path, header, column)
        if place in found.values():
            raise DatasetError(f"{path} has one column {header[place or 0]!r}: {column.flag} must name another")
        if place is not None:
            found[column.role] = place
    missing = [column for column in wanted if column.needed and column.role not in found]
    if missing:
        raise _missing(path, header, missing)
    return found


def _place(path: Path, header: Sequence[str], column: Column) -> int | None:
    same = [place for place, name in enumerate(header) if form(name) == form(column.name)]
    exact = next((place for place in same if header[place] == column.name), None)
    if len(same) > 1 and not (column.given and exact is not None):
        named = ", ".join(visible(header[place]) for place in same)
        raise DatasetError(
            f"{path} must have one column {column.name!r}, found {named}", hint=f"{column.flag} NAME says which one"
        )
    if exact is None and same:
        warn(f"{path}: the column {visible(header[same[0]])} is read as {visible(column.name)}")
    return same[0] if len(same) == 1 else exact


def _missing(path: Path, header: Sequence[str], missing: Sequence[Column]) -> DatasetError:
    names = " and ".join(repr(column.name) for column in missing)
    near = [nearest(column.name, header) for column in missing]
    meant = f"; did you mean {' and '.join(repr(each[0]) for each in near if each)}?" if any(near) else ""
    flags = " and ".join(f"{column.flag} NAME" for column in missing)
    return DatasetError(
        f"{path} must have {'columns' if len(missing) > 1 else 'a column'} {names}, found {_listed(header)}{meant}",
        hint=f"{flags} {'say which columns' if len(missing) > 1 else 'says which column'} to read",
    )


def _listed(names: Sequence[str]) -> str:
    more = f", … ({len(names):,} in all)" if len(names) > _NAMED else ""
    return ", ".join(visible(name[:80]) for name in names[:_NAMED]) + more if names else "none"


def matches(header: Sequence[str], wanted: Sequence[Column]) -> int:
    """Count the wanted columns whose names stand in a header."""
    forms = {form(name) for name in header}
    return sum(form(column.name) in forms for column in wanted)
