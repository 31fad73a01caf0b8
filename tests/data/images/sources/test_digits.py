from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

import dlcli
from dlcli.data.images import catalogue
from dlcli.data.images.check import check


def test_digits_are_the_digits_of_scikit_learn_scaled_to_bytes():
    digits = load_digits()
    train = catalogue.open("digits", None, None, 2**30).splits["train"]
    places = train.source.indices
    np.testing.assert_allclose(
        train.images(np.arange(len(train)))[..., 0] / 255, digits.images[places] / 16, atol=0.002
    )
    np.testing.assert_array_equal(train.labels, digits.target[places])


def test_every_split_of_the_digits_contains_every_class():
    splits = catalogue.open("digits", None, None, 2**30).splits
    assert {name: len(split) for name, split in splits.items()} == {"train": 1258, "validation": 180, "test": 359}
    assert all(split.counts().min() > 9 for split in splits.values())


def test_the_digits_have_no_problems():
    assert check("digits", None, None) == []


def test_a_second_start_needs_no_scikit_learn():
    catalogue.open("digits", None, None, 2**30).splits["train"].counts()
    program = (
        "import sys; from dlcli.data.images import catalogue;"
        "catalogue.open('digits', None, None, 2**30).splits['train'].counts();"
        "print(sorted({'sklearn', 'grain', 'jax', 'tensorflow_datasets'} & set(sys.modules)))"
    )
    root = Path(dlcli.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
