"""Files of questions to word vectors, in the forms in which they are passed around.

- Pairs: a line has two words and how similar people find them, between tabs, commas or spaces. Lines that begin with
  `#` are remarks; the first other line may name the columns. (WordSim-353, SimLex-999, MEN, …)
- Analogies: a line has four words, the first to the second as the third to the fourth; `: name` begins a section.
  (questions-words.txt)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from dlcli import files
from dlcli.data.text import files as text_files
from dlcli.errors import DatasetError

Pair = tuple[str, str, float]
Analogy = tuple[str, str, str, str]


def pairs(path: Path) -> list[Pair]:
    """Read pairs of words with their similarities.

    Raises:
        DatasetError: the file is missing, or a line is not of the form.
    """
    found: list[Pair] = []
    named = False
    for number, line in _lines(path):
        if line.startswith("#"):
            continue
        cells = [cell.strip() for cell in re.split(r"[\t,]" if re.search(r"[\t,]", line) else r"\s+", line)]
        try:
            found.append((cells[0], cells[1], float(cells[2])))
        except (IndexError, ValueError):
            if found or named:
                raise DatasetError(f"line {number} of {path} must have two words and a number, has {line!r}") from None
            named = True
    if len(found) < 2:
        raise DatasetError(f"{path} must hold two pairs of words or more, found {len(found)}")
    return found


def analogies(path: Path) -> dict[str, list[Analogy]]:
    """Read analogies by their sections.

    Raises:
        DatasetError: the file is missing, holds none, or a line is not of the form.
    """
    sections: dict[str, list[Analogy]] = {}
    section = ""
    for number, line in _lines(path):
        if line.startswith(":"):
            section = line[1:].strip()
            continue
        match line.split():
            case [first, second, third, fourth]:
                sections.setdefault(section, []).append((first, second, third, fourth))
            case _:
                raise DatasetError(f"line {number} of {path} must have four words, has {line!r}")
    if not sections:
        raise DatasetError(f"{path} must hold an analogy or more, found none")
    return sections


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not empty, with their numbers."""
    for number, line in enumerate(files.split_lines(text_files.read(path)), 1):
        if line.strip():
            yield number, line.strip()
