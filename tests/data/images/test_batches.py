from __future__ import annotations

import itertools

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from dlcli.data.images import batches as images
from dlcli.data.images import catalogue
from dlcli.data.problems import Malformed
from dlcli.errors import DatasetError, UsageError
from dlcli.options.common import TrainOptions


def read(path, seed=0, image_size=None, **changes):
    return images.read(TrainOptions(dataset=f"folder:{path}", batch_size=8, **changes), seed, image_size)


FACTS = {"image": (6, 5, 3), "classes": ("cat", "dog"), "mean": (0.5,) * 3, "std": (0.2,) * 3}


def test_facts_describe_the_training_split(classes):
    data = read(classes)
    batches = list(itertools.islice(data.train_from(0), 7))
    pixels = np.concatenate([batch["image"] for batch in batches])[:28] / 255
    assert (data.facts.image, data.facts.classes) == ((6, 5, 3), ("cat", "dog"))
    np.testing.assert_allclose(data.facts.mean, pixels.mean(axis=(0, 1, 2)), rtol=1e-12)
    assert data.sizes == {"train": 28, "validation": 4, "test": 8}


def test_the_seed_changes_the_order_only(classes):
    ours, theirs = read(classes, seed=0), read(classes, seed=1)
    assert ours.digest == theirs.digest
    assert (next(ours.train_from(0))["image"] != next(theirs.train_from(0))["image"]).any()


def test_held_out_batches_contain_the_same_training_images_each_time(classes):
    data = read(classes)
    beside = images.WithTrainingImages(data.validation, data.train_from, times=3)
    (batch,), (again,) = beside, beside
    ((plain,), training) = data.validation, itertools.islice(data.train_from(0), 3)
    assert np.array_equal(batch["image"], plain["image"])
    assert np.array_equal(batch["train"], np.concatenate([each["image"] for each in training]))
    assert np.array_equal(batch["train"], again["train"])


def corrupt(folder, split):
    """Make the files of a split undecodable."""
    for name in catalogue.open(f"folder:{folder}", None, None, 2**30).splits[split].source.names:
        (folder / name).write_bytes(b"not an image")


def test_training_images_are_in_the_order_of_training():
    data = images.read(TrainOptions(dataset="digits", batch_size=500), seed=3)
    pixels, labels = images.training(data, 1_300)
    assert pixels.shape == (1_300, 8, 8, 1)
    batches = [batch["label"] for batch in itertools.islice(data.train_from(0), 3)]
    np.testing.assert_array_equal(labels, np.concatenate(batches)[:1_300])


def test_requested_labels_cycle_unless_a_class_is_named():
    assert images.requested_labels(("cat", "dog"), "", 5).tolist() == [0, 1, 0, 1, 0]
    assert images.requested_labels(("cat", "dog"), "dog", 2).tolist() == [1, 1]
    with pytest.raises(UsageError, match="one of cat, dog, got 'cow'"):
        images.requested_labels(("cat", "dog"), "cow", 2)


def test_the_test_split_is_not_opened_before_it_is_iterated(classes):
    corrupt(classes, "test")
    data = read(classes)
    next(data.train_from(0))
    assert len(list(data.validation)) == 1
    with pytest.raises(Malformed, match="8 files that cannot be decoded"):
        next(iter(data.test))


def test_bad_validation_files_are_refused_before_training(classes):
    corrupt(classes, "validation")
    with pytest.raises(Malformed, match="4 files that cannot be decoded"):
        read(classes)


def test_classes_with_too_few_examples_are_refused(classes, save):
    for number in range(3):
        save(classes / "bird" / f"{number}.png")
    with pytest.raises(Malformed, match="class 'bird' needs at least 3 training examples, found 1"):
        read(classes)


def test_images_above_the_supported_size_are_refused(tmp_path, save):
    for number in range(5):
        save(tmp_path / "set" / "a" / f"{number}.png", pixels=np.zeros([1, 5000], dtype=np.uint8))
    with pytest.raises(DatasetError, match="is not supported: image"):
        read(tmp_path / "set")


def test_facts_survive_json():
    facts = images.ImageFacts(**FACTS)
    assert images.ImageFacts.model_validate_json(facts.model_dump_json()) == facts


@pytest.mark.parametrize(
    "changes",
    [
        {"image": (10**6, 5, 3)},
        {"image": (0, 5, 3)},
        {"image": (6, 5)},
        {"image": (6, 5, 1000)},
        {"classes": ()},
        {"classes": ("x" * 1000,)},
        {"classes": ("x",) * 10**5},
        {"mean": (0.5,)},
        {"std": (0.0, 0.2, 0.2)},
        {"mean": (float("nan"),) * 3},
    ],
)
def test_invalid_facts_are_refused(changes):
    with pytest.raises(ValidationError):
        images.ImageFacts(**{**FACTS, **changes})


