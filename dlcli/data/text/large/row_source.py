"""The rows of a table of texts that is read as often as needed, since it does not fit in memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from dlcli.data.problems import Problem


class Entry(NamedTuple):
    """A row of a table.

    Attributes:
        split: as the table gives it.
        number: of the row or its line.
        text: the document.
        label: its class without surrounding white space; None or "" if it has none.
        written: the label as it is written.
    """

    split: str
    number: int
    text: str
    label: str | None = None
    written: str = ""


@dataclasses.dataclass(frozen=True)
class Source:
    """Where a set is read from.

    Attributes:
        name: of the set.
        state: full description of the files and what is read of them, which changes whenever they do.
        parts: what has the rows of each given split, such as "train of set.parquet".
        unit: "row" or "line".
        entries: reads all rows once more; rows that cannot be read are problems.
        labelled: whether each row must have a label; None if it must in splits where any row has one.
    """

    name: str
    state: str
    parts: Mapping[str, str]
    unit: str
    entries: Callable[[], Iterator[Entry | Problem]]
    labelled: bool | None = False

    def place(self, entry: Entry) -> str:
        """Return where a row is."""
        return f"{self.unit} {entry.number} of {self.parts[entry.split]}"

    def of_split(self, problem: Problem, split: str) -> Problem:
        """Return a problem of a row with its split, if there are several."""
        return dataclasses.replace(problem, split=split if len(self.parts) > 1 else "")
