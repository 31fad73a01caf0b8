"""Benchmark files of word vectors, in their usual formats.

- Word pairs: each line has two words and their human similarity, separated by tabs, commas or spaces. Lines that
  start with `#` are comments; the first other line may be a header. (WordSim-353, SimLex-999, MEN, …)
- Analogies: each line has four words, the first to the second as the third to the fourth; `: name` starts a section.
  (questions-words.txt)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from dlcli import files
from dlcli.data import text_files
from dlcli.errors import DatasetError

Pair = tuple[str, str, float]
Analogy = tuple[str, str, str, str]


def pairs(path: Path) -> list[Pair]:
    """Read word pairs with their similarities.

    Raises:
        DatasetError: the file is missing, has fewer than two pairs, or a line has another format.
    """
    found: list[Pair] = []
    header = False
    for number, line in _lines(path):
        if line.startswith("#"):
            continue
        cells = [cell.strip() for cell in re.split(r"[\t,]" if re.search(r"[\t,]", line) else r"\s+", line)]
        try:
            found.append((cells[0], cells[1], float(cells[2])))
        except (IndexError, ValueError):
            if found or header:
                raise DatasetError(
                    f"line {number} of {path} must have two words and a number, found {line!r}"
                ) from None
            header = True
    if len(found) < 2:
        raise DatasetError(f"{path} must have at least two word pairs, found {len(found)}")
    return found


def analogies(path: Path) -> dict[str, list[Analogy]]:
    """Read analogies by section.

    Raises:
        DatasetError: the file is missing, has no analogies, or a line has another format.
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
                raise DatasetError(f"line {number} of {path} must have four words, found {line!r}")
    if not sections:
        raise DatasetError(f"{path} must have at least one analogy, found none")
    return sections


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not empty, with their numbers."""
    for number, line in enumerate(files.split_lines(text_files.read(path)), 1):
        if line.strip():
            yield number, line.strip()
