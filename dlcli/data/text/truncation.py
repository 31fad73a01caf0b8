"""What is said where texts are longer than a model reads."""

from __future__ import annotations

from collections.abc import Mapping

from dlcli.notices import warn

Count = tuple[int, int]  # texts that are too long, and all of them


def note(counts: Mapping[str, Count], what: str, limit: str, *, longest: int = 0) -> None:
    """Tell the user how many examples are cut, of which split and where; nothing where none is.

    Args:
        counts: of each split that is read.
        what: an example is, in the plural.
        limit: what the model reads of one.
        longest: tokens of the longest, where a larger --context would read more of it; 0: it would not.
    """
    cut = [f"{some:,} of {all_:,} {split}" for split, (some, all_) in counts.items() if some]
    if not cut:
        return
    remedy = f"; the longest has {longest:,}: a larger --context reads more" if longest else ""
    warn(f"{' and '.join(cut)} {what} are longer than the model reads, and are cut at {limit}{remedy}")
