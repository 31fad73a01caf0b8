import numpy as np
import pytest

from dlcli.data.images.batches import ImageFacts
from dlcli.figures.attributions import attributions
from dlcli.techniques.cnn.learner import Learner
from dlcli.techniques.cnn.options import Train

FACTS = ImageFacts(image=(8, 8, 1), classes=("a", "b", "c"), mean=(0.5,), std=(0.25,))
IMAGE = np.random.default_rng(1).integers(0, 256, [8, 8, 1], dtype=np.uint8)


@pytest.fixture(scope="module")
def learner():
    learner = Learner(Train(channels=4, stages=1, hidden=0, activation="gelu"), FACTS)
    kernel = learner.network.head.logits.kernel
    kernel.set_value(np.random.default_rng(0).normal(size=kernel.shape).astype(np.float32))
    learner.eval()
    return learner


@pytest.fixture(scope="module")
def found(learner):
    return attributions(learner, 1, IMAGE)


def logit(learner, image):
    return float(learner.network(learner.normalize(image[None].astype(np.float32) / 255))[0, 1])


def test_integrated_gradients_sum_to_the_difference_to_a_black_image(learner, found):
    expected = logit(learner, IMAGE) - logit(learner, np.zeros_like(IMAGE))
    assert found.integrated_gradients.sum() == pytest.approx(expected, rel=0.02)


def test_occlusion_is_the_mean_fall_of_the_logit_over_the_windows_that_cover_a_pixel(learner, found):
    # Windows of 2 x 2 pixels, one pixel apart: a corner is covered by one of them.
    covered = IMAGE.astype(np.float32)
    covered[:2, :2] = IMAGE.mean()
    assert found.occlusion[0, 0] == pytest.approx(logit(learner, IMAGE) - logit(learner, covered), rel=1e-3, abs=1e-5)


def test_smooth_gradients_are_non_negative(found):
    assert found.smooth_gradient.shape == (8, 8)
    assert found.smooth_gradient.min() >= 0
    assert found.smooth_gradient.max() > 0
