from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from dlcli.data.images import shapes


def test_an_example_depends_on_its_index_and_the_seed_only():
    alone, among_others = shapes.draw([7], seed=3), shapes.draw([12, 7, 40_000], seed=3)
    np.testing.assert_array_equal(alone.images[0], among_others.images[1])
    np.testing.assert_array_equal(alone.masks[0], among_others.masks[1])


def test_another_seed_draws_other_images_of_the_same_classes():
    ours, theirs = shapes.draw(range(20), seed=0), shapes.draw(range(20), seed=1)
    assert (ours.images != theirs.images).mean() > 0.9
    np.testing.assert_array_equal(ours.labels, theirs.labels)


def test_all_classes_are_equally_frequent():
    assert np.bincount(shapes.draw(range(200)).labels).tolist() == [20] * 10
    assert len(shapes.CLASSES) == 10


def test_arrays_have_the_documented_shapes_and_types():
    drawing = shapes.draw(range(3))
    found = {name: (values.shape, values.dtype) for name, values in vars(drawing).items()}
    assert found == {
        "images": ((3, 32, 32, 3), np.uint8),
        "labels": ((3,), np.int32),
        "masks": ((3, 32, 32), bool),
        "centres": ((3, 2), np.float32),
        "radii": ((3,), np.float32),
        "angles": ((3,), np.float32),
        "colours": ((3, 3), np.uint8),
        "textures": ((3,), np.int32),
    }


def test_pixels_inside_the_mask_of_a_plain_shape_have_its_colour():
    drawing = shapes.draw(range(300))
    plain = np.flatnonzero(drawing.textures == shapes.TEXTURES.index("plain"))
    errors = []
    for index in plain:
        inside = ndimage.binary_erosion(drawing.masks[index])  # without the antialiased edge
        if inside.any():
            errors.append(np.median(drawing.images[index][inside], axis=0) - drawing.colours[index])
    assert len(errors) > 40
    assert np.abs(errors).max() <= 6  # of 255; the noise, whose median is small


@pytest.mark.parametrize("name", ["circle", "ring", "square", "pentagon", "star", "cross"])
def test_masks_of_symmetric_shapes_are_centred_and_fit_their_radius(name):
    drawing = shapes.draw(range(shapes.CLASSES.index(name), 600, 10))
    for mask, centre, radius in zip(drawing.masks, drawing.centres, drawing.radii, strict=True):
        rows, columns = np.nonzero(mask)
        distances = np.hypot(rows + 0.5 - centre[0], columns + 0.5 - centre[1])
        assert distances.max() <= radius + 0.5
    offsets = [
        np.mean(np.nonzero(mask), axis=1) + 0.5 - centre for mask, centre in zip(*_unoccluded(name), strict=True)
    ]
    assert np.abs(offsets).max() < 0.5


def _unoccluded(name):
    """Return the masks and centres of the shapes with one connected region of nearly the largest relative area."""
    drawing = shapes.draw(range(shapes.CLASSES.index(name), 600, 10))
    area = drawing.masks.sum(axis=(1, 2)) / drawing.radii**2
    whole = area > 0.97 * np.quantile(area, 0.9)
    assert whole.sum() > 30
    return drawing.masks[whole], drawing.centres[whole]


def test_no_shape_is_hidden():
    drawing = shapes.draw(range(1_000))
    assert drawing.masks.sum(axis=(1, 2)).min() > 20


def test_the_version_changes_with_the_images():
    """Cached images of `shapes` stay valid as long as `VERSION` stays the same: when this fails, increase it."""
    drawing = shapes.draw(range(10))
    means = [121.31, 91.39, 104.15, 161.39, 144.23, 155.8, 82.76, 90.48, 99.59, 121.02]
    assert shapes.VERSION == 2
    np.testing.assert_allclose(drawing.images.mean(axis=(1, 2, 3)), means, atol=0.05)
