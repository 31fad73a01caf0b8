"""Sets of pairs: named splits of texts, a source and a target each."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Mapping, Sequence

from dlcli.data import splits
from dlcli.data.problems import Malformed, Problem, no_examples
from dlcli.data.splits import ALIASES


@dataclasses.dataclass(frozen=True, eq=False)
class Pairs:
    """The pairs of a split.

    Attributes:
        sources: one text per pair.
        targets: one text per pair.
        places: where each pair comes from, such as "line 3 of set.tsv".
    """

    sources: Sequence[str]
    targets: Sequence[str]
    places: Sequence[str]

    def __len__(self) -> int:
        return len(self.sources)

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256 of all texts."""
        digest = hashlib.sha256()
        for text in (*self.sources, *self.targets):
            encoded = text.encode()
            digest.update(b"%d\n%s" % (len(encoded), encoded))
        return digest.hexdigest()


@dataclasses.dataclass(frozen=True, eq=False)
class PairSet:
    """A set of pairs with the splits `train`, `validation` and `test`."""

    name: str
    splits: Mapping[str, Pairs]

    @property
    def sizes(self) -> dict[str, int]:
        """Number of pairs in each split."""
        return {name: len(split) for name, split in self.splits.items()}


Row = tuple[str, str, str]  # place, source, target
Found = tuple[list[Row], list[Problem]]  # the usable pairs, and the problems of the others


def complete(rows: Sequence[Row]) -> Found:
    """Return the pairs with both texts, and a problem for each other pair."""
    good = [row for row in rows if row[1].strip() and row[2].strip()]
    return good, [
        Problem("empty", "", place, f"{place} must have a source and a target", skippable=True)
        for place, source, target in rows
        if not (source.strip() and target.strip())
    ]


def pair_set(name: str, found: Mapping[str, Found], *, flags: Sequence[str] = ()) -> tuple[PairSet, list[Problem]]:
    """Build a set of pairs from the rows of its splits; missing splits are divided off the training rows.

    Args:
        name: of the set.
        found: rows and problems of `train`, and perhaps of other splits.
        flags: words of the command line that open the set the same way, for the hint of an error.

    Raises:
        Malformed: a split is empty because its pairs cannot be used.
    """
    problems = [
        dataclasses.replace(problem, split=split if len(found) > 1 else "")
        for split, (_, bad) in found.items()
        for problem in bad
    ]
    train = found["train"][0]
    rows = {split: [train[i] for i in taken] for split, taken in splits.numbered(len(train), found).items()}
    rows |= {split: good for split, (good, _) in found.items() if split != "train"}
    pairs = PairSet(name, {split: _pairs(rows[split]) for split in ALIASES})
    if not all(pairs.sizes.values()) and (bad := [each for each in problems if not each.harmless]):
        raise Malformed(name, bad, flags=flags)
    return pairs, problems + [each for split, size in pairs.sizes.items() for each in no_examples(split, size)]


def _pairs(rows: Sequence[Row]) -> Pairs:
    places, sources, targets = zip(*rows, strict=True) if rows else ((), (), ())
    return Pairs(sources, targets, places)
