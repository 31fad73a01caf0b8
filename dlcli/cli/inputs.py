"""The user's files: what a command's arguments name."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from dlcli.cli import streams
from dlcli.errors import DatasetError
from dlcli.files import split_lines
from dlcli.notices import warn


def lines(texts: Iterable[str]) -> list[str]:
    """Replace "-" by the lines of standard input; empty ones too, so that each input has its answer.

    Raises:
        DatasetError: there is none.
    """
    found = [line for text in texts for line in (split_lines(streams.read_text()) if text == "-" else [text])]
    if not found:
        raise DatasetError("at least one text must be given, found none")
    return found


def expand(paths: Iterable[Path]) -> list[Path]:
    """Replace folders by the images below them, in order of their names, and "-" by the paths on standard input.

    Which files are images is what training says too; the others in a folder are skipped with a note.

    Raises:
        DatasetError: a folder holds no image, or nothing is left.
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
    """Return the file name that the bytes of a line stand for, in a locale that is not UTF-8 too."""
    return os.fsdecode(line.encode("utf-8", "surrogateescape"))


def _below(folder: Path) -> list[Path]:
    from dlcli.data.images import files

    listing = files.below(folder)
    if not listing.images:
        held = f"{len(listing.others):,} other files: {files.first_few(listing.others)}"
        raise DatasetError(f"{folder} must hold images, found {held if listing.others else 'none'}")
    if listing.others:
        warn(files.skipped(folder, listing.others))
    return [folder / name for name in sorted(listing.images)]
