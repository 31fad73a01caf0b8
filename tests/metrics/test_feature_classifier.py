import numpy as np
import pytest
from flax import nnx

from dlcli import activity
from dlcli.metrics import feature_classifier as module
from dlcli.metrics.feature_classifier import FeatureClassifier, count_examples

random = np.random.default_rng(0)
LABELS = random.integers(0, 3, 60)
# Three shades with noise: easy to classify.
IMAGES = (60 + 60 * LABELS[:, None, None, None] + random.integers(0, 40, [60, 4, 4, 1])).astype(np.uint8)


@pytest.fixture(scope="module")
def classifier():
    trained = FeatureClassifier((4, 4, 1), 3)
    trained.fit(IMAGES, LABELS)
    return trained


def test_it_classifies_its_training_images(classifier):
    named = classifier.logits(classifier.features(IMAGES)).argmax(axis=-1)
    assert np.mean(np.asarray(named) == LABELS) > 0.95


def test_saved_weights_are_loaded_bit_for_bit(classifier, tmp_path):
    first, second = FeatureClassifier((4, 4, 1), 3), FeatureClassifier((4, 4, 1), 3)
    first.fit_or_load(tmp_path, "data", lambda: (IMAGES, LABELS))
    assert first.digest() == classifier.digest()
    second.fit_or_load(tmp_path, "data", lambda: pytest.fail("the images were read again"))
    assert second.digest() == first.digest()


def test_a_corrupt_file_is_replaced(classifier, tmp_path):
    FeatureClassifier((4, 4, 1), 3).fit_or_load(tmp_path, "data", lambda: (IMAGES, LABELS))
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:100])
    again = FeatureClassifier((4, 4, 1), 3)
    again.fit_or_load(tmp_path, "data", lambda: (IMAGES, LABELS))
    assert again.digest() == classifier.digest()


def test_the_slower_of_two_processes_uses_the_weights_of_the_faster_one(classifier, tmp_path):
    slower = FeatureClassifier((4, 4, 1), 3)

    def overtaken():
        FeatureClassifier((4, 4, 1), 3).fit_or_load(tmp_path, "data", lambda: (IMAGES, LABELS))
        return IMAGES[::-1].copy(), LABELS  # so that training gives other weights

    slower.fit_or_load(tmp_path, "data", overtaken)
    assert slower.digest() == classifier.digest()


def test_its_training_reports_progress(monkeypatch):
    monkeypatch.setattr(module, "_MAX_STEPS", 3)
    reports = []
    with activity.listening(lambda *report: bool(reports.append(report))):
        FeatureClassifier((4, 4, 1), 3).fit(IMAGES, LABELS)
    *steps, last = reports
    assert steps == [("training the feature classifier", done, 3) for done in range(3)]
    assert last[0] == ""


@pytest.mark.parametrize(("image", "least", "most"), [((8, 8, 1), 500, 500), ((28, 28, 1), 100, 300)])
def test_larger_images_are_trained_for_fewer_steps(image, least, most, monkeypatch):
    monkeypatch.setattr(module, "_MAX_STEPS", 500)
    assert least <= module._steps(FeatureClassifier(image, 10)._arrays(), image) <= most


def test_the_number_of_steps_does_not_grow_with_the_size_of_the_images(monkeypatch):
    monkeypatch.setattr(module, "_MAX_STEPS", 500)
    huge, large = (1024, 1024, 3), (32, 32, 3)
    assert module._steps(FeatureClassifier(huge, 10)._arrays(), huge) == module._steps(
        FeatureClassifier(large, 10)._arrays(), large
    )


def test_the_training_images_are_limited_in_number():
    assert count_examples((8, 8, 1), 10**9) == count_examples((8, 8, 1), 10**6) == 20_000


def test_the_training_images_are_limited_in_bytes():
    assert count_examples((1024, 1024, 3), 10**9) * 1024 * 1024 * 3 <= 2**29


def test_its_weights_are_not_trainable_parameters():
    assert not list(nnx.state(FeatureClassifier((8, 8, 1), 10), nnx.Param))


@pytest.mark.parametrize("image", [(1, 1, 1), (7, 12, 3), (28, 28, 1), (33, 33, 4), (200, 3, 1)])
def test_it_accepts_images_of_any_size(image):
    shape = nnx.eval_shape(lambda: FeatureClassifier(image, 2).features(np.zeros([2, *image], np.uint8))).shape
    assert shape == (2, 64)
