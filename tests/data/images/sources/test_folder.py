from __future__ import annotations

import os
import shutil
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from dlcli.data.images import catalogue
from dlcli.data.images.check import check
from dlcli.data.labels import visible
from dlcli.data.problems import Malformed
from dlcli.data.splits import ALIASES
from dlcli.errors import DatasetError
from dlcli.notices import Notice


def open_folder(path, image_size=None, memory_limit=2**30):
    return catalogue.open(f"folder:{path}", None, image_size, memory_limit)


def test_labels_are_the_indices_of_the_sorted_folders(classes):
    images = open_folder(classes)
    train = images.splits["train"]
    assert images.classes == ("cat", "dog")
    assert [name.partition("/")[0] for name in train.source.names] == [images.classes[label] for label in train.labels]


def test_images_are_decoded_from_their_files(classes):
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


@pytest.mark.parametrize("name", ALIASES["validation"])
def test_splits_given_as_folders_are_used(classes, tmp_path, name):
    for split, count in (("train", 20), (name, 5), ("test", 4)):
        for animal in ("cat", "dog"):
            (tmp_path / "set" / split / animal).mkdir(parents=True)
            for file in sorted((classes / animal).iterdir())[:count]:
                shutil.copy(file, tmp_path / "set" / split / animal)
    splits = open_folder(tmp_path / "set").splits
    assert {split: len(splits[split]) for split in splits} == {"train": 40, "validation": 10, "test": 8}


def test_validation_is_not_taken_from_a_given_test_split(classes, tmp_path):
    shutil.copytree(classes, tmp_path / "set" / "train")
    shutil.copytree(classes, tmp_path / "set" / "test")
    splits = open_folder(tmp_path / "set").splits
    assert (len(splits["train"]), len(splits["validation"]), len(splits["test"])) == (36, 4, 40)


def test_training_does_not_open_test_files(classes):
    images = open_folder(classes)
    for name in images.splits["test"].source.names:
        (classes / name).write_bytes(b"not an image")
    assert len(images.splits["train"].labels) == 28
    with pytest.raises(Malformed, match="8 files that cannot be decoded"):
        images.splits["test"].counts()


def test_mixed_sizes_are_scaled_to_the_median_side_as_a_multiple_of_8(classes, save):
    for number in range(60):
        save(classes / "cat" / f"large{number}.png", shape=(30, 28, 3))
    with pytest.warns(Notice, match=r"images of 2 sizes, 6×5 … 30×28: scaled to 32×32 \(the median side is 28\)"):
        images = open_folder(classes)
    assert images.image == (32, 32, 3)
    assert images.splits["test"].images(np.array([0])).shape == (1, 32, 32, 3)


def test_no_chosen_size_is_larger_than_224(classes, save):
    for number in range(60):
        save(classes / "cat" / f"large{number}.png", shape=(230, 240, 3))
    with pytest.warns(Notice, match="the median side is 230, at most 224"):
        assert open_folder(classes).image == (224, 224, 3)


def test_images_of_one_size_keep_it(classes):
    assert open_folder(classes).image == (6, 5, 3)


def test_mixed_sizes_are_scaled_to_the_image_size(classes, save):
    save(classes / "cat" / "large.png", shape=(90, 45, 3))
    images = open_folder(classes, image_size=4)
    assert images.image == (4, 4, 3)
    assert images.splits["train"].images(np.arange(5)).shape == (5, 4, 4, 3)


def test_held_out_images_of_another_size_than_the_training_ones_are_refused(classes, save, tmp_path):
    shutil.copytree(classes, tmp_path / "set" / "train")
    for animal in ("cat", "dog"):
        save(tmp_path / "set" / "val" / animal / "1.png", shape=(9, 9, 3))
    with pytest.raises(Malformed, match=r"validation images must be 6×5 as in training, found 9×9 \(2\)"):
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


def test_a_set_of_grayscale_images_has_one_channel(tmp_path, save):
    for number in range(20):
        save(tmp_path / "set" / "a" / f"{number}.png", shape=(4, 4))
        save(tmp_path / "set" / "b" / f"{number}.png", shape=(4, 4))
    assert open_folder(tmp_path / "set").image == (4, 4, 1)


