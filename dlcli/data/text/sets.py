"""Sets of text: named splits of documents, with or without classes."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Iterator, Mapping, Sequence

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Documents:
    """The documents of a split.

    Attributes:
        texts: one string per document; a raw text is one document.
        labels: class of each document, int32 [document], -1 for a class that training lacks; None without classes.
        places: where each document comes from, such as "line 3 of set.tsv".
    """

    texts: Sequence[str]
    labels: np.ndarray | None = None
    places: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.texts)

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256 of the texts and their labels."""
        digest = hashlib.sha256(b"" if self.labels is None else self.labels.tobytes())
        for text in self.texts:
            encoded = text.encode()
            digest.update(b"%d\n%s" % (len(encoded), encoded))
        return digest.hexdigest()

    @property
    def sample(self) -> Sequence[str]:
        """The texts to train a tokenizer on: all of them."""
        return self.texts

    def blank(self) -> list[str]:
        """Return the places of documents without text."""
        return [place for place, text in zip(self.places, self.texts, strict=True) if not text.strip()]

    def keys(self) -> Iterator[tuple[str, object]]:
        """Yield the place of each document that has text, and a value that is equal for equal documents."""
        found = zip(self.places, self.texts, strict=True)
        yield from ((place, text.strip()) for place, text in found if text.strip())

    @property
    def characters(self) -> int:
        """Number of characters of all texts."""
        return sum(map(len, self.texts))


@dataclasses.dataclass(frozen=True, eq=False)
class TextSet:
    """A set of text with the splits `train`, `validation` and perhaps `test`.

    Attributes:
        name: as the user gives it.
        splits: documents by the name of the split.
        classes: class names; empty without labels.
        labels: the labels as they are written in the data, with surrounding white space, and their counts.
    """

    name: str
    splits: Mapping[str, Documents]
    classes: tuple[str, ...] = ()
    labels: Mapping[str, int] = dataclasses.field(default_factory=dict)

    @property
    def sizes(self) -> dict[str, int]:
        """Number of documents in each split."""
        return {name: len(split) for name, split in self.splits.items()}

    def counts(self, split: str) -> list[int]:
        """Return the number of documents of each class in a split; empty without labels."""
        labels = self.splits[split].labels
        return [] if labels is None else np.bincount(labels[labels >= 0], minlength=len(self.classes)).tolist()

    @property
    def example(self) -> str:
        """A document of the validation split."""
        return next((each for each in self.splits["validation"].texts if each.strip()), "")

    @property
    def digest(self) -> str:
        """SHA-256 of the training split."""
        return self.splits["train"].digest

    @property
    def test_split(self) -> str:
        """The split that `eval` measures on: "test", or "validation" if there is no test split."""
        return "test" if "test" in self.splits else "validation"
