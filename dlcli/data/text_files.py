"""Reading of text files with bounded size.

- `.txt` is raw text.
- `.tsv`, `.csv` and `.jsonl` are tables (see `dlcli.data.text.tables`).

All are UTF-8, with or without a byte order mark, and may be compressed as `.gz` or `.xz`. Extensions may be in upper
case. Only regular files of at most `LARGEST` decompressed bytes are read.
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
LARGEST = 2**31  # decompressed bytes of a file, and of all files of a folder of documents
_COMPRESSED = (".gz", ".xz")
_CHUNK = 2**20  # bytes
# A file that decompresses to more than _UNSUSPECTED bytes may grow _RATIO times; text grows 3 to 20 times.
_RATIO, _UNSUSPECTED = 200, 2**28
_NUL_FRACTION = 0.45  # of the bytes; plain text in UTF-16 has a half
_MOST_FILES = 10**6  # in a folder and the folders below it
_ABOUT = {"authors", "changelog", "changes", "citation", "contributing", "copying", "licence", "license", "notice"}
_ABOUT |= {"readme"}  # stems of files that describe a data set
_OTHER_ENCODINGS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
BAD_BYTES = re.compile("[\udc80-\udcff]+")  # surrogate escapes of bytes that are not UTF-8


def located(dataset: str) -> Path:
    """Return the name of a data set as a path; `~` is the home folder."""
    return expand_user(dataset)


def extension(path: Path) -> str:
    """Return the extension of a file in lower case, without that of its compression."""
    return (Path(path.stem).suffix if is_compressed(path) else path.suffix).lower()


def is_text(path: Path) -> bool:
    """Return whether a name is that of a raw text or a table."""
    return extension(path) in (RAW, *TABLES)


def is_compressed(path: Path) -> bool:
    """Return whether a name is that of a compressed file."""
    return path.suffix.lower() in _COMPRESSED


def is_table(path: Path) -> bool:
    """Return whether a name is that of a table."""
    return extension(path) in TABLES


def is_auxiliary(path: Path) -> bool:
    """Return whether a name is that of a file without data: hidden, left by a system, or a readme."""
    return _is_hidden(path.name) or path.name.lower().partition(".")[0] in _ABOUT


def is_document(path: Path, folder: Path) -> bool:
    """Return whether a file is a document of a folder of texts."""
    hidden = any(map(_is_hidden, path.relative_to(folder).parts))
    return extension(path) == RAW and not hidden and not is_auxiliary(path)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or files.is_stray(name)


def in_folder(folder: Path) -> list[Path]:
    """Return the files and folders in a folder, sorted by name.

    Raises:
        DatasetError: it cannot be read.
    """
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise DatasetError(f"{folder} cannot be read: {error.strerror}") from error


def below(folder: Path) -> list[Path]:
    """Return the files in a folder and in all folders below it, sorted by name.

    Raises:
        DatasetError: there are too many.
    """
    found: list[Path] = []
    for root, _, names in os.walk(folder):
        found += [Path(root, name) for name in names]
        if len(found) > _MOST_FILES:
            raise DatasetError(f"{folder} must contain at most {_MOST_FILES:,} files, found more")
    return sorted(found)


def skipped(paths: Sequence[Path], why: str) -> list[Problem]:
    """Return a harmless problem for each file that is not read."""
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
    """Return the text of a file without the lines that are not UTF-8, and a problem for each such line.

    Raises:
        DatasetError: it is missing, too large or damaged.
    """
    text, bad = decoded(path)
    if bad:
        text = "".join(line for line in re.findall(r"[^\n]*\n|[^\n]+", text) if not BAD_BYTES.search(line))
    return text, bad


def decoded(path: Path) -> tuple[str, list[Problem]]:
    """Return the text of a file, and a problem for each line that is not UTF-8; `BAD_BYTES` matches its invalid bytes.

    Raises:
        DatasetError: it is missing, too large, damaged or of another encoding.
    """
    data = _bytes(path)
    begin(path, data[:_CHUNK])
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        return data.decode("utf-8-sig", "surrogateescape"), _undecodable(path, data)


def begin(path: Path, data: bytes | bytearray) -> int:
    """Return where the text of a file begins: after a byte order mark.

    Args:
        path: of the file.
        data: its first bytes.

    Raises:
        DatasetError: it is of another encoding.
    """
    for mark, name in _OTHER_ENCODINGS:
        if data.startswith(mark):
            raise _encoded(path, name)
    if data.count(0) > _NUL_FRACTION * len(data):
        raise DatasetError(f"{path} must be text in UTF-8, found NUL bytes: it is UTF-16 or a binary file")
    return len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0


def head(path: Path) -> str:
    """Return the first megabyte of a file's text, up to the end of a line; "" if the file cannot be read."""
    try:
        with files.open_regular(path) as file:
            data = next(chunks(path, file), b"")
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
        raise DatasetError(f"{path} must fit in memory, and is too large") from None
    except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise DatasetError(f"{path} cannot be read: {reason}") from error


