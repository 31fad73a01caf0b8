from __future__ import annotations

import itertools

import numpy as np

from dlcli.data.images import catalogue, shapes
from dlcli.data.images.sources.shapes import SPLITS


def test_no_example_is_in_two_splits():
    indices = list(itertools.chain.from_iterable(SPLITS.values()))
    assert len(set(indices)) == len(indices) == 11_000


def test_the_splits_are_the_drawn_examples_in_order():
    images = catalogue.open("shapes", None, None, 2**30)
    assert {name: len(split) for name, split in images.splits.items()} == {
        "train": 8_000,
        "validation": 1_000,
        "test": 2_000,
    }
    validation, drawing = images.splits["validation"].source.examples([0, 3]), shapes.draw([8_000, 8_003])
    for (image, label), expected, index in zip(validation, drawing.images, drawing.labels, strict=True):
        np.testing.assert_array_equal(image, expected)
        assert label == index


def test_images_are_scaled_to_the_image_size():
    [(image, _)] = catalogue.open("shapes", None, 16, 2**30).splits["test"].source.examples([0])
    assert image.shape == (16, 16, 3)
