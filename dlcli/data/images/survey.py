"""Statistics of the headers of the training images, computed before the first image is decoded.

They decide to which side images of several sizes are scaled, and which value is white in images with more than 8 bits.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict

from dlcli.data import cache
from dlcli.data.images.decoding import Header, white_of
from dlcli.data.images.source import Source, Unreadable

LARGEST_SIDE = 224  # pixels; chosen by default at most, as larger images rarely improve a model enough for their cost
_MULTIPLE = 8  # networks halve their images about three times
_FORMAT = 3  # increases when the same headers give another survey


@runtime_checkable
class Measurable(Protocol):
    """A source whose images may differ in size and bit depth."""

    def headers(self) -> Iterator[Header | Unreadable]:
        """Read the header of each image."""
        ...

    def maximum(self, index: int) -> float:
        """Return the largest pixel value of an image with more than 8 bits per channel, 0 if it cannot be decoded."""
        ...

    def scaled(self, side: int | None, white: float | None) -> Source:
        """Return the same images, scaled to `side` unless they have a size already, with `white` as white."""
        ...


class Survey(BaseModel):
    """Statistics of the headers.

    Attributes:
        sizes: number of different pairs of height and width.
        smallest, largest: height and width of the images with the fewest and the most pixels.
        median: of all heights and widths, in pixels.
        deep: number of images with more than 8 bits per channel.
        maximum: largest pixel value in these.
        upper_bits: number of colour images with 16 bits per channel, of which only the upper 8 can be read.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    sizes: int
    smallest: tuple[int, int]
    largest: tuple[int, int]
    median: float
    deep: int
    maximum: float
    upper_bits: int = 0

    @property
    def side(self) -> int | None:
        """Height and width in pixels to scale to, a multiple of 8; None if all images have the same size."""
        if self.sizes <= 1:
            return None
        return min(LARGEST_SIDE, max(_MULTIPLE, round(self.median / _MULTIPLE) * _MULTIPLE))

    @property
    def white(self) -> float | None:
        """The value of white in images with more than 8 bits per channel; None if there are none."""
        return white_of(self.maximum) if self.deep else None

    def scaled(self, source: Source) -> Source:
        """Return a source of the same set, scaled in the same way as the training images."""
        if isinstance(source, Measurable) and (self.side or self.white):
            return source.scaled(self.side, self.white)
        return source

    def notes(self, name: str, image_size: int | None) -> Sequence[str]:
        """Return one message per choice that the survey made for a set.

        Args:
            name: of the set.
            image_size: side in pixels that the user chose, if any.
        """
        messages = []
        if image_size is None and self.side:
            sizes = " … ".join(f"{height}×{width}" for height, width in (self.smallest, self.largest))
            capped = f", at most {LARGEST_SIDE}" if self.median > LARGEST_SIDE else ""
            messages.append(
                f"{name} has images of {self.sizes:,} sizes, {sizes}: scaled to {self.side}×{self.side} "
                f"(the median side is {self.median:g}{capped}); --image-size chooses another size"
            )
        if self.white is not None:
            messages.append(
                f"{name} has {self.deep:,} images with more than 8 bits per channel and values up to {self.maximum:g}: "
                f"{self.white:g} is used as white, also when the model is used"
            )
        return [*messages, *self.losses(name)]

    def losses(self, name: str) -> Sequence[str]:
        """Return one message if pixel values of a set cannot be read in full."""
        if not self.upper_bits:
            return []
        found = f"{name} has colour images with 16 bits per channel ({self.upper_bits:,} of the training split)"
        return [f"{found}: the upper 8 bits are read, so that values below 256 become black"]


def survey(source: Source) -> Survey | None:
    """Return the survey of a source, from the cache if possible; None if its images cannot differ in size or depth."""
    if not isinstance(source, Measurable):
        return None
    stem = cache.Stem(f"{source.slot}-survey", f"{_FORMAT}\n{source.identity}")
    path = stem.path("headers")
    try:
        return Survey.model_validate_json(cache.unseal(path.read_bytes()))
    except (OSError, ValueError):
        stem.clear()
    found = _measure(source)
    with cache.replacing(path) as file:
        file.write(cache.seal(found.model_dump_json().encode()))
    return found


def _measure(source: Measurable) -> Survey:
    sizes: Counter[tuple[int, int]] = Counter()
    deep, upper_bits, maximum = 0, 0, 0.0
    for index, header in enumerate(source.headers()):
        if isinstance(header, Unreadable):
            continue  # decoding reports it
        sizes[header.size] += 1
        upper_bits += header.upper_bits
        if header.deep:
            deep += 1
            maximum = max(maximum, source.maximum(index))
    by_pixels = sorted(sizes, key=lambda size: size[0] * size[1]) or [(1, 1)]
    sides = [side for size, count in sizes.items() for side in size for _ in range(count)]
    return Survey(
        sizes=len(sizes),
        smallest=by_pixels[0],
        largest=by_pixels[-1],
        median=statistics.median(sides or [1]),
        deep=deep,
        maximum=maximum,
        upper_bits=upper_bits,
    )
