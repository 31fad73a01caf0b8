"""Files of text: which there are, and their text, of bounded size.

- `.txt` is raw text.
- `.tsv`, `.csv` and `.jsonl` are tables (see `dlcli.data.text.tables`).

All are UTF-8, with a byte order mark or without; a further `.gz` or `.xz` says that the file is compressed. Endings
may be in capitals. Only regular files are read, of at most `LARGEST` bytes once they are decompressed.
"""

from __future__ import annotations

import codecs
import lzma
import os
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from dlcli import files
from dlcli.data.problems import Problem
from dlcli.errors import DatasetError
from dlcli.paths import expand_user

RAW = ".txt"
TABLES = (".tsv", ".csv", ".jsonl")
LARGEST = 2**31  # bytes of a file, and of all the files of a folder of documents, decompressed
_PACKED = (".gz", ".xz")
_CHUNK = 2**20  # bytes
# Times that a file may grow when it is decompressed, beyond so many bytes: text grows 3 to 20 times.
_RATIO, _UNSUSPECTED = 200, 2**28
_NUL_SHARE = 0.45  # of the bytes; of plain text in UTF-16 it is a half
_MOST_FILES = 10**6  # of a folder, the folders below it included
_ABOUT = {"authors", "changelog", "changes", "citation", "contributing", "copying", "licence", "license", "notice"}
_ABOUT |= {"readme"}  # stems of files that tell of a data set and are no part of it
_OTHER_ENCODINGS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
BAD_BYTES = re.compile("[\udc80-\udcff]+")  # what stands for bytes that are not UTF-8


def located(dataset: str) -> Path:
    """Return the path that the name of a data set is; `~` is the home folder, where there is one."""
    return expand_user(dataset)


def ending(path: Path) -> str:
    """Return the ending that says what the file holds, in small letters, without that of its compression."""
    return (Path(path.stem).suffix if path.suffix.lower() in _PACKED else path.suffix).lower()


def is_text(path: Path) -> bool:
    """Tell whether the name is that of a text file or a table."""
    return ending(path) in (RAW, *TABLES)


def is_stray(path: Path) -> bool:
    """Tell whether a file's name says that it is no data: hidden, left by a system, or a readme."""
    return _is_hidden(path.name) or path.name.lower().partition(".")[0] in _ABOUT


def is_document(path: Path, folder: Path) -> bool:
    """Tell whether a file is a document of a folder of texts."""
    hidden = any(map(_is_hidden, path.relative_to(folder).parts))
    return ending(path) == RAW and not hidden and not is_stray(path)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or files.is_stray(name)


def listed(folder: Path) -> list[Path]:
    """Return what lies in a folder, by name.

    Raises:
        DatasetError: it cannot be read.
    """
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise DatasetError(f"{folder} cannot be read: {error.strerror}") from error


def below(folder: Path) -> list[Path]:
    """Return all that is no folder in a folder and the folders below it, by name.

    Raises:
        DatasetError: there are too many.
    """
    found: list[Path] = []
    for root, _, names in os.walk(folder):
        found += [Path(root, name) for name in names]
        if len(found) > _MOST_FILES:
            raise DatasetError(f"{folder} must hold at most {_MOST_FILES:,} files, found more")
    return sorted(found)


def skipped(paths: Sequence[Path], why: str) -> list[Problem]:
    """Find files of a folder that are not read."""
    return [Problem("skipped", "", str(path), f"{path} is skipped: {why}", harmless=True) for path in paths]


def read(path: Path) -> str:
    """Return the whole text of a file.

    Raises:
        DatasetError: it is missing, too large, damaged or not UTF-8.
    """
    text, bad = decoded(path)
    if bad:
        raise DatasetError(bad[0].message)
    return text


def raw(path: Path) -> tuple[str, list[Problem]]:
    """Return the text of a file without the lines that are not UTF-8, and these.

    Raises:
        DatasetError: it is missing, too large or damaged.
    """
    text, bad = decoded(path)
    if bad:
        text = "".join(line for line in re.findall(r"[^\n]*\n|[^\n]+", text) if not BAD_BYTES.search(line))
    return text, bad


