"""Image sets: named splits of labelled images, decoded when they are first asked for."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from dlcli.data import splits
from dlcli.data.images import store
from dlcli.data.images import survey as surveys
from dlcli.data.images.pixels import conform
from dlcli.data.images.source import Example, Source, Unreadable
from dlcli.data.images.survey import Survey
from dlcli.data.problems import NAMED
from dlcli.errors import DatasetError, UsageError
from dlcli.notices import warn


class Subset:
    """Some places of a source, as a source."""

    def __init__(self, whole: Source, places: np.ndarray):
        self.whole, self.places = whole, places
        self.slot = f"{whole.slot}-{len(places)}"

    @property
    def identity(self) -> str:
        """What the whole says of itself, and which places of it are taken."""
        return f"{self.whole.identity}\n{hashlib.sha256(self.places).hexdigest()}"

    def __len__(self) -> int:
        return len(self.places)

    def where(self, index: int) -> str:
        """Name an example as the whole does."""
        return self.whole.where(int(self.places[index]))

    def examples(self, indices: Sequence[int]) -> list[Example]:
        """Decode some examples."""
        return self.whole.examples(self.places[list(indices)].tolist())


class Split:
    """The examples of one split: arrays in memory where the set is small, else decoded at each access.

    Nothing is read before it is asked for. The first access goes through all examples once, to find the undecodable
    ones and the statistics; what it finds is kept in the cache.
    """

    def __init__(self, dataset: str, name: str, listed: Source, *, classes: int, largest: int, like: Split | None):
        """Prepare to read `listed`.

        The set is held in memory if an image takes `largest` bytes or fewer. The images must have the shape of those
        of the split `like`; without it they say it themselves.
        """
        self.dataset, self.name, self.listed = dataset, name, listed
        self.classes, self.largest, self.like = classes, largest, like
        self.skip_bad = False

    def __len__(self) -> int:
        return len(self.source)

    @property
    def source(self) -> Source:
        """What is listed; where bad examples are skipped, the readable part of it, for which all of it is read."""
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
    def _decoded(self) -> store.Decoded:
        entry = store.Entry(
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
    def deviation(self) -> tuple[float, ...]:
        """Standard deviation of each channel, of pixels in [0, 1]; 1 where a channel is constant."""
        return self._decoded.deviation

    @property
    def digest(self) -> str:
        """SHA-256 of the decoded images, their shape and their labels."""
        return self._decoded.digest

    @property
    def resident(self) -> bool:
        """Whether the images are arrays in memory."""
        return self._decoded.images is not None

    def counts(self) -> np.ndarray:
        """Return the number of examples of each class, int64 [class]."""
        return np.bincount(self.labels, minlength=self.classes)

    def images(self, indices: np.ndarray) -> np.ndarray:
        """Return uint8 [index, height, width, channel].

        Raises:
            DatasetError: a file is no longer what it was when it was first read.
        """
        if self._decoded.images is not None:
            return self._decoded.images[indices]
        places = indices.tolist()
        examples = self.source.examples(places)
        return np.stack([self._fit(place, example) for place, example in zip(places, examples, strict=True)])

    def _fit(self, index: int, example: Example) -> np.ndarray:
        where = f"{self.source.where(index)} of {self.dataset}"
        if isinstance(example, Unreadable):
            raise DatasetError(f"{where} was readable before, and is not now: {example}")
        image = conform(example[0], self.image[-1])
        if image.shape != self.image:
            raise DatasetError(f"{where} was of shape {self.image} before, and is {image.shape} now")
        return image


@dataclasses.dataclass(frozen=True)
class ImageSet:
    """A data set of labelled images: `train`, `validation` and `test`.

    Attributes:
        name: of the set.
        classes: their names, in the order of the labels.
        splits: by name.
        survey: of the headers of the training images, where these may differ in size or depth.
    """

    name: str
    classes: tuple[str, ...]
    splits: Mapping[str, Split]
    survey: Survey | None = None

    @classmethod
    def of(cls, name: str, classes: Sequence[str], sources: Mapping[str, Source], memory_limit: int) -> ImageSet:
        """Make the splits of the sources; the images of `train` say the shape of all others."""
        survey = surveys.survey(sources["train"])
        if survey:
            sources = {split: survey.fitted(source) for split, source in sources.items()}
        largest = memory_limit // max(1, sum(map(len, sources.values())))
        made: dict[str, Split] = {}
        for split in sorted(sources, key=lambda split: split != "train"):
            made[split] = Split(
                name, split, sources[split], classes=len(classes), largest=largest, like=made.get("train")
            )
        return cls(name, tuple(classes), made, survey)

    def limited(self, count: int) -> ImageSet:
        """Return the set with so many of its training examples, evenly over the classes (see `splits.few`).

        Raises:
            UsageError: there are not as many.
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
        """Return the set without the examples that cannot be decoded; each split names them when it is read."""
        for split in self.splits.values():
            split.skip_bad = True
        return self

    @property
    def image(self) -> tuple[int, int, int]:
        """Height, width and channels, as the training images say."""
        return self.splits["train"].image
