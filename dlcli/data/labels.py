"""Labels that may be mistakes: different spellings of one label, and spellings of a missing value."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from dlcli.data.problems import NAMED, Problem

# Missing values as R, pandas and spreadsheets write them.
MISSING = {"NA", "N/A", "NaN", "nan", "<NA>", "null", "NULL", "#N/A"}


def visible(name: str) -> str:
    """Return a name in quotes; if it is not plain ASCII, also with its code points."""
    spelled = "".join(char if " " <= char <= "~" else f"<U+{ord(char):04X}>" for char in name)
    quoted = "'" + "".join(char if char.isprintable() else f"<U+{ord(char):04X}>" for char in name) + "'"
    return quoted if name.isascii() or quoted == f"'{spelled}'" else f"{quoted} ({spelled})"


def normalized(name: str) -> str:
    """Return a name without case, outer whitespace, invisible characters and differences of Unicode composition."""
    seen = "".join(char for char in name if unicodedata.category(char) not in ("Cf", "Cc") or char.isspace())
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).casefold())
    return re.sub(r"^([+-]?\d+)\.0+$", r"\1", " ".join(folded.split()))


def same_normalized(names: Iterable[str]) -> list[list[str]]:
    """Return the groups of different names with the same normalized name."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(normalized(name), []).append(name)
    return [group for group in groups.values() if len(group) > 1]


def noisy(labels: np.ndarray, classes: int, fraction: float, seed: int) -> np.ndarray:
    """Return labels of which a random fraction is replaced by another class, each equally likely.

    Args:
        labels: int32 [example].
        classes: number of classes, at least 2.
        fraction: of the labels to replace, in [0, 1].
        seed: of the choice.
    """
    random = np.random.default_rng(seed)
    replaced = random.permutation(len(labels))[: round(fraction * len(labels))]
    changed = labels.copy()
    changed[replaced] = (labels[replaced] + random.integers(1, classes, len(replaced))) % classes
    return changed


def problems(names: Mapping[str, int] | Sequence[str]) -> list[Problem]:
    """Return the problems of labels that differ only in spelling, and of labels that may be missing values.

    Args:
        names: names of classes; or the labels of a table, including whitespace around them, with their number of
            examples.
    """
    found = []
    counts = names if isinstance(names, Mapping) else {}
    for group in same_normalized(names):
        named = " and ".join(visible(name) + (f" ({counts[name]:,})" if name in counts else "") for name in group)
        classes = len({name.strip() for name in group}) if counts else len(group)
        meaning = "one class: whitespace around a label is ignored"
        if classes > 1:
            meaning = f"{classes} classes, but may mean the same class"
        found.append(Problem("labels", "", group[0], f"{named} are {meaning}"))
    for name in names:
        if name.strip() in MISSING:
            message = f"label {name.strip()!r} is a class: if it means a missing label, remove it"
            found.append(Problem("labels", "", name, message))
    return found


def other_classes(of: object, known: Sequence[str], found: Sequence[str]) -> str:
    """Return a message that a data set has other classes than those a run was trained on."""
    missing, new = ([name for name in one if name not in other] for one, other in ((known, found), (found, known)))
    parts = [f"{word} {_first_few(names)}" for word, names in (("missing", missing), ("new", new)) if names]
    return f"the data must have the classes that {of} was trained on, found {'; '.join(parts) or 'another order'}"


def _first_few(names: Sequence[str]) -> str:
    return ", ".join(map(visible, names[:NAMED])) + (f", … ({len(names):,} in all)" if len(names) > NAMED else "")