def chunks(path: Path, file: IO[bytes]) -> Iterator[bytes]:
    """Yield the decompressed bytes of a file in chunks of at most one megabyte."""
    if path.suffix.lower() == ".gz":
        return _gunzipped(file)
    if path.suffix.lower() == ".xz":
        file = lzma.LZMAFile(file)  # noqa: SIM115 (the caller closes the file)
    return iter(lambda: file.read(_CHUNK), b"")


def _gunzipped(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the decompressed bytes of a gzip file of one or several members.

    Python's `gzip` skips the NUL bytes after a member one by one, which takes hours in a sparse file.
    """
    data = file.read(_CHUNK)
    while data:
        member = zlib.decompressobj(wbits=31)
        while not member.eof:
            ended = not data and not (data := file.read(_CHUNK))
            chunk = member.decompress(data, _CHUNK)
            if ended and not chunk:
                raise EOFError("it ends within its compressed text")
            if chunk:
                yield chunk
            data = member.unconsumed_tail
        data = member.unused_data.lstrip(b"\0")
        while not data and (more := file.read(_CHUNK)):
            data = more.lstrip(b"\0")


def _bounded(path: Path, file: IO[bytes]) -> bytearray:
    found, size = bytearray(), os.stat(path).st_size
    if size > LARGEST:  # checked before reading, which takes a minute
        raise _too_large(path)
    for chunk in chunks(path, file):
        found += chunk
        if len(found) > LARGEST:
            raise _too_large(path)
        if is_compressed(path):
            refuse_bomb(path, size, len(found))
    return found


def refuse_bomb(path: Path, size: int, decompressed: int) -> None:
    """Raise `DatasetError` if a file of a size decompresses to suspiciously many bytes."""
    if decompressed > max(_UNSUSPECTED, _RATIO * size):
        raise DatasetError(
            f"{path} must decompress to at most {_RATIO} times its size, "
            f"found more than {files.size_text(decompressed)} from {files.size_text(size)}"
        )


def _too_large(path: Path) -> DatasetError:
    what = "decompress to" if is_compressed(path) else "be"
    return DatasetError(f"{path} must {what} at most {files.size_text(LARGEST)}, found more")


def _undecodable(path: Path, data: bytearray) -> list[Problem]:
    """Return a problem for each line that is not UTF-8."""
    problems, start = [], 0
    for number, line in enumerate(data.split(b"\n"), 1):
        try:
            line.decode()
        except UnicodeDecodeError as error:
            where, offset = f"line {number} of {path}", start + error.start
            what = f"found the byte 0x{line[error.start]:02X} at byte {offset:,} of the file"
            problems.append(Problem("undecodable", "", where, f"{where} must be UTF-8, {what}", skippable=True))
        start += len(line) + 1
    return problems


def _encoded(path: Path, name: str) -> DatasetError:
    return DatasetError(
        f"{path} must be UTF-8, found {name} (by its byte order mark)",
        hint=f"iconv -f {name} -t UTF-8 FILE > NEW converts it",
    )
