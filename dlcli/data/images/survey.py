"""What the headers of the training images say, before the first image is decoded.

It decides the side that images of several sizes are scaled to, and what is white in images of more than 8 bits.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict

from dlcli.data import cache
from dlcli.data.images.pixels import Header, white_of
from dlcli.data.images.source import Source, Unreadable

LARGEST_SIDE = 224  # that is chosen unasked; larger images cost more than most tasks gain by them
_MULTIPLE = 8  # a network halves its images about three times
_FORMAT = 1  # goes up when the same headers give another survey


@runtime_checkable
class Measurable(Protocol):
    """A source whose images may differ in size and depth."""

    def headers(self) -> Iterator[Header | Unreadable]:
        """Read the header of each image."""
        ...

    def brightest(self, index: int) -> float:
        """Return the highest value of a deep image, or 0 where it cannot be decoded."""
        ...

    def fitted(self, side: int | None, white: float | None) -> Source:
        """Return the same images with `white` as white in deep ones, scaled to `side` if they have their own size."""
        ...


class Survey(BaseModel):
    """What the headers say.

    Attributes:
        sizes: different pairs of height and width.
        smallest, largest: height and width of the images with the least and the most pixels.
        median: of all heights and widths.
        deep: images of more than 8 bits a channel.
        highest: the highest value in these.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    sizes: int
    smallest: tuple[int, int]
    largest: tuple[int, int]
    median: float
    deep: int
    highest: float

    @property
    def side(self) -> int | None:
        """The side to scale to, a multiple of 8; None where all images are of one size."""
        if self.sizes <= 1:
            return None
        return min(LARGEST_SIDE, max(_MULTIPLE, round(self.median / _MULTIPLE) * _MULTIPLE))

    @property
    def white(self) -> float | None:
        """What is white in the deep images; None where there are none."""
        return white_of(self.highest) if self.deep else None

    def fitted(self, source: Source) -> Source:
        """Return a source of the same set with its images scaled as the training images are."""
        changed = isinstance(source, Measurable) and (self.side or self.white)
        return source.fitted(self.side, self.white) if changed else source

    def notes(self, name: str, image_size: int | None) -> Sequence[str]:
        """Say what was chosen for the set of this name, where `image_size` was asked for."""
        said = []
        if image_size is None and self.side:
            sizes = " … ".join(f"{height}×{width}" for height, width in (self.smallest, self.largest))
            capped = f", at most {LARGEST_SIDE}" if self.median > LARGEST_SIDE else ""
            said.append(
                f"{name} has images of {self.sizes:,} sizes, {sizes}: scaled to {self.side}×{self.side} "
                f"(the median side is {self.median:g}{capped}); --image-size chooses another size"
            )
        if self.white is not None:
            said.append(
                f"{name} has {self.deep:,} images of more than 8 bits a pixel with values up to {self.highest:g}: "
                f"{self.white:g} is taken as white, here and when the model is used"
            )
        return said


def survey(source: Source) -> Survey | None:
    """Read the headers of all images, or what the cache holds of them; None where all are alike by construction."""
    if not isinstance(source, Measurable):
        return None
    stem = cache.Stem(f"{source.slot}-survey", f"{_FORMAT}\n{source.identity}")
    path = stem.path("headers")
    try:
        return Survey.model_validate_json(cache.unseal(path.read_bytes()))
    except (OSError, ValueError):
        stem.clear()
    found = _measured(source)
    with cache.replacing(path) as file:
        file.write(cache.seal(found.model_dump_json().encode()))
    return found


def _measured(source: Measurable) -> Survey:
    sizes: Counter[tuple[int, int]] = Counter()
    deep, highest = 0, 0.0
    for index, header in enumerate(source.headers()):
        if isinstance(header, Unreadable):
            continue  # decoding reports it
        sizes[header.size] += 1
        if header.deep:
            deep += 1
            highest = max(highest, source.brightest(index))
    by_pixels = sorted(sizes, key=lambda size: size[0] * size[1]) or [(1, 1)]
    sides = [side for size, count in sizes.items() for side in size for _ in range(count)]
    return Survey(
        sizes=len(sizes),
        smallest=by_pixels[0],
        largest=by_pixels[-1],
        median=statistics.median(sides or [1]),
        deep=deep,
        highest=highest,
    )
