"""Image sets: named splits of labelled images, decoded on first access."""

from __future__ import annotations

import copy
import dataclasses
import functools
import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from dlcli.data import splits
from dlcli.data.images import decoded_cache
from dlcli.data.images import survey as surveys
from dlcli.data.images.decoding import convert_channels
from dlcli.data.images.source import Example, Source, Unreadable
from dlcli.data.images.survey import Survey
from dlcli.data.problems import NAMED
from dlcli.errors import DatasetError, UsageError
from dlcli.notices import warn


class Subset:
    """Some examples of a source, as a source."""

    def __init__(self, whole: Source, indices: np.ndarray):
        """Choose examples of `whole` by their indices, int64 [example]."""
        self.whole, self.indices = whole, indices
        self.slot = f"{whole.slot}-{len(indices)}"

    @property
    def identity(self) -> str:
        """Identity of the whole, with the chosen indices."""
        return f"{self.whole.identity}\n{hashlib.sha256(self.indices.data).hexdigest()}"

    def __len__(self) -> int:
        return len(self.indices)

    def where(self, index: int) -> str:
        """Return the name of an example in the whole."""
        return self.whole.where(int(self.indices[index]))

    def examples(self, indices: Sequence[int]) -> list[Example]:
        """Decode examples."""
        return self.whole.examples(self.indices[list(indices)].tolist())


class Split:
    """The examples of one split: arrays in memory if the set is small, else decoded at each access.

    The first access decodes all examples once, to compute the statistics and to find the undecodable ones; the result
    is cached.
    """

    def __init__(self, dataset: str, name: str, listed: Source, *, classes: int, largest: int, like: Split | None):
        """Describe the split without reading it.

        Args:
            dataset: name of the set.
            name: of the split.
            listed: all examples of the split, including undecodable ones.
            classes: number of classes.
            largest: bytes of an image up to which the split is in memory.
            like: split with the required shape of the images; None requires the same shape for all.
        """
        self.dataset, self.name, self.listed = dataset, name, listed
        self.classes, self.largest, self.like = classes, largest, like
        self.skip_bad = False

    def __len__(self) -> int:
        return len(self.source)

    @property
    def source(self) -> Source:
        """All examples; with `skip_bad` the readable ones, which are known once all have been decoded."""
        return self._readable if self.skip_bad else self.listed

    @functools.cached_property
    def _readable(self) -> Source:
        bad = self._decoded.bad
        if not bad:
            return self.listed
        named = ", ".join(self.listed.where(index) for index in bad[:NAMED]) + (", …" if len(bad) > NAMED else "")
        warn(
            f"--skip-bad leaves out {len(bad):,} of {len(self.listed):,} {self.name} images of {self.dataset}, "
            f"which cannot be decoded: {named}"
        )
        return Subset(self.listed, np.delete(np.arange(len(self.listed)), bad))

    @functools.cached_property
    def _decoded(self) -> decoded_cache.Decoded:
        entry = decoded_cache.Entry(
            self.dataset,
            self.name,
            self.listed,
            classes=self.classes,
            largest=self.largest,
            shape=self.like.image if self.like else None,
            skip_bad=self.skip_bad,
        )
        return entry.load() or entry.build()

    @property
    def image(self) -> tuple[int, int, int]:
        """Height, width and channels of every image."""
        return self._decoded.image

    @property
    def labels(self) -> np.ndarray:
        """Class of each example, int32 [example]."""
        return self._decoded.labels

    @property
    def mean(self) -> tuple[float, ...]:
        """Mean of each channel, of pixels in [0, 1]."""
        return self._decoded.mean

    @property
    def std(self) -> tuple[float, ...]:
        """Standard deviation of each channel, of pixels in [0, 1]; 1 where a channel is constant."""
        return self._decoded.std

    @property
    def digest(self) -> str:
        """SHA-256 of the decoded images, their shape and their labels."""
        return self._decoded.digest

    def relabelled(self, labels: np.ndarray) -> Split:
        """Return the split with other labels, int32 [example]."""
        changed = copy.copy(self)
        changed._decoded = dataclasses.replace(self._decoded, labels=labels)
        return changed

    @property
    def resident(self) -> bool:
        """Whether the images are in memory."""
        return self._decoded.images is not None

    def counts(self) -> np.ndarray:
        """Return the number of examples of each class, int64 [class]."""
        return np.bincount(self.labels, minlength=self.classes)

    def images(self, indices: np.ndarray) -> np.ndarray:
        """Return uint8 [index, height, width, channel].

        Raises:
            DatasetError: a file has changed since it was first read.
        """
        if self._decoded.images is not None:
            return self._decoded.images[indices]
        numbers = indices.tolist()
        examples = self.source.examples(numbers)
        return np.stack([self._pixels(index, example) for index, example in zip(numbers, examples, strict=True)])

    def _pixels(self, index: int, example: Example) -> np.ndarray:
        where = f"{self.source.where(index)} of {self.dataset}"
        if isinstance(example, Unreadable):
            raise DatasetError(f"{where} has changed and cannot be decoded any more: {example}")
        image = convert_channels(example[0], self.image[-1])
        if image.shape != self.image:
            raise DatasetError(f"{where} has changed from the shape {self.image} to {image.shape}")
        return image


@dataclasses.dataclass(frozen=True)
class ImageSet:
    """A data set of labelled images: `train`, `validation` and `test`.

    Attributes:
        name: as `--dataset` names it.
        classes: names of the classes, in the order of the labels.
        splits: splits by name.
        survey: statistics of the headers of the training images, if these may differ in size or bit depth.
    """

    name: str
    classes: tuple[str, ...]
    splits: Mapping[str, Split]
    survey: Survey | None = None

    @classmethod
    def of(cls, name: str, classes: Sequence[str], sources: Mapping[str, Source], memory_limit: int) -> ImageSet:
        """Make one split per source; all images must have the shape of those in `train`."""
        survey = surveys.survey(sources["train"])
        if survey:
            sources = {split: survey.scaled(source) for split, source in sources.items()}
        largest = memory_limit // max(1, sum(map(len, sources.values())))
        made: dict[str, Split] = {}
        for split in sorted(sources, key=lambda split: split != "train"):
            made[split] = Split(
                name, split, sources[split], classes=len(classes), largest=largest, like=made.get("train")
            )
        return cls(name, tuple(classes), made, survey)

    def limited(self, count: int) -> ImageSet:
        """Return the set with `count` of its training examples, balanced over the classes (see `splits.few`).

        Raises:
            UsageError: there are fewer training examples.
        """
        train = self.splits["train"]
        if count > len(train):
            raise UsageError(
                f"--train-examples must be at most {len(train)}, the training examples of {self.name}, got {count}"
            )
        source = Subset(train.source, splits.few(train.labels, count))
        part = Split(train.dataset, "train", source, classes=train.classes, largest=train.largest, like=None)
        return dataclasses.replace(self, splits={**self.splits, "train": part})

    def without_bad(self) -> ImageSet:
        """Return the set without the examples that cannot be decoded; each split warns of them when it is read."""
        for split in self.splits.values():
            split.skip_bad = True
        return self

    @property
    def image(self) -> tuple[int, int, int]:
        """Height, width and channels of every image."""
        return self.splits["train"].image