def test_undecodable_files_are_refused_by_name(classes):
    train = open_folder(classes).splits["train"].source.names
    for name in train[:5]:
        (classes / name).write_bytes(b"not an image")
    (classes / train[6]).write_bytes(b"")
    with pytest.raises(Malformed) as caught:
        open_folder(classes).splits["train"].counts()
    message = str(caught.value)
    assert f"5 files that cannot be decoded: {classes}/{train[0]}, {classes}/{train[1]}" in message
    assert f"{classes}/{train[6]}: the file is empty" in message
    assert caught.value.hint == (
        f"`dlcli data check folder:{classes}` lists all problems; --skip-bad leaves out these examples"
    )


def test_classes_that_a_split_lacks_are_refused(classes, save, tmp_path):
    shutil.copytree(classes, tmp_path / "set" / "train")
    save(tmp_path / "set" / "test" / "cat" / "1.png")
    save(tmp_path / "set" / "test" / "bird" / "1.png")
    with pytest.raises(Malformed, match="2 classes missing from a split: bird, dog"):
        open_folder(tmp_path / "set")


@pytest.mark.parametrize("place", ["readme.txt", "cat/labels.csv", "dog/.x/../notes.TXT", "annotations/cat.xml"])
def test_other_files_are_skipped_with_a_warning(classes, place):
    (classes / "dog" / ".x").mkdir()
    target = classes / place
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(b"x")
    with pytest.warns(Notice, match=f"{target.resolve()} is not an image: skipped"):
        images = open_folder(classes)
    assert images.classes == ("cat", "dog")
    assert sum(map(len, images.splits.values())) == 40


def test_many_skipped_files_are_counted(classes):
    for number in range(5):
        (classes / "cat" / f"{number}.json").write_text("{}")
    with pytest.warns(Notice, match=r"5 files skipped: .*/0.json, .*/1.json, .*/2.json, …"):
        open_folder(classes)


def test_images_next_to_class_folders_are_skipped_with_a_warning(classes, save):
    save(classes / "cover.png")
    with pytest.warns(Notice, match="cover.png is next to the class folders: it has no class"):
        assert sum(map(len, open_folder(classes).splits.values())) == 40


def test_folders_within_a_class_are_refused_for_classification_only(classes, save):
    save(classes / "cat" / "more" / "1.png")
    with pytest.warns(Notice, match="more is a folder of images within the class 'cat'"):
        assert sum(map(len, open_folder(classes).splits.values())) == 41
    with pytest.raises(Malformed, match="more is a folder of images within the class 'cat'"):
        catalogue.open(f"folder:{classes}", None, None, 2**30, labelled=True)


def test_the_error_for_classes_one_level_deeper_suggests_the_folder(classes):
    with pytest.raises(Malformed, match=f"if cat, dog are the classes, use folder:{classes}$"):
        catalogue.open(f"folder:{classes.parent}", None, None, 2**30, labelled=True)


def test_images_without_folders_are_a_set_without_classes(classes):
    images = open_folder(classes / "cat")
    assert images.classes == ("unlabelled",)
    assert {name: len(split) for name, split in images.splits.items()} == {"train": 14, "validation": 2, "test": 4}
    with pytest.raises(Malformed, match="the images have no classes: a classifier needs one folder per class"):
        catalogue.open(f"folder:{classes / 'cat'}", None, None, 2**30, labelled=True)


def test_a_single_class_is_refused_for_classification_only(classes):
    shutil.rmtree(classes / "dog")
    assert open_folder(classes).classes == ("cat",)
    with pytest.raises(Malformed, match="a classifier needs at least two classes, found only 'cat'"):
        catalogue.open(f"folder:{classes}", None, None, 2**30, labelled=True)


@pytest.mark.parametrize("name", ["train", "test", "val", "Train"])
def test_a_folder_of_images_named_like_a_split_is_a_class_among_classes(classes, name):
    shutil.copytree(classes / "cat", classes / name)
    with pytest.warns(Notice, match=f"{name} is read as a class, not as the split"):
        images = open_folder(classes)
    assert images.classes == tuple(sorted(["cat", "dog", name]))
    assert sum(map(len, images.splits.values())) == 60


