import numpy as np
import pytest
from flax import nnx

from dlcli import activity
from dlcli.metrics import feature_classifier as judge_module
from dlcli.metrics.feature_classifier import Judge, examples

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
    first.learn_once(tmp_path, "data", lambda: (IMAGES, LABELS))
    assert first.digest() == judge.digest()
    second.learn_once(tmp_path, "data", lambda: pytest.fail("the images were read again"))
    assert second.digest() == first.digest()


def test_a_spoilt_file_is_made_again(judge, tmp_path):
    Judge((4, 4, 1), 3).learn_once(tmp_path, "data", lambda: (IMAGES, LABELS))
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:100])
    again = Judge((4, 4, 1), 3)
    again.learn_once(tmp_path, "data", lambda: (IMAGES, LABELS))
    assert again.digest() == judge.digest()


def test_a_process_that_was_slower_measures_with_the_classifier_of_the_faster_one(judge, tmp_path):
    slower = Judge((4, 4, 1), 3)

    def overtaken():
        Judge((4, 4, 1), 3).learn_once(tmp_path, "data", lambda: (IMAGES, LABELS))
        return IMAGES[::-1].copy(), LABELS  # so that it would learn something else

    slower.learn_once(tmp_path, "data", overtaken)
    assert slower.digest() == judge.digest()


def test_its_training_tells_how_far_it_is(tmp_path):
    told = []
    with activity.listening(lambda *report: bool(told.append(report))):
        Judge((4, 4, 1), 3).learn(IMAGES, LABELS)
    *steps, last = told
    assert steps == [("training the feature classifier", done, 500) for done in range(500)]
    assert last[0] == ""


@pytest.mark.parametrize(("image", "least", "most"), [((8, 8, 1), 500, 500), ((28, 28, 1), 100, 300)])
def test_larger_images_are_learnt_in_fewer_steps(image, least, most):
    assert least <= judge_module._steps(Judge(image, 10)._arrays(), image) <= most


def test_neither_the_work_nor_the_memory_grows_with_the_size_of_the_data_or_of_the_images():
    huge, large = (1024, 1024, 3), (32, 32, 3)
    assert judge_module._steps(Judge(huge, 10)._arrays(), huge) == judge_module._steps(
        Judge(large, 10)._arrays(), large
    )
    assert examples(huge, 10**9) * 1024 * 1024 * 3 <= 2**29
    assert examples((8, 8, 1), 10**9) == examples((8, 8, 1), 10**6) == 20_000


def test_its_weights_are_not_among_those_that_are_trained():
    assert not list(nnx.state(Judge((8, 8, 1), 10), nnx.Param))


@pytest.mark.parametrize("image", [(1, 1, 1), (7, 12, 3), (28, 28, 1), (33, 33, 4), (200, 3, 1)])
def test_it_takes_images_of_any_size(image):
    shape = nnx.eval_shape(lambda: Judge(image, 2).features(np.zeros([2, *image], np.uint8))).shape
    assert shape == (2, 64)
