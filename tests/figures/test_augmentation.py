import jax
import numpy as np
import pytest
from PIL import Image

from dlcli import figures
from dlcli.data.images.augmentation import draw
from dlcli.errors import UsageError
from dlcli.figures.options.images import Augmentation
from dlcli.options.augmentations import AUGMENTATIONS


def numbers(**options):
    return figures.draw("augmentation", Augmentation(**options)).numbers


def test_the_parameters_are_those_that_training_samples():
    drawn = numbers(augment="light:0.5,flip", count=3, seed=5)["parameters"]
    expected = draw(jax.random.key(5), 6, {"light": 0.5, "flip": AUGMENTATIONS["flip"]})
    np.testing.assert_allclose(drawn["light"]["light"], expected["light"][1::2], rtol=1e-4)
    np.testing.assert_array_equal(drawn["flip"]["flip"], expected["flip"][1::2])
    assert drawn["all combined"] == {**drawn["light"], **drawn["flip"]}


def test_all_augmentations_are_drawn_by_default():
    assert numbers()["strengths"] == AUGMENTATIONS
    assert numbers(augment="flip:1")["strengths"] == {"flip": 1.0}


def test_all_augmentations_fit_on_a_wide_page():
    width, height = figures.draw("augmentation", Augmentation(count=4)).drawing.get_size_inches()
    assert 4 / 3 <= width / height <= 16 / 9


def test_several_augmentations_are_also_drawn_combined():
    assert list(numbers(augment="flip,light:0.5", count=3)["parameters"]) == ["light", "flip", "all combined"]
    assert list(numbers(augment="flip:1")["parameters"]) == ["flip"]


def test_a_flip_with_probability_one_mirrors_the_image(tmp_path):
    ramp = np.tile(np.arange(0, 250, 10, dtype=np.uint8), [25, 1])
    Image.fromarray(ramp).save(tmp_path / "ramp.png")
    axes = figures.draw(
        "augmentation", Augmentation(augment="flip:1", image=tmp_path / "ramp.png", count=1)
    ).drawing.axes[0]
    original, flipped = (np.asarray(image.get_array()) for image in axes.get_images())
    np.testing.assert_allclose(flipped, original[:, ::-1], atol=1e-6)
    assert not np.allclose(flipped, original)


def test_a_run_determines_the_augmentations(cnn_run):
    assert list(numbers(run=str(cnn_run))["strengths"]) == ["flip"]


def test_a_run_trained_without_augmentation_is_rejected(tmp_path):
    from dlcli.data.images.batches import ImageFacts
    from dlcli.runs.writer import RunWriter
    from dlcli.techniques.cnn.options import Train

    facts = ImageFacts(image=(8, 8, 1), classes=("a", "b"), mean=(0.5,), std=(0.25,))
    with RunWriter(tmp_path) as run:
        run.create(Train(), facts, {"technique": "cnn"})
    with pytest.raises(UsageError, match="was trained without --augment"):
        numbers(run=str(tmp_path))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_mixup_of_an_image_file_works_with_any_number_of_channels(channels, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, [40, 8, 8, channels], dtype=np.uint8)
    np.savez(tmp_path / "set.npz", image=pixels, label=np.arange(40) % 2)
    Image.fromarray(np.zeros([8, 8, 3], np.uint8)).save(tmp_path / "black.png")
    found = numbers(augment="mixup", image=tmp_path / "black.png", dataset=str(tmp_path / "set.npz"), count=2)
    assert len(found["parameters"]["mixup"]["mixup"]) == 2


def test_a_terminal_of_24_lines_shows_a_sample_of_each_augmentation():
    drawn = figures.draw("augmentation", Augmentation(count=2)).sketch
    lines = drawn(80, False, 24)
    assert len(lines) <= 24
    words = " ".join(lines).split()
    # A long name continues in the next line.
    assert all(any(word.startswith(f"{name}:"[:12]) for word in words) for name in AUGMENTATIONS)