def test_a_test_folder_with_class_folders_is_a_split_among_classes(classes, tmp_path):
    shutil.copytree(classes, tmp_path / "held out")
    shutil.move(tmp_path / "held out", classes / "test")
    images = open_folder(classes)
    assert images.classes == ("cat", "dog")
    assert {name: len(split) for name, split in images.splits.items()} == {"train": 36, "validation": 4, "test": 40}


def test_split_folders_may_be_in_upper_case(classes, tmp_path):
    shutil.copytree(classes, tmp_path / "set" / "TRAIN")
    shutil.copytree(classes, tmp_path / "set" / "Test")
    assert len(open_folder(tmp_path / "set").splits["test"]) == 40


def test_splits_may_contain_images_without_class_folders(classes, tmp_path):
    shutil.copytree(classes / "cat", tmp_path / "set" / "train")
    shutil.copytree(classes / "dog", tmp_path / "set" / "test")
    images = open_folder(tmp_path / "set")
    assert images.classes == ("unlabelled",)
    assert len(images.splits["test"]) == 20


def test_held_out_splits_without_a_training_split_are_refused(classes, tmp_path):
    shutil.copytree(classes, tmp_path / "set" / "test")
    with pytest.raises(DatasetError, match="must contain a folder `train` next to test"):
        open_folder(tmp_path / "set")


def test_a_held_out_class_without_images_is_refused_before_training(classes, tmp_path, save):
    shutil.copytree(classes, tmp_path / "set" / "train")
    save(tmp_path / "set" / "test" / "cat" / "1.png")
    (tmp_path / "set" / "test" / "dog").mkdir()
    with pytest.raises(Malformed, match="class 'dog' has no images in test"):
        open_folder(tmp_path / "set")


@pytest.mark.parametrize("pair", [("cat", "Cat"), ("cat", "cat "), ("caf\u00e9", "cafe\u0301")])
def test_classes_that_differ_in_spelling_only_give_a_warning(classes, pair):
    (classes / "cat").rename(classes / "x")
    (classes / "x").rename(classes / pair[0])
    shutil.copytree(classes / "dog", classes / pair[1])
    with pytest.warns(Notice, match="are 2 classes, but may mean the same class") as noted:
        open_folder(classes)
    assert visible(pair[1]) in str(noted[0].message)


def test_cyclic_links_are_skipped(classes):
    (classes / "circle").symlink_to(classes / "circle")
    (classes / "cat" / "up").symlink_to(classes / "cat")
    os.mkfifo(classes / "cat" / "pipe")
    with pytest.warns(Notice, match="3 files skipped"):
        assert sum(map(len, open_folder(classes).splits.values())) == 40


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_a_pipe_with_an_image_extension_is_undecodable(classes, make):
    name = open_folder(classes).splits["train"].source.names[0]
    (classes / name).unlink()
    make(classes / name)
    with pytest.raises(Malformed, match="must be a regular file"):
        open_folder(classes).splits["train"].counts()


def test_a_file_that_is_too_large_is_not_read(classes):
    name = open_folder(classes).splits["train"].source.names[0]
    with (classes / name).open("r+b") as file:
        file.truncate(2**40)
    with pytest.raises(Malformed, match="it must be at most 256 MiB, found 1 TiB"):
        open_folder(classes).splits["train"].counts()


@pytest.mark.parametrize("memory_limit", [2**30, 0])
def test_skip_bad_leaves_out_undecodable_files(classes, memory_limit):
    good = open_folder(classes).splits["train"]
    names, pixels = list(good.source.names), good.images(np.arange(len(good))).copy()
    (classes / names[1]).write_bytes(b"not an image")
    (classes / names[4]).write_bytes(b"")
    kept = np.delete(np.arange(len(names)), [1, 4])
    for _ in range(2):  # decoded, and from the cache
        train = catalogue.open(f"folder:{classes}", None, None, memory_limit, skip_bad=True).splits["train"]
        with pytest.warns(Notice, match=f"--skip-bad leaves out 2 of {len(names)} train images .*: .*{names[1]}, "):
            assert len(train) == len(kept)
        np.testing.assert_array_equal(train.images(np.arange(len(train))), pixels[kept])
        np.testing.assert_array_equal(train.labels, good.labels[kept])
    with pytest.raises(Malformed, match=f"{names[4]}: the file is empty; .*{names[1]}: not an image"):
        open_folder(classes).splits["train"].counts()