def decoded(path: Path) -> tuple[str, list[Problem]]:
    """Return the text of a file, and its lines that are not UTF-8, whose bad bytes `BAD_BYTES` matches in the text.

    Raises:
        DatasetError: it is missing, too large, damaged or of another encoding.
    """
    data = _bytes(path)
    for mark, name in _OTHER_ENCODINGS:
        if data.startswith(mark):
            raise _encoded(path, name)
    if data[:_CHUNK].count(0) > _NUL_SHARE * len(data[:_CHUNK]):
        raise DatasetError(f"{path} must be text in UTF-8, found NUL bytes: it is UTF-16, or no text at all")
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        return data.decode("utf-8-sig", "surrogateescape"), _undecodable(path, data)


def head(path: Path) -> str:
    """Return the first megabyte of a file's text, up to the end of a line; "" for what cannot be read."""
    try:
        with files.open_regular(path) as file:
            data = next(_chunks(path, file), b"")
    except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error):
        return ""
    whole = data if len(data) < _CHUNK else data[: data.rfind(b"\n") + 1]
    return whole.decode("utf-8-sig", "surrogateescape")


def _bytes(path: Path) -> bytearray:
    try:
        with files.open_regular(path) as file:
            return _bounded(path, file)
    except FileNotFoundError:
        raise DatasetError(f"{path} does not exist") from None
    except MemoryError:
        raise DatasetError(f"{path} must fit in the memory, and is too large") from None
    except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise DatasetError(f"{path} cannot be read: {reason}") from error


def _chunks(path: Path, file: IO[bytes]) -> Iterator[bytes]:
    """Yield the bytes of a file, decompressed, at most a megabyte at a time."""
    if path.suffix.lower() == ".gz":
        return _gunzipped(file)
    if path.suffix.lower() == ".xz":
        file = lzma.LZMAFile(file)  # noqa: SIM115 (the caller closes what it reads from)
    return iter(lambda: file.read(_CHUNK), b"")


def _gunzipped(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the bytes of a gzip file, of one member or several.

    Python's `gzip` skips the NUL bytes behind a member one by one, which takes hours in a sparse file.
    """
    data = file.read(_CHUNK)
    while data:
        member = zlib.decompressobj(wbits=31)
        while not member.eof:
            ended = not data and not (data := file.read(_CHUNK))
            chunk = member.decompress(data, _CHUNK)
            if ended and not chunk:
                raise EOFError("it ends in the middle of its compressed text")
            if chunk:
                yield chunk
            data = member.unconsumed_tail
        data = member.unused_data.lstrip(b"\0")
        while not data and (more := file.read(_CHUNK)):
            data = more.lstrip(b"\0")


def _bounded(path: Path, file: IO[bytes]) -> bytearray:
    found, size = bytearray(), os.stat(path).st_size
    if size > LARGEST:  # before reading, as that takes a minute
        raise _too_large(path)
    for chunk in _chunks(path, file):
        found += chunk
        if len(found) > LARGEST:
            raise _too_large(path)
        if path.suffix.lower() in _PACKED and len(found) > max(_UNSUSPECTED, _RATIO * size):
            raise DatasetError(
                f"{path} must grow at most {_RATIO} times when it is decompressed, "
                f"found more than {files.size_text(len(found))} in {files.size_text(size)}"
            )
    return found


def _too_large(path: Path) -> DatasetError:
    packed = ", decompressed," if path.suffix.lower() in _PACKED else ""
    return DatasetError(f"{path} must have{packed} at most {files.size_text(LARGEST)}, found more")


def _undecodable(path: Path, data: bytearray) -> list[Problem]:
    """Find the lines that are not UTF-8."""
    found, start = [], 0
    for number, line in enumerate(data.split(b"\n"), 1):
        try:
            line.decode()
        except UnicodeDecodeError as error:
            where, place = f"line {number} of {path}", start + error.start
            what = f"found the byte 0x{line[error.start]:02X} at byte {place:,} of the file"
            found.append(Problem("undecodable", "", where, f"{where} must be UTF-8, {what}", skippable=True))
        start += len(line) + 1
    return found


def _encoded(path: Path, name: str) -> DatasetError:
    return DatasetError(
        f"{path} must be UTF-8, found {name} (by its byte order mark)",
        hint=f"iconv -f {name} -t UTF-8 FILE > NEW converts it",
    )