@pytest.mark.parametrize("shape", [(6, 5, 3), (6, 5), (60, 40, 3)])
@pytest.mark.parametrize("channels", [1, 3])
def test_an_image_file_is_converted_to_the_shape_of_the_training_images(save, tmp_path, shape, channels):
    facts = images.ImageFacts(
        **{**FACTS, "image": (6, 5, channels), "mean": (0.5,) * channels, "std": (1.0,) * channels}
    )
    image = images.decode(save(tmp_path / "a.png", shape=shape), facts)
    assert (image.shape, image.dtype) == ((6, 5, channels), np.uint8)


def test_an_image_file_is_decoded_as_in_training(classes):
    train = catalogue.open(f"folder:{classes}", None, 4, 2**30).splits["train"]
    facts = read(classes, image_size=4).facts
    for index in range(3):
        image = images.decode(classes / train.source.names[index], facts)
        np.testing.assert_array_equal(image, train.images(np.array([index]))[0])


def test_a_file_that_is_not_an_image_is_an_error_with_its_name(tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    with pytest.raises(DatasetError, match=r"a\.txt cannot be read: not an image"):
        images.decode(tmp_path / "a.txt", images.ImageFacts(**FACTS))


def test_an_image_file_for_a_model_with_two_channels_is_an_error(save, tmp_path):
    facts = images.ImageFacts(image=(6, 5, 2), classes=("a",), mean=(0.5,) * 2, std=(1.0,) * 2)
    with pytest.raises(DatasetError, match="the model needs 2"):
        images.decode(save(tmp_path / "a.png"), facts)


@pytest.mark.parametrize("kind", ["png", "jpg", "gif", "bmp", "webp"])
def test_folders_may_contain_any_format_that_pillow_decodes(tmp_path, kind):
    for number in range(5):
        path = tmp_path / "set" / "a" / f"{number}.{kind}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4), (number, 0, 0)).save(path)
    assert read(tmp_path / "set").facts.image == (4, 4, 3)


def test_a_subset_limits_the_training_split_only(classes):
    whole, part = read(classes), images.read(TrainOptions(dataset=f"folder:{classes}", batch_size=8), 0, None, 9)
    assert part.sizes == {**whole.sizes, "train": 9}
    assert part.digest != whole.digest
    for one, other in zip(whole.validation, part.validation, strict=True):
        np.testing.assert_array_equal(one["image"], other["image"])


def test_a_larger_subset_contains_a_smaller_one():
    def examples(count, seed):
        data = images.read(TrainOptions(dataset="digits", batch_size=count), seed, None, count)
        return {image.tobytes() for image in next(data.train_from(0))["image"]}

    assert examples(60, seed=0) == examples(60, seed=1) < examples(90, seed=0)


def test_statistics_of_a_subset_are_those_of_its_own_pixels():
    data = images.read(TrainOptions(dataset="digits", batch_size=50), 0, None, 50)
    pixels = next(data.train_from(0))["image"] / 255
    assert data.facts.mean == pytest.approx((pixels.mean(),), rel=1e-9)
    assert data.facts.std == pytest.approx((pixels.std(),), rel=1e-9)


def test_a_subset_is_balanced_over_the_classes():
    data = images.read(TrainOptions(dataset="digits", batch_size=43), 0, None, 43)
    assert sorted(np.bincount(next(data.train_from(0))["label"])) == [4] * 7 + [5] * 3


def test_a_subset_larger_than_the_set_is_refused():
    with pytest.raises(UsageError, match="--train-examples must be at most 1258, the training examples of digits"):
        images.read(TrainOptions(dataset="digits"), 0, None, 1259)


def test_label_noise_changes_labels_of_the_training_split_alone():
    options = TrainOptions(dataset="digits", batch_size=40)
    clean, noisy = (images.read(options, 3, train_examples=40, label_noise=noise) for noise in (0.0, 0.5))
    batches = [next(data.train_from(0)) for data in (clean, noisy)]
    np.testing.assert_array_equal(batches[0]["image"], batches[1]["image"])
    assert (batches[0]["label"] != batches[1]["label"]).sum() == 20
    held_out = [next(iter(data.validation)) for data in (clean, noisy)]
    np.testing.assert_array_equal(held_out[0]["label"], held_out[1]["label"])