def deep(path, highest, count=20):
    for name in ("a", "b"):
        (path / name).mkdir(parents=True)
        for number in range(count):
            pixels = np.full([4, 4], highest * (number + 1) // count, np.uint16)
            Image.fromarray(pixels).save(path / name / f"{number}.png")
    return path


@pytest.mark.parametrize(("highest", "white"), [(200, 255), (900, 1023), (4000, 4095), (40_000, 65_535)])
def test_white_is_the_same_for_all_images_with_more_than_8_bits(tmp_path, highest, white):
    with pytest.warns(Notice, match=f": {white} is used as white"):
        images = open_folder(deep(tmp_path / "scans", highest))
    train = images.splits["train"]
    shades = np.unique(train.images(np.arange(len(train))))
    assert len(shades) >= 13
    brightest = max(int(name.partition("/")[2][:-4]) + 1 for name in train.source.names) * highest // 20
    assert shades.max() == brightest * 256 // (white + 1)


def png_of_16_bits(path, pixels):
    """Write uint16 [height, width, 3], which pillow cannot."""
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    parts = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)), (b"IDAT", zlib.compress(rows))]
    chunks = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in (*parts, (b"IEND", b""))
    ]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))


def test_colour_images_with_16_bits_are_noted_since_only_8_are_read(classes):
    for number, path in enumerate(sorted((classes / "cat").iterdir())):
        png_of_16_bits(path, np.full([6, 5, 3], 256 * number + 0x34, np.uint16))
    with pytest.warns(Notice, match="16 bits per channel .*: the upper 8 bits are read"):
        train = open_folder(classes).splits["train"]
    cats = train.images(np.flatnonzero(train.labels == 0))[:, 0, 0]
    assert set(cats.ravel().tolist()) <= set(range(20))
    assert [(each.kind, each.harmless) for each in check(f"folder:{classes}", None, None)] == [("bit depth", True)]


def test_hidden_files_are_ignored(classes):
    for name in (".DS_Store", "cat/.hidden", "cat/Thumbs.db", "cat/._00.png", "dog/desktop.ini"):
        (classes / name).write_bytes(b"x")
    for name in (".git", "__MACOSX", "cat/@eaDir"):
        (classes / name).mkdir()
        shutil.copy(classes / "cat" / "00.png", classes / name)
    assert sum(map(len, open_folder(classes).splits.values())) == 40


@pytest.mark.skipif(os.name != "posix", reason="other systems have no such names")
def test_a_file_name_that_is_not_utf8_is_refused(classes):
    os.mkdir(os.fsencode(classes) + b"/caf\xe9")
    with pytest.raises(Malformed, match="has a name that is not UTF-8: rename it"):
        open_folder(classes)


def test_a_broken_link_is_undecodable(classes):
    name = open_folder(classes).splits["train"].source.names[0]
    (classes / name).unlink()
    (classes / name).symlink_to(classes / "nowhere.png")
    with pytest.raises(Malformed, match="No such file"):
        open_folder(classes).splits["train"].counts()


def test_a_folder_without_classes_is_refused(tmp_path):
    with pytest.raises(Malformed, match="must contain one folder of images per class, or images, found neither"):
        open_folder(tmp_path)


def test_the_error_for_a_folder_without_images_names_its_files(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.heic").write_bytes(b"x")
    with pytest.raises(Malformed, match=r"found 2 other files: .*/a/1.heic, .*/b/1.heic"):
        open_folder(tmp_path)


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="must be a folder of images, and is missing"):
        open_folder(tmp_path / "none")
