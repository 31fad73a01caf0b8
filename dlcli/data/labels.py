"""Labels that may be meant to be one: those that look alike, and those that say that there is none."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from dlcli.data.problems import NAMED, Problem

# As R, pandas and spreadsheets write a missing value.
_MISSING = {"NA", "N/A", "NaN", "nan", "<NA>", "null", "NULL", "#N/A"}


def visible(name: str) -> str:
    """Return a name between quotes; where it is not of plain characters, also with its code points."""
    spelled = "".join(char if " " <= char <= "~" else f"<U+{ord(char):04X}>" for char in name)
    quoted = "'" + "".join(char if char.isprintable() else f"<U+{ord(char):04X}>" for char in name) + "'"
    return quoted if name.isascii() or quoted == f"'{spelled}'" else f"{quoted} ({spelled})"


def form(name: str) -> str:
    """Return what is left of a name without case, outer white space, invisible characters and ways to compose it."""
    seen = "".join(char for char in name if unicodedata.category(char) not in ("Cf", "Cc") or char.isspace())
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).casefold())
    return re.sub(r"^([+-]?\d+)\.0+$", r"\1", " ".join(folded.split()))


def alike(names: Iterable[str]) -> list[list[str]]:
    """Group the names that differ, but not in their `form`."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(form(name), []).append(name)
    return [group for group in groups.values() if len(group) > 1]


def problems(names: Mapping[str, int] | Sequence[str]) -> list[Problem]:
    """Find labels that look alike, and labels that may say that there is none.

    Args:
        names: of classes; or the labels of a table as they stand there, white space around them included, and how many
            examples have each.
    """
    found = []
    counts = names if isinstance(names, Mapping) else {}
    for group in alike(names):
        named = " and ".join(visible(name) + (f" ({counts[name]:,})" if name in counts else "") for name in group)
        classes = len({name.strip() for name in group}) if counts else len(group)
        kept = "one class: white space around a label is left out"
        if classes > 1:
            kept = f"{classes} classes, and may be meant as one"
        found.append(Problem("labels", "", group[0], f"{named} are {kept}"))
    for name in names:
        if name.strip() in _MISSING:
            message = f"label {name.strip()!r} is a class: if it says that there is no label, remove it"
            found.append(Problem("labels", "", name, message))
    return found


def other_classes(of: object, known: Sequence[str], found: Sequence[str]) -> str:
    """Say that data have other classes than those a run was trained on, and which."""
    missing, new = ([name for name in one if name not in other] for one, other in ((known, found), (found, known)))
    parts = [f"{word} {_some(names)}" for word, names in (("without", missing), ("also", new)) if names]
    return f"the data must have the classes that {of} was trained on, found {'; '.join(parts) or 'another order'}"


def _some(names: Sequence[str]) -> str:
    return ", ".join(map(visible, names[:NAMED])) + (f", … ({len(names):,} in all)" if len(names) > NAMED else "")
