"""The embedded set `shapes`: 11,000 drawn images of ten shapes, 32×32 in colour."""

from __future__ import annotations

from collections.abc import Sequence

from dlcli.data.images import shapes
from dlcli.data.images.builder import Builder, ReadOptions
from dlcli.data.images.decoding import resize
from dlcli.data.images.sets import ImageSet
from dlcli.data.images.source import Example
from dlcli.data.problems import Problem

# Indices of the examples of seed 0, as `dlcli.data.images.shapes.draw` takes them.
SPLITS = {"train": range(8_000), "validation": range(8_000, 9_000), "test": range(9_000, 11_000)}


class Drawn:
    """The images of one split, drawn at each access."""

    def __init__(self, split: str, image_size: int | None):
        self.indices = SPLITS[split]
        self.size = (image_size, image_size) if image_size else None
        self.slot = f"shapes-{split}-{image_size or 'own'}"
        self.identity = f"{shapes.VERSION}\n{shapes.CLASSES}\n{self.indices}\n{image_size}"

    def __len__(self) -> int:
        return len(self.indices)

    def where(self, index: int) -> str:
        """Return the index of the example in the whole set."""
        return f"shape {self.indices[index]}"

    def examples(self, indices: Sequence[int]) -> list[Example]:
        """Draw the images, scaled to the size if there is one."""
        drawing = shapes.draw([self.indices[index] for index in indices])
        images = drawing.images if self.size is None else [resize(image, self.size) for image in drawing.images]
        return list(zip(images, drawing.labels.tolist(), strict=True))


def find(dataset: str, options: ReadOptions) -> tuple[ImageSet, list[Problem]]:
    """Open the shapes: 8,000 train, 1,000 validation, 2,000 test, all ten classes with the same frequency."""
    parts = {split: Drawn(split, options.image_size) for split in SPLITS}
    return ImageSet.of(dataset, shapes.CLASSES, parts, options.memory_limit), []


BUILDER = Builder(
    form="shapes",
    matches=lambda dataset: dataset == "shapes",
    find=find,
    embedded={"shapes": "11,000 drawn images of geometric shapes: 32×32 colour, 10 classes"},
)
