from __future__ import annotations

import numpy as np
import pytest

from dlcli.data.images import catalogue
from dlcli.data.problems import Malformed
from dlcli.data.splits import ALIASES
from dlcli.errors import DatasetError

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, [60, 4, 3], dtype=np.uint8)
LABELS = np.arange(60) % 3


def open_arrays(path, image_size=None, memory_limit=2**30, save=np.savez, **arrays):
    save(path / "set.npz", **arrays)
    return catalogue.open(str(path / "set.npz"), None, image_size, memory_limit)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("memory_limit", [2**30, 0])
def test_images_equal_the_arrays(tmp_path, save, memory_limit):
    images = open_arrays(tmp_path, image=IMAGES[..., None], label=LABELS, save=save, memory_limit=memory_limit)
    train = images.splits["train"]
    places = train.source.indices
    np.testing.assert_array_equal(train.images(np.arange(len(train)))[..., 0], IMAGES[places])
    np.testing.assert_array_equal(train.labels, LABELS[places])
    assert (images.image, images.classes) == ((4, 3, 1), ("0", "1", "2"))


@pytest.mark.parametrize(
    "names",
    ["x_{}:y_{}", "{}_image:{}_label", "{}_images:{}_labels", "{}_x:{}_y"],
)
@pytest.mark.parametrize("validation", ALIASES["validation"])
def test_splits_are_found_by_their_common_names(tmp_path, names, validation):
    arrays = {}
    for split, count in (("train", 30), (validation, 20), ("test", 10)):
        image, _, label = names.replace("{}", split).partition(":")
        arrays |= {image: IMAGES[:count], label: LABELS[:count]}
    splits = open_arrays(tmp_path, **arrays).splits
    assert {name: len(split) for name, split in splits.items()} == {"train": 30, "validation": 20, "test": 10}


def test_labels_may_be_a_column_as_in_keras(tmp_path):
    images = open_arrays(tmp_path, x_train=IMAGES, y_train=LABELS[:, None].astype(np.uint8))
    assert images.splits["train"].counts().sum() == 42


def test_class_names_in_the_file_are_used(tmp_path):
    images = open_arrays(tmp_path, image=IMAGES, label=LABELS, classes=np.array(["a", "b", "c"]))
    assert images.classes == ("a", "b", "c")


def test_arrays_are_scaled_to_the_image_size(tmp_path):
    assert open_arrays(tmp_path, image=IMAGES, label=LABELS, image_size=6).image == (6, 6, 1)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"image": IMAGES / 255}, "image must be uint8 from 0 to 255, found float64"),
        ({"image": IMAGES[:, 0]}, r"image must be \[example, height, width, channel\], found \[60, 3\]"),
        ({"image": IMAGES[:, None]}, None),
        ({"image": np.zeros([60, 3, 8, 8], dtype=np.uint8)}, r"found \[60, 3, 8, 8\]"),
        ({"label": LABELS[:50]}, r"label must be \[60\] to match image, found \[50\]"),
        ({"label": np.eye(3)[LABELS]}, "label must be integers, found float64"),
        ({"label": np.array(["a"] * 60)}, "label must be integers"),
        ({"label": np.array([None] * 60)}, "label must be integers, found object"),
        ({"label": LABELS - 1}, "labels of train must be in 0 … 1, found"),
        ({"label": LABELS * 100_000}, "below 65536, found 200000"),
        ({"classes": np.array(["a", "b"])}, "labels of train must be in 0 … 1"),
    ],
)
def test_arrays_with_a_wrong_shape_or_type_are_refused(tmp_path, changed, reason):
    arrays = {"image": IMAGES, "label": LABELS, **changed}
    if reason is None:
        assert open_arrays(tmp_path, **arrays).image == (1, 4, 3)
        return
    with pytest.raises(DatasetError, match=reason):
        open_arrays(tmp_path, **arrays).splits["train"].counts()


def test_the_error_for_missing_arrays_names_the_arrays_in_the_file(tmp_path):
    with pytest.raises(DatasetError, match=r"must contain the arrays `image` and `label`.*found pictures"):
        open_arrays(tmp_path, pictures=IMAGES)


def test_all_invalid_arrays_are_reported_at_once(tmp_path):
    with pytest.raises(Malformed) as caught:
        open_arrays(tmp_path, image=IMAGES / 1.0, label=LABELS / 1.0)
    assert [problem.where for problem in caught.value.problems] == ["image", "label"]


def test_nothing_is_unpickled(tmp_path):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("an object was unpickled",))

    trapped = np.array([Trap()] * 60, dtype=object)
    with pytest.raises(DatasetError, match="object"):
        open_arrays(tmp_path, image=IMAGES, label=LABELS, classes=trapped)
    with pytest.raises(DatasetError, match="object"):
        open_arrays(tmp_path, image=trapped, label=LABELS)


@pytest.mark.parametrize("damage", [b"", b"hello", "cut", "flipped"])
def test_damaged_files_are_refused(tmp_path, damage):
    np.savez(tmp_path / "set.npz", image=IMAGES, label=LABELS)
    whole = (tmp_path / "set.npz").read_bytes()
    flipped = bytearray(whole)
    flipped[500] ^= 0xFF
    (tmp_path / "set.npz").write_bytes({"cut": whole[:600], "flipped": bytes(flipped)}.get(damage, damage))
    with pytest.raises(DatasetError, match=r"must be an \.npz file of arrays and cannot be read"):
        catalogue.open(str(tmp_path / "set.npz"), None, None, 2**30).splits["train"].counts()
