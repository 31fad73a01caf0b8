"""The user's files: what a command's arguments name."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from dlcli.cli import streams
from dlcli.errors import DatasetError
from dlcli.files import lines as split

IMAGES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"}


def lines(texts: Iterable[str]) -> list[str]:
    """Replace "-" by the lines of standard input; empty ones too, so that each input has its answer.

    Raises:
        DatasetError: there is none.
    """
    found = [line for text in texts for line in (split(streams.read_text()) if text == "-" else [text])]
    if not found:
        raise DatasetError("at least one text must be given, found none")
    return found


def expand(paths: Iterable[Path]) -> list[Path]:
    """Replace folders by the images below them, in order of their names, and "-" by the paths on standard input.

    Raises:
        DatasetError: a folder holds no image, or nothing is left.
    """
    found: list[Path] = []
    for path in paths:
        if str(path) == "-":
            found += [Path(_name(line)) for line in split(streams.read_text()) if line]
        elif path.is_dir():
            below = sorted(each for each in path.rglob("*") if each.suffix.lower() in IMAGES)
            if not below:
                raise DatasetError(f"{path} must hold images ({' '.join(sorted(IMAGES))}), found none")
            found += below
        else:
            found.append(path)
    if not found:
        raise DatasetError("at least one image must be named, found none on standard input")
    return found


def _name(line: str) -> str:
    """Return the file name that the bytes of a line stand for, in a locale that is not UTF-8 too."""
    return os.fsdecode(line.encode("utf-8", "surrogateescape"))
