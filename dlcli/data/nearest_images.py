"""The training images that are nearest to other images."""

from __future__ import annotations

import numpy as np

from dlcli.interface import Data


def nearest(data: Data, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest training image to each image by Euclidean distance between pixels, and the distance.

    Args:
        data: of the run, an image set.
        images: uint8 [image, height, width, channel].

    Returns:
        The training images, uint8 of the shape of `images`; and the root mean square difference of pixels in [0, 1],
        float64 [image].
    """
    queries = images.reshape(len(images), -1).astype(np.float32)
    squares = np.square(queries).sum(axis=1)
    found, best = np.zeros_like(images), np.full(len(images), np.inf)
    seen = 0
    for batch in data.train_from(0):  # an epoch, in the order of training
        rows = np.asarray(batch["image"])
        pixels = rows.reshape(len(rows), -1).astype(np.float32)
        distances = squares[:, None] + np.square(pixels).sum(axis=1) - 2 * queries @ pixels.T
        index = distances.argmin(axis=1)
        least = distances[np.arange(len(images)), index]
        closer = least < best
        found[closer], best[closer] = rows[index[closer]], least[closer]
        seen += len(rows)
        if seen >= data.sizes["train"]:
            break
    rms = np.sqrt(np.square(found.astype(float) - images.astype(float)).mean(axis=(1, 2, 3))) / 255
    return found, rms
