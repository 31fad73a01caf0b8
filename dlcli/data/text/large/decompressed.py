"""Compressed text files larger than memory: decompressed once into the cache, since they cannot be read at random."""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Sequence
from pathlib import Path

from dlcli import activity, files
from dlcli.data import cache, text_files
from dlcli.errors import DatasetError

_FACTOR = 4  # text is compressed to about a quarter


def size(path: Path) -> int:
    """Return the bytes of a text file, or of a compressed one about those of its text."""
    return path.stat().st_size * (_FACTOR if text_files.is_compressed(path) else 1)


def plain(paths: Sequence[Path]) -> list[Path]:
    """Return the files themselves, and for compressed ones files of the cache with their text.

    Raises:
        DatasetError: a file cannot be read, or decompresses to suspiciously much.
        DiskError: the cache cannot be written.
    """
    return [_plain(path) if text_files.is_compressed(path) else path for path in paths]


def _plain(path: Path) -> Path:
    try:
        state = path.stat()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}") from error
    stem = cache.Stem(f"text-{path.name}", f"{path.resolve()}\n{state.st_size}\n{state.st_mtime_ns}")
    target = stem.path("txt")
    if not target.exists():
        stem.clear()
        with cache.replacing(target) as output:
            try:
                with files.open_regular(path) as file:
                    for chunk in text_files.chunks(path, file):
                        output.write(chunk)
                        text_files.refuse_bomb(path, state.st_size, output.tell())
                        what = f"decompressing {path.name} (MiB)"
                        activity.report(what, file.tell() // 2**20, state.st_size // 2**20)
            except (EOFError, ValueError, lzma.LZMAError, zlib.error) as error:
                raise DatasetError(f"{path} cannot be read: {error}") from error
        activity.report("")
    return target
