from __future__ import annotations

import os
import shutil

import numpy as np
import pytest
from PIL import Image

from dlcli.data import sources
from dlcli.data.findings import Malformed
from dlcli.errors import DatasetError


def open_folder(path, image_size=None, memory_limit=2**30):
    return sources.open(f"folder:{path}", None, image_size, memory_limit)


def test_classes_are_the_folders_in_order_and_labels_their_numbers(classes):
    images = open_folder(classes)
    train = images.splits["train"]
    assert images.classes == ("cat", "dog")
    assert [name.partition("/")[0] for name in train.source.names] == [images.classes[label] for label in train.labels]


def test_images_are_the_pixels_of_their_files(classes):
    train = open_folder(classes).splits["train"]
    for index in (0, len(train) - 1):
        with Image.open(train.source.where(index)) as file:
            np.testing.assert_array_equal(train.images(np.array([index]))[0], np.asarray(file))


def test_without_splits_the_files_are_divided_within_each_class(classes):
    splits = open_folder(classes).splits
    assert {name: split.counts().tolist() for name, split in splits.items()} == {
        "train": [14, 14],
        "validation": [2, 2],
        "test": [4, 4],
    }


@pytest.mark.parametrize("name", ["validation", "valid", "val"])
def test_given_splits_are_taken_as_they_are(classes, tmp_path, name):
    for split, count in (("train", 20), (name, 5), ("test", 4)):
        for animal in ("cat", "dog"):
            (tmp_path / "set" / split / animal).mkdir(parents=True)
            for file in sorted((classes / animal).iterdir())[:count]:
                shutil.copy(file, tmp_path / "set" / split / animal)
    splits = open_folder(tmp_path / "set").splits
    assert {split: len(splits[split]) for split in splits} == {"train": 40, "validation": 10, "test": 8}


def test_a_given_test_split_is_not_asked_for_validation(classes, tmp_path):
    shutil.copytree(classes, tmp_path / "set" / "train")
    shutil.copytree(classes, tmp_path / "set" / "test")
    splits = open_folder(tmp_path / "set").splits
    assert (len(splits["train"]), len(splits["validation"]), len(splits["test"])) == (36, 4, 40)


def test_the_files_of_the_test_part_are_not_opened_for_training(classes):
    images = open_folder(classes)
    for name in images.splits["test"].source.names:
        (classes / name).write_bytes(b"not an image")
    assert len(images.splits["train"].labels) == 28
    with pytest.raises(Malformed, match="8 files that cannot be decoded"):
        images.splits["test"].counts()


def test_mixed_sizes_are_refused_with_their_numbers_and_the_option_to_give(classes, save):
    for number in range(3):
        save(classes / "cat" / f"large{number}.png", shape=(9, 9, 3))
    with pytest.raises(Malformed, match=r"of one size, found 6×5 \(\d+\), 9×9 \(\d\): give --image-size"):
        open_folder(classes).splits["train"].counts()


def test_mixed_sizes_are_scaled_to_the_image_size(classes, save):
    save(classes / "cat" / "large.png", shape=(90, 45, 3))
    images = open_folder(classes, image_size=4)
    assert images.image == (4, 4, 3)
    assert images.splits["train"].images(np.arange(5)).shape == (5, 4, 4, 3)


def test_held_out_images_of_another_size_than_the_training_ones_are_refused(classes, save, tmp_path):
    shutil.copytree(classes, tmp_path / "set" / "train")
    for animal in ("cat", "dog"):
        save(tmp_path / "set" / "val" / animal / "1.png", shape=(9, 9, 3))
    with pytest.raises(Malformed, match=r"validation images must be 6×5, as the training images are, found 9×9 \(2\)"):
        open_folder(tmp_path / "set").splits["validation"].counts()


@pytest.mark.parametrize("first", ["gray", "colour"])
def test_a_set_is_in_colour_if_one_training_image_is(classes, save, first):
    train = open_folder(classes).splits["train"]
    gray = train.source.names[1:] if first == "colour" else train.source.names[:-1]
    for name in gray:
        save(classes / name, shape=(6, 5))
    mixed = open_folder(classes).splits["train"]
    assert mixed.image == (6, 5, 3)
    place = train.source.names.index(gray[0])
    channels = np.moveaxis(mixed.images(np.array([place]))[0], -1, 0)
    np.testing.assert_array_equal(channels[0], channels[2])


def test_a_set_of_gray_images_has_one_channel(tmp_path, save):
    for number in range(20):
        save(tmp_path / "set" / "a" / f"{number}.png", shape=(4, 4))
        save(tmp_path / "set" / "b" / f"{number}.png", shape=(4, 4))
    assert open_folder(tmp_path / "set").image == (4, 4, 1)


def test_bad_files_are_refused_by_number_and_name(classes):
    train = open_folder(classes).splits["train"].source.names
    for name in train[:5]:
        (classes / name).write_bytes(b"not an image")
    (classes / train[6]).write_bytes(b"")
    with pytest.raises(Malformed) as caught:
        open_folder(classes).splits["train"].counts()
    message = str(caught.value)
    assert f"5 files that cannot be decoded: {classes}/{train[0]}, {classes}/{train[1]}" in message
    assert f"{classes}/{train[6]}: the file is empty" in message
    assert caught.value.hint == f"`dlcli data check folder:{classes}` lists every problem"


def test_classes_that_a_split_lacks_are_refused(classes, save, tmp_path):
    shutil.copytree(classes, tmp_path / "set" / "train")
    save(tmp_path / "set" / "test" / "cat" / "1.png")
    save(tmp_path / "set" / "test" / "bird" / "1.png")
    with pytest.raises(Malformed, match="2 classes that some split lacks: bird, dog"):
        open_folder(tmp_path / "set")


@pytest.mark.parametrize(
    ("place", "reason"), [("readme.txt", "beside the folders"), ("cat/more/1.png", "within a class")]
)
def test_what_lies_in_the_wrong_place_is_refused(classes, save, place, reason):
    target = classes / place
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(b"x")
    with pytest.raises(Malformed, match=reason):
        open_folder(classes)


def test_hidden_files_are_passed_over(classes):
    for name in (".DS_Store", "cat/.hidden", "cat/Thumbs.db"):
        (classes / name).write_bytes(b"x")
    (classes / ".git").mkdir()
    assert sum(map(len, open_folder(classes).splits.values())) == 40


@pytest.mark.skipif(os.name != "posix", reason="other systems have no such names")
def test_a_name_that_is_not_text_is_refused(classes):
    os.mkdir(os.fsencode(classes) + b"/caf\xe9")
    with pytest.raises(Malformed, match="has a name that is not UTF-8: rename it"):
        open_folder(classes)


def test_a_link_to_nowhere_is_a_file_that_cannot_be_decoded(classes):
    name = open_folder(classes).splits["train"].source.names[0]
    (classes / name).unlink()
    (classes / name).symlink_to(classes / "nowhere.png")
    with pytest.raises(Malformed, match="No such file"):
        open_folder(classes).splits["train"].counts()


def test_a_folder_without_classes_is_refused(tmp_path):
    with pytest.raises(Malformed, match="must hold a folder for each class, and holds none"):
        open_folder(tmp_path)


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="must be a folder of images, and is missing"):
        open_folder(tmp_path / "none")
