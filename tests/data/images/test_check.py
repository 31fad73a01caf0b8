from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image

from dlcli.data.images import catalogue
from dlcli.data.images.check import check


@pytest.fixture
def pets(classes, tmp_path, save):
    """Return a folder with train and test in which nothing is wrong."""
    shutil.copytree(classes, tmp_path / "set" / "train")
    for animal in ("cat", "dog"):
        for number in range(4):
            save(tmp_path / "set" / "test" / animal / f"{number}.png")
    return tmp_path / "set"


def kinds(path, image_size=None):
    return sorted(problem.kind for problem in check(f"folder:{path}", None, image_size))


def test_a_valid_set_has_no_problems(pets):
    assert check(f"folder:{pets}", None, None) == []


def test_all_problems_are_found_at_once(pets, save):
    (pets / "train" / "cat" / "00.png").write_bytes(b"not an image")
    (pets / "test" / "cat" / "0.png").write_bytes(b"")
    (pets / "train" / "notes.txt").write_text("x")
    save(pets / "train" / "bird" / "1.png")
    save(pets / "train" / "bird" / "2.png", shape=(9, 9, 3))
    shutil.copy(pets / "train" / "dog" / "00.png", pets / "test" / "dog" / "copy.png")
    assert set(kinds(pets)) == {
        "undecodable", "empty", "skipped", "classes", "few examples", "duplicate"
    }  # fmt: skip


def test_duplicates_are_found_by_their_pixels_whatever_the_format(pets):
    with Image.open(pets / "train" / "dog" / "00.png") as image:
        image.save(pets / "test" / "dog" / "copy.bmp")
    [problem] = check(f"folder:{pets}", None, None)
    assert (problem.kind, problem.split) == ("duplicate", "test")
    assert problem.message == f"{pets}/test/dog/copy.bmp is the same as {pets}/train/dog/00.png"


def test_a_grayscale_copy_of_a_colour_image_is_a_duplicate(pets, save):
    gray = np.arange(30, dtype=np.uint8).reshape(6, 5)
    save(pets / "train" / "dog" / "gray.png", pixels=gray)
    save(pets / "test" / "dog" / "colour.png", pixels=np.repeat(gray[..., None], 3, axis=-1))
    assert kinds(pets) == ["duplicate"]


def test_different_sizes_are_no_problem_if_images_are_scaled(pets, save):
    save(pets / "train" / "cat" / "large.png", shape=(20, 20, 3))
    assert kinds(pets) == []
    assert kinds(pets, image_size=6) == []


def test_held_out_images_that_differ_from_the_training_size_are_a_problem(pets, save):
    save(pets / "test" / "cat" / "large.png", shape=(20, 20, 3))
    assert kinds(pets) == ["sizes"]
    assert kinds(pets, image_size=6) == []


def test_skipped_files_are_a_harmless_problem(classes):
    (classes / "readme.txt").write_text("x")
    shutil.rmtree(classes / "dog")
    found = check(f"folder:{classes}", None, None)
    assert {(each.kind, each.harmless) for each in found} == {("skipped", True), ("one class", True)}


def test_classes_that_differ_in_case_only_are_a_problem(classes):
    shutil.copytree(classes / "dog", classes / "Cat")
    [problem] = [each for each in check(f"folder:{classes}", None, None) if each.kind == "labels"]
    assert (problem.message, problem.harmless) == ("'Cat' and 'cat' are 2 classes, but may mean the same class", False)


def test_each_bad_file_of_every_split_is_listed(pets):
    bad = [pets / "train" / "cat" / "03.png", pets / "train" / "dog" / "04.png", pets / "test" / "cat" / "1.png"]
    for path in bad:
        path.write_bytes(b"not an image")
    found = check(f"folder:{pets}", None, None)
    assert sorted(problem.where for problem in found) == sorted(map(str, bad))


def test_check_does_not_use_the_cache(pets):
    for split in catalogue.open(f"folder:{pets}", None, None, 2**30).splits.values():
        split.counts()
    (pets / "train" / "cat" / "03.png").write_bytes(b"not an image")
    assert kinds(pets) == ["undecodable"]


def test_invalid_arrays_are_problems(tmp_path):
    np.savez(tmp_path / "set.npz", image=np.zeros([10, 4, 4]), label=np.arange(10))
    [problem] = check(str(tmp_path / "set.npz"), None, None)
    assert (problem.kind, problem.split, problem.where) == ("columns", "train", "image")


def test_classes_with_few_training_examples_are_problems(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, [40, 4, 4], dtype=np.uint8)
    np.savez(tmp_path / "set.npz", x_train=images, y_train=np.where(np.arange(40) == 7, 3, 0))
    found = check(str(tmp_path / "set.npz"), None, None)
    assert [(problem.kind, problem.where) for problem in found] == [("few examples", name) for name in "123"]
