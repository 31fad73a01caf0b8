"""The note on texts that are longer than a model's context."""

from __future__ import annotations

from collections.abc import Mapping

from dlcli.notices import warn

Count = tuple[int, int]  # texts that are truncated, and all texts


def note(counts: Mapping[str, Count], what: str, limit: str, *, longest: int = 0) -> None:
    """Warn how many examples of each split are truncated, if any.

    Args:
        counts: for each split that is read.
        what: plural name of the examples, such as "texts".
        limit: what remains of a truncated example, such as "64 tokens".
        longest: tokens of the longest example, if a larger --context would read more of it; otherwise 0.
    """
    truncated = [f"{some:,} of {all_:,} {split}" for split, (some, all_) in counts.items() if some]
    if not truncated:
        return
    remedy = f"; the longest has {longest:,} tokens: a larger --context reads more" if longest else ""
    warn(f"{' and '.join(truncated)} {what} are too long and truncated to {limit}{remedy}")
