"""The lines of text files that are larger than memory: read in pieces, as often as they are iterated."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from dlcli.data import splits
from dlcli.data.text.large import decompressed
from dlcli.data.text.large.file_pieces import Piece, Pieces, surveyed
from dlcli.data.text.large.large_texts import LargeDocuments
from dlcli.data.text.long_lines import NONE, LongLines, cut, cut_once
from dlcli.data.text.sets import Documents, TextSet

_CANDIDATE = 2**16  # characters; no line of a large text that must be cut is shorter


class LargeLines:
    """The lines of each split of a set of large documents."""

    def __init__(self, texts: TextSet):
        self._parts = {name: _pieces(documents) for name, documents in texts.splits.items()}
        self._digests = {name: documents.digest for name, documents in texts.splits.items()}

    def digest(self, options: str) -> str:
        """Return the SHA-256 of the text and its splits, and of what else depends on options."""
        digests = "".join(f"{name} {digest}\n" for name, digest in self._digests.items())
        return hashlib.sha256(f"{options}\n{digests}".encode()).hexdigest()

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Yield the split and the text of each line."""
        for name, part in self._parts.items():
            for line in split_lines(part.pieces):
                yield name, line


class LargeRawLines:
    """The lines of a single raw text, which are divided by their numbers."""

    def __init__(self, path: Path):
        self._pieces = surveyed(decompressed.plain([path]))[0]

    def digest(self, options: str) -> str:
        """Return the SHA-256 of the text, and of what else depends on options."""
        return hashlib.sha256(f"{options}\n{Pieces(self._pieces).digest}".encode()).hexdigest()

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Yield the split and the text of each line."""
        count, long = _counted(self._pieces)
        if long.numbers:
            count = sum(1 for _ in split_lines(self._pieces, long))
        found = splits.held_out_numbers(count)
        numbers = np.concatenate(list(found.values()))
        names = np.repeat(list(found), [len(each) for each in found.values()])
        order = np.argsort(numbers)
        held_out = iter(zip(numbers[order].tolist(), names[order].tolist(), strict=True))
        following, name = next(held_out, (-1, ""))
        for number, line in enumerate(split_lines(self._pieces, long)):
            if number == following:
                yield name, line
                following, name = next(held_out, (-1, ""))
            else:
                yield "train", line


@dataclasses.dataclass(frozen=True)
class _Line:
    """A fragment of a line: its text, and whether the line ends with it."""

    text: str
    ends: bool


def split_lines(pieces: Sequence[Piece], long: LongLines = NONE) -> Iterator[str]:
    """Yield the lines of documents, as `files.split_lines` divides each of them; long lines are cut."""
    held: list[str] = []
    number = 0
    for fragment in _fragments(pieces):
        held.append(fragment.text)
        if number in long.numbers:
            yield from _cut_off(held, long.piece, fragment.ends)
        elif fragment.ends:
            yield fragment.text if len(held) == 1 else "".join(held)
        if fragment.ends:
            held.clear()
            number += 1


def _cut_off(held: list[str], piece: int, ends: bool) -> Iterator[str]:
    """Yield the pieces of a line that its end cannot change, and remove them from what is held of it."""
    if not ends and sum(map(len, held)) < 2 * piece:
        return
    line, start = "".join(held), 0
    if ends:
        yield from cut(line, piece)
        return
    while len(line) - start >= 2 * piece:
        end = cut_once(line, start, piece)
        yield line[start:end]
        start = end
    held[:] = [line[start:]]


def _fragments(pieces: Sequence[Piece]) -> Iterator[_Line]:
    """Yield the lines of documents in fragments: a piece may end within a line."""
    carried, unfinished = "", False  # a carriage return may be half of a line end
    for begins, text in (each for piece in pieces for each in piece.texts()):
        if begins:
            if unfinished:
                yield _Line("", ends=True)
            carried, unfinished = "", False
        text = carried + text
        carried = "\r" if text.endswith("\r") else ""
        *complete, rest = text.removesuffix("\r").split("\n")
        for line in complete:
            yield _Line(line.removesuffix("\r"), ends=True)
        unfinished = bool(rest) or (unfinished and not complete)
        if rest:
            yield _Line(rest, ends=False)
    if unfinished:
        yield _Line("", ends=True)


def _counted(pieces: Sequence[Piece]) -> tuple[int, LongLines]:
    """Return the number of lines of a text, and which of them have too much of it."""
    count, total, length = 0, 0, 0
    candidates: dict[int, int] = {}
    for fragment in _fragments(pieces):
        length += len(fragment.text)
        if fragment.ends:
            if length >= _CANDIDATE:
                candidates[count] = length
            count, total, length = count + 1, total + length, 0
    return count, LongLines.of(candidates, total)


def of(texts: TextSet) -> LargeLines | None:
    """Return the lines of a set if its documents are read in pieces."""
    large = all(isinstance(each, LargeDocuments) for each in texts.splits.values())
    return LargeLines(texts) if large else None


def _pieces(documents: Documents) -> Pieces:
    assert isinstance(documents, LargeDocuments)
    return documents.texts
