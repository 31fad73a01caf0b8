"""The lines of a text file larger than memory, by their numbers."""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import overload

from dlcli import activity, files
from dlcli.data import text_files
from dlcli.errors import DatasetError
from dlcli.files import reason

_BLOCK = 2**20  # bytes that are read at a time, apart from longer lines


class FileLines(Sequence[str]):
    r"""The lines of a file in UTF-8, read a block at a time; bytes that are not UTF-8 are surrogate escapes.

    Lines end with \n or \r\n. A file is read once to count its lines; of each block only the number and the place of
    its first line are kept.

    Attributes:
        classic: whether the file has \r but no \n, as the lines of classic Mac OS end.
    """

    def __init__(self, path: Path, *, keep_returns: bool = False):
        r"""Count the lines.

        Args:
            path: of the file, not compressed.
            keep_returns: whether a \r before a \n is part of the line, and an empty last line is a line.

        Raises:
            DatasetError: the file cannot be read, or has another encoding.
        """
        self._path, self._keep_returns = path, keep_returns
        self._numbers, self._places = [0], [0]  # of the first line of each block
        self._read: tuple[int, list[str]] = (-1, [])  # a block and its lines
        with _errors(path), files.open_regular(path) as file:
            self._places[0] = text_files.begin(path, file.read(_BLOCK))
            file.seek(self._places[0])
            self._size, returns = self._places[0], False
            total = path.stat().st_size
            while block := file.read(_BLOCK):
                returns = returns or b"\r" in block
                if count := block.count(b"\n"):
                    self._numbers.append(self._numbers[-1] + count)
                    self._places.append(self._size + block.rindex(b"\n") + 1)
                self._size += len(block)
                activity.report(f"counting the lines of {path.name} (MiB)", self._size >> 20, total >> 20)
        activity.report("")
        self.classic = returns and self._numbers[-1] == 0
        self._count = self._numbers[-1] + (keep_returns or self._size > self._places[-1])

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> list[str]: ...

    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(f"line {index} of {len(self)}")
        block = bisect.bisect_right(self._numbers, index) - 1
        if self._read[0] != block:
            self._read = block, self._lines(block)
        return self._read[1][index - self._numbers[block]]

    def _lines(self, block: int) -> list[str]:
        last = block + 1 == len(self._places)
        start, end = self._places[block], self._size if last else self._places[block + 1] - 1
        with _errors(self._path), files.open_regular(self._path) as file:
            file.seek(start)
            data = file.read(end - start)
        if len(data) < end - start:
            raise DatasetError(f"{self._path} has changed while it was in use")
        lines = data.decode("utf-8", "surrogateescape").split("\n")
        return lines if self._keep_returns else [line.removesuffix("\r") for line in lines]


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path} cannot be read: {reason(error)}") from error
