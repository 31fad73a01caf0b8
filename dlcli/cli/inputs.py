"""The inputs of a command: texts, lines of standard input, and image files."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from dlcli.cli import streams
from dlcli.errors import DatasetError
from dlcli.files import split_lines
from dlcli.notices import warn


def lines(texts: Iterable[str]) -> list[str]:
    """Replace "-" by the lines of standard input, including empty ones, so that each input has an output.

    Raises:
        DatasetError: there is no text.
    """
    found = [line for text in texts for line in (split_lines(streams.read_text()) if text == "-" else [text])]
    if not found:
        raise DatasetError("at least one text must be given, found none")
    return found


def expand(paths: Iterable[Path]) -> list[Path]:
    """Replace folders by the images below them, sorted by name, and "-" by the paths on standard input.

    Image files are recognized as in training; other files in a folder are skipped with a note.

    Raises:
        DatasetError: a folder contains no image, or there is no path.
    """
    found: list[Path] = []
    for path in paths:
        if str(path) == "-":
            found += [Path(_name(line)) for line in split_lines(streams.read_text()) if line]
        elif path.is_dir():
            found += _below(path)
        else:
            found.append(path)
    if not found:
        raise DatasetError("at least one image must be named, found none on standard input")
    return found


def _name(line: str) -> str:
    """Return the file name whose bytes are those of the line, whatever the locale."""
    return os.fsdecode(line.encode("utf-8", "surrogateescape"))


def _below(folder: Path) -> list[Path]:
    from dlcli.data.images import files

    listing = files.below(folder)
    if not listing.images:
        held = f"{len(listing.others):,} other files: {files.first_few(listing.others)}"
        raise DatasetError(f"{folder} must contain images, found {held if listing.others else 'none'}")
    if listing.others:
        warn(files.skipped(folder, listing.others))
    return [folder / name for name in sorted(listing.images)]
