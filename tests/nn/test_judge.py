import numpy as np
import pytest
from flax import nnx

from dlcli.nn.judge import Judge

random = np.random.default_rng(0)
LABELS = random.integers(0, 3, 60)
# Three shades, and noise: easy to tell apart.
IMAGES = (60 + 60 * LABELS[:, None, None, None] + random.integers(0, 40, [60, 4, 4, 1])).astype(np.uint8)


@pytest.fixture(scope="module")
def judge():
    learnt = Judge((4, 4, 1), 3)
    learnt.learn(IMAGES, LABELS)
    return learnt


def test_it_learns_to_tell_classes_apart(judge):
    named = judge.logits(judge.features(IMAGES)).argmax(axis=-1)
    assert np.mean(np.asarray(named) == LABELS) > 0.95


def test_what_was_learnt_is_read_again_bit_for_bit(judge, tmp_path):
    first, second = Judge((4, 4, 1), 3), Judge((4, 4, 1), 3)
    first.learn_once(tmp_path, "data", IMAGES, LABELS)
    assert first.digest() == judge.digest()
    second.learn_once(tmp_path, "data", np.zeros_like(IMAGES), LABELS)  # not looked at
    assert second.digest() == first.digest()


def test_a_spoilt_file_is_made_again(judge, tmp_path):
    Judge((4, 4, 1), 3).learn_once(tmp_path, "data", IMAGES, LABELS)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:100])
    again = Judge((4, 4, 1), 3)
    again.learn_once(tmp_path, "data", IMAGES, LABELS)
    assert again.digest() == judge.digest()


def test_its_weights_are_not_among_those_that_are_trained():
    assert not list(nnx.state(Judge((8, 8, 1), 10), nnx.Param))


@pytest.mark.parametrize("image", [(1, 1, 1), (7, 12, 3), (28, 28, 1), (33, 33, 4)])
def test_it_takes_images_of_any_size(image):
    shape = nnx.eval_shape(lambda: Judge(image, 2).features(np.zeros([2, *image], np.uint8))).shape
    assert shape == (2, 64)
