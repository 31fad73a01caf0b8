from __future__ import annotations

import io
import os
import shutil
import zipfile

import numpy as np
import pytest

from dlcli.data import npz_archive
from dlcli.data.images import catalogue
from dlcli.data.problems import Malformed
from dlcli.errors import DatasetError, DiskError

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, [60, 4, 3, 3], dtype=np.uint8)
LABELS = np.arange(60) % 3


def open_arrays(path, **more):
    return catalogue.open(str(path), None, None, 2**30, **more)


def header(text):
    """The bytes of an array that begins with this header."""
    line = text.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(line).to_bytes(2, "little") + line + bytes(4000)


def archive(path, **members):
    """Write an archive of members, each an array or the bytes of its file."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, member in members.items():
            stream = io.BytesIO()
            if not isinstance(member, bytes):
                np.save(stream, member)
            file.writestr(f"{name}.npy", member if isinstance(member, bytes) else stream.getvalue())
    return path


@pytest.mark.parametrize("memory_limit", [2**30, 0])
def test_arrays_in_fortran_order_give_the_same_images(tmp_path, memory_limit):
    np.savez(tmp_path / "c.npz", image=IMAGES, label=LABELS)
    np.savez(tmp_path / "f.npz", image=np.asfortranarray(IMAGES), label=LABELS)
    trains = [
        catalogue.open(str(tmp_path / f"{order}.npz"), None, None, memory_limit).splits["train"] for order in "cf"
    ]
    np.testing.assert_array_equal(*[train.images(np.arange(42)) for train in trains])
    assert trains[0].digest == trains[1].digest


@pytest.mark.parametrize(
    "text",
    [
        "{'descr': '|u1', 'fortran_order': False, 'shape': (60, 8, 8",
        "\x00\x01(((",
        "(" * 3000,
        "{'descr': '|u1', 'fortran_order': False, 'shape': (60, 8, 8), 'x': '''",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (-60, 8, 8), }",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (60.5, 8, 8), }",
        "{'descr': 'zz', 'fortran_order': False, 'shape': (60, 8, 8), }",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (6000, 8, 8), }",
    ],
)
def test_an_invalid_header_is_refused(tmp_path, text):
    path = archive(tmp_path / "set.npz", image=header(text), label=LABELS)
    with pytest.raises(DatasetError, match=r"must be an \.npz file of arrays and cannot be read: "):
        open_arrays(path)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/zero", path)])
def test_only_a_regular_file_is_opened(tmp_path, make):
    make(tmp_path / "set.npz")
    with pytest.raises(DatasetError, match="cannot be read: it is not a regular file"):
        open_arrays(tmp_path / "set.npz")


def test_a_decompression_bomb_is_refused(tmp_path, cache_folder, monkeypatch):
    monkeypatch.setattr(npz_archive, "_ALWAYS_ALLOWED", 2**20)
    np.savez_compressed(tmp_path / "bomb.npz", image=np.zeros([2**15, 8, 8], np.uint8), label=LABELS)
    with pytest.raises(DatasetError, match=r"is compressed [\d,]+ to 1 and takes 2 MiB decompressed, too much"):
        open_arrays(tmp_path / "bomb.npz")
    assert not cache_folder.exists() or not list(cache_folder.iterdir())


def test_an_array_larger_than_the_free_space_is_not_decompressed(tmp_path, monkeypatch):
    np.savez(tmp_path / "set.npz", image=IMAGES, label=LABELS)
    usage = shutil.disk_usage(tmp_path)._replace(free=100)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(DiskError, match=r"array label of .*set.npz takes 0 MiB decompressed"):
        open_arrays(tmp_path / "set.npz")


def test_images_without_labels_are_a_set_without_classes(tmp_path):
    np.savez(tmp_path / "set.npz", x_train=IMAGES, x_test=IMAGES[:10])
    images = open_arrays(tmp_path / "set.npz")
    assert images.classes == ("unlabelled",)
    assert {name: len(split) for name, split in images.splits.items()} == {"train": 54, "validation": 6, "test": 10}
    with pytest.raises(Malformed, match="the images have no classes"):
        open_arrays(tmp_path / "set.npz", labelled=True)


@pytest.mark.parametrize(
    ("changed", "mend"),
    [
        ({"image": IMAGES / 255}, r"save \(255 \* image\).round\(\).astype\('uint8'\) if it ranges from 0 to 1"),
        ({"image": IMAGES.astype(np.uint16)}, r"scale it to 0 … 255 and save image.astype\('uint8'\)"),
        ({"image": IMAGES.transpose(0, 3, 1, 2).repeat(3, 3)}, r"save image.transpose\(0, 2, 3, 1\)"),
        ({"label": LABELS / 1.0}, r"save label.astype\(int\)"),
        ({"label": np.eye(3, dtype=int)[LABELS]}, r"save label.argmax\(axis=1\)"),
        ({"label": np.array(["a", "b", "c"])[LABELS]}, r"save classes, label = numpy.unique\(label, return_inverse=T"),
    ],
)
def test_the_error_for_invalid_arrays_has_the_numpy_call_that_fixes_them(tmp_path, changed, mend):
    np.savez(tmp_path / "set.npz", **{"image": IMAGES, "label": LABELS, **changed})
    with pytest.raises(Malformed, match=mend):
        open_arrays(tmp_path / "set.npz")


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["a", "a", "b"], "classes must have different names, found 'a' twice"),
        (["a", "", "b"], "must be names of 1 to 255 characters"),
        (["a", "b", "c" * 256], "must be names of 1 to 255 characters"),
        ([0, 1, 2], "classes must be strings, found int64"),
    ],
)
def test_invalid_class_names_are_refused(tmp_path, names, reason):
    np.savez(tmp_path / "set.npz", image=IMAGES, label=LABELS, classes=np.array(names))
    with pytest.raises(Malformed, match=reason):
        open_arrays(tmp_path / "set.npz")


def test_a_single_label_is_refused_for_classification(tmp_path):
    np.savez(tmp_path / "set.npz", image=IMAGES, label=0 * LABELS)
    with pytest.raises(Malformed, match="a classifier needs at least two classes, found only '0'"):
        open_arrays(tmp_path / "set.npz", labelled=True)
