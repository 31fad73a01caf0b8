import numpy as np

from dlcli.data.nearest_images import nearest
from dlcli.interface import Data, Facts

IMAGES = np.random.default_rng(0).integers(256, size=[10, 4, 3, 2], dtype=np.uint8)


def data():
    """Ten images in batches of four, epoch after epoch."""

    def train_from(step, share=None):
        while True:
            yield {"image": IMAGES[np.arange(4 * step, 4 * step + 4) % 10]}
            step += 1

    return Data(train_from, None, None, Facts(), {"train": 10}, "")


def test_the_nearest_image_to_a_training_image_is_itself():
    found, difference = nearest(data(), IMAGES[[9, 2]])
    np.testing.assert_array_equal(found, IMAGES[[9, 2]])
    np.testing.assert_array_equal(difference, 0)


def test_the_difference_is_the_root_mean_square_over_pixels():
    brighter = np.minimum(IMAGES[3:4].astype(int) + 10, 255).astype(np.uint8)
    found, difference = nearest(data(), brighter)
    np.testing.assert_array_equal(found, IMAGES[3:4])
    expected = np.sqrt(np.mean((brighter.astype(float) - IMAGES[3:4]) ** 2)) / 255
    np.testing.assert_allclose(difference, [expected])
