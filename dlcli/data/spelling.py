"""Names that a reader takes for the same."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from dlcli.data.findings import Finding


def alike(classes: Sequence[str]) -> list[Finding]:
    """Find names of classes that differ by case, white space or their Unicode form alone."""
    groups: dict[str, list[str]] = {}
    for name in classes:
        groups.setdefault(_plain(name), []).append(name)
    return [
        Finding("labels", "", group[0], f"{_listed(group)} are {len(group)} classes, and may be meant as one")
        for group in groups.values()
        if len(group) > 1
    ]


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _listed(names: Sequence[str]) -> str:
    # What looks the same is told apart by its code points.
    looks = {unicodedata.normalize("NFC", name) for name in names}
    return " and ".join(map(repr if len(looks) == len(names) else ascii, names))
