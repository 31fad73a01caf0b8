"""Text files larger than memory: documents as pieces of about a megabyte, read when they are needed.

A piece ends where every tokenizer ends a token (see `tokenizer_pipelines.boundary`), so that the tokens of the pieces
are those of the whole document. A piece of a file with many short documents has many of them.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import numpy as np

from dlcli import activity, files
from dlcli.data import cache, text_files
from dlcli.data.text.tokenizer_pipelines import boundary
from dlcli.errors import DatasetError
from dlcli.files import reason

FORMAT = 1  # increased when the same files give other pieces than before
PIECE = 2**20  # bytes of a piece, at least
SEPARATOR = b"\xff"  # between the documents of a file of `unpacked`; no text in UTF-8 contains this byte
_WINDOW = 2**16  # bytes after these in which a piece ends
_ACTIVITY = "reading the text"


@dataclasses.dataclass(frozen=True)
class Piece:
    """A part of a text file.

    Attributes:
        path: of the file.
        start, end: offsets of its bytes.
        characters: their number, without separators.
        begins: whether a document begins here.
    """

    path: str
    start: int
    end: int
    characters: int
    begins: bool

    def read(self) -> str:
        """Return the text of a piece of one document; raise `DatasetError` as `data` does."""
        return self.data().decode()

    def texts(self) -> list[tuple[bool, str]]:
        """Return the text of each document of the piece, and whether it begins here; raise as `data` does."""
        found = [each.decode() for each in self.data().split(SEPARATOR)]
        return [(self.begins or number > 0, text) for number, text in enumerate(found)]

    def data(self) -> bytes:
        """Return the bytes.

        Raises:
            DatasetError: the file has changed since it was surveyed.
        """
        try:
            with files.open_regular(Path(self.path)) as file:
                file.seek(self.start)
                found = file.read(self.end - self.start)
            changed = len(found) != self.end - self.start or _characters(found) != self.characters
        except (OSError, ValueError) as error:
            raise DatasetError(f"{self.path} cannot be read: {reason(error)}") from error
        if changed:
            raise DatasetError(f"{self.path} has changed while it was in use")
        return found


class Pieces(Sequence[str]):
    """The texts of pieces; iterated, those of the documents in them."""

    def __init__(self, pieces: Sequence[Piece]):
        self.pieces = list(pieces)

    def __len__(self) -> int:
        return len(self.pieces)

    def __getitem__(self, index: int) -> str:  # type: ignore[override]
        return self.pieces[index].texts()[0][1]

    def __iter__(self) -> Iterator[str]:
        return (text for piece in self.pieces for _, text in piece.texts())

    @property
    def characters(self) -> int:
        """Number of characters of all pieces."""
        return sum(piece.characters for piece in self.pieces)

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256 of the documents, as `Documents.digest` computes it; cached for unchanged files."""
        stem = cache.Stem("digest-of-text", _key(self.pieces))
        try:
            return cache.unseal(stem.path("txt").read_bytes()).decode()
        except (OSError, ValueError):
            found = self._digest()
        with cache.replacing(stem.path("txt")) as file:
            file.write(cache.seal(found.encode()))
        return found

    def _digest(self) -> str:
        digest = hashlib.sha256()
        sizes = [sum(piece.end - piece.start for piece in document) for document in documents(self.pieces)]
        starts = iter(sizes)
        done, total = 0, sum(sizes)
        for piece in self.pieces:
            if piece.begins:
                digest.update(b"%d\n" % next(starts))
            digest.update(piece.data())
            done += piece.end - piece.start
            activity.report(_ACTIVITY, done // 2**20, total // 2**20)
        activity.report("")
        return digest.hexdigest()

    def cut(self, characters: int) -> tuple[Pieces, Pieces]:
        """Cut the pieces of a document after some characters."""
        ends = np.cumsum([piece.characters for piece in self.pieces])
        number = int(np.searchsorted(ends, characters, side="right"))
        if number == len(self.pieces):
            return self, Pieces([])
        piece = self.pieces[number]
        rest = characters - int(ends[number] - piece.characters)  # of the piece
        place = piece.start + len(piece.read()[:rest].encode())
        before = [dataclasses.replace(piece, end=place, characters=rest)] if rest else []
        after = dataclasses.replace(piece, start=place, characters=piece.characters - rest, begins=True)
        return Pieces([*self.pieces[:number], *before]), Pieces([after, *self.pieces[number + 1 :]])

    def sample(self, size: int) -> list[str]:
        """Return pieces of about `size` bytes in all, evenly spread; all if they are fewer."""
        total, number = sum(piece.end - piece.start for piece in self.pieces), len(self.pieces)
        count = max(1, min(number, round(number * size / max(total, 1))))
        chosen = np.unique(np.linspace(0, number - 1, count).round())
        return list(Pieces([self.pieces[int(index)] for index in chosen]))


def documents(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Return the pieces of each document, where no piece has several."""
    found: list[list[Piece]] = []
    for piece in pieces:
        if piece.begins:
            found.append([])
        found[-1].append(piece)
    return found


def digests(pieces: Sequence[Piece]) -> Iterator[bytes]:
    """Yield the SHA-256 of each document."""
    digest = None
    for piece in pieces:
        for number, data in enumerate(piece.data().split(SEPARATOR)):
            if piece.begins or number > 0:
                if digest is not None:
                    yield digest.digest()
                digest = hashlib.sha256()
            assert digest is not None  # the first piece begins a document
            digest.update(data)
    if digest is not None:
        yield digest.digest()


def surveyed(paths: Sequence[Path], *, unpacked: bool = False) -> list[list[Piece]]:
    """Return the pieces of each file; the first call reads the files, later ones a cache.

    Args:
        paths: of the files.
        unpacked: whether they are files of `unpacked`.

    Raises:
        DatasetError: a file is not UTF-8, or cannot be read.
        DiskError: the cache cannot be written.
    """
    try:
        states = [(str(path.resolve()), state.st_size, state.st_mtime_ns) for path in paths for state in [path.stat()]]
    except OSError as error:
        raise DatasetError(f"{error.filename} cannot be read: {error.strerror}") from error
    stem = cache.Stem("pieces-of-text", f"{FORMAT}\n{PIECE}\n{states}")
    try:
        found = json.loads(cache.unseal(stem.path("json").read_bytes()))
        return [[Piece(str(path), *each) for each in one] for path, one in zip(paths, found, strict=True)]
    except (OSError, ValueError, TypeError):
        pass
    total, done = sum(size for _, size, _ in states), 0
    pieces = []
    for path, (_, size, _) in zip(paths, states, strict=True):
        pieces.append(list(_survey(path, done, total, unpacked=unpacked)))
        done += size
    activity.report("")
    written = [[[each.start, each.end, each.characters, each.begins] for each in one] for one in pieces]
    with cache.replacing(stem.path("json")) as file:
        file.write(cache.seal(json.dumps(written).encode()))
    return pieces


def _survey(path: Path, before: int, total: int, *, unpacked: bool) -> Iterator[Piece]:
    """Yield the pieces of a file; `before` bytes of `total` have been read before."""
    try:
        with files.open_regular(path) as file:
            start = 0 if unpacked else text_files.begin(path, file.read(PIECE))
            file.seek(start)
            begins = True
            for data, ends in _cut(file, unpacked=unpacked):
                characters = _characters(data) if unpacked else len(_decoded(path, data, start))
                yield Piece(str(path), start, start + len(data), characters, begins)
                start, begins = start + len(data) + (len(SEPARATOR) if ends else 0), ends
                activity.report(_ACTIVITY, (before + start) // 2**20, total // 2**20)
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}") from error


def _characters(data: bytes) -> int:
    return len(data.replace(SEPARATOR, b"").decode())


def _cut(file: IO[bytes], *, unpacked: bool) -> Iterator[tuple[bytes, bool]]:
    """Yield the bytes of the pieces of a file, and whether a separator follows."""
    held = b""
    while True:
        read = file.read(PIECE + _WINDOW - len(held))
        held += read
        if len(held) < PIECE + _WINDOW:
            break
        separator = held.find(SEPARATOR, PIECE) if unpacked else -1
        place = _boundary(held) if separator < 0 else separator
        yield held[:place], separator >= 0
        held = held[place:].removeprefix(SEPARATOR)
    if held:
        yield held, False


def _boundary(data: bytes) -> int:
    """Return where a piece of at least `PIECE` bytes ends; anywhere between two characters if no token ends there."""
    start = PIECE
    while start > 0 and data[start] & 0xC0 == 0x80:
        start -= 1
    window = data[start:].decode(errors="ignore")  # the last character may be cut
    place = boundary(window)
    return start if place is None else start + len(window[:place].encode())


def _decoded(path: Path, data: bytes, start: int) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise DatasetError(
            f"{path} must be UTF-8, found the byte 0x{data[error.start]:02X} at byte {start + error.start:,}",
            hint="iconv -f UTF-8 -t UTF-8 -c FILE > NEW removes what is not",
        ) from error


def _key(pieces: Sequence[Piece]) -> str:
    states = {path: Path(path).stat() for path in {piece.path for piece in pieces}}
    files = sorted((str(Path(path).resolve()), each.st_size, each.st_mtime_ns) for path, each in states.items())
    places = hashlib.sha256(str([(each.path, each.start, each.end, each.begins) for each in pieces]).encode())
    return f"{FORMAT}\n{files}\n{places.hexdigest()}"
