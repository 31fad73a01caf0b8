from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

import dlcli
from dlcli.data.images import catalogue
from dlcli.data.images.check import check
from dlcli.data.images.sources import tfds as prepared_sets
from dlcli.errors import DatasetError, DiskError, UsageError
from dlcli.notices import Notice

FEATURES = {
    "image": tfds.features.Image(shape=(None, None, 3)),
    "label": tfds.features.ClassLabel(names=["cat", "dog"]),
}


class Toy(tfds.core.GeneratorBasedBuilder):
    """Two classes of plain colours, which need no download and no TensorFlow."""

    VERSION = tfds.core.Version("1.2.3")
    SPLITS = {"train": 40, "test": 8}  # noqa: RUF012

    def _info(self):
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(FEATURES))

    def _split_generators(self, dl_manager):
        return {name: self._generate_examples(count) for name, count in self.SPLITS.items()}

    def _generate_examples(self, count):
        for number in range(count):
            colour = Image.fromarray(np.full([4, 5, 3], number, dtype=np.uint8))
            yield number, {"image": colour, "label": number % 2}


class ToyWithValidation(Toy):
    """The same with a validation split."""

    SPLITS = {"train": 40, "validation": 6, "test": 8}  # noqa: RUF012


class ToyKinds(Toy):
    """The same in two configurations."""

    BUILDER_CONFIGS = [  # noqa: RUF012
        tfds.core.BuilderConfig(name="plain", version="1.0.0"),
        tfds.core.BuilderConfig(name="other", version="1.0.0"),
    ]


class ToyText(Toy):
    """A set without images."""

    def _info(self):
        features = tfds.features.FeaturesDict({"text": tfds.features.Text(), "label": FEATURES["label"]})
        return tfds.core.DatasetInfo(builder=self, features=features)


class ToyBroken(Toy):
    """A set whose preparation fails, by `failure`."""

    failure: Exception

    def _generate_examples(self, count):
        raise self.failure
        yield


class ToyOfSizes(Toy):
    """The same with images of several sizes."""

    def _generate_examples(self, count):
        for number in range(count):
            colour = Image.fromarray(np.full([14 + number % 5, 18 - number % 3, 3], number, dtype=np.uint8))
            yield number, {"image": colour, "label": number % 2}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("tfds")
    prepared_sets.prepare("toy", root)
    return root


def test_records_are_decoded_to_the_pixels_that_were_written(data_dir):
    images = catalogue.open("tfds:toy", data_dir, None, 2**30)
    splits = images.splits
    assert (images.image, images.classes) == ((4, 5, 3), ("cat", "dog"))
    everything = np.concatenate(
        [split.images(np.arange(len(split))) for name, split in splits.items() if name != "test"]
    )
    assert sorted(everything[:, 0, 0, 0].tolist()) == list(range(40))
    for split in splits.values():
        np.testing.assert_array_equal(split.images(np.arange(len(split)))[:, 0, 0, 0] % 2, split.labels)


def test_a_missing_validation_split_is_taken_from_training(data_dir):
    splits = catalogue.open("tfds:toy", data_dir, None, 2**30).splits
    assert {name: len(split) for name, split in splits.items()} == {"train": 36, "validation": 4, "test": 8}


def test_a_given_validation_split_is_used(tmp_path):
    splits = catalogue.open("tfds:toy_with_validation", tmp_path, None, 2**30).splits
    assert {name: len(split) for name, split in splits.items()} == {"train": 40, "validation": 6, "test": 8}


def test_streamed_records_equal_records_in_memory(data_dir):
    memory, stream = (catalogue.open("tfds:toy", data_dir, 3, limit).splits["train"] for limit in (2**30, 0))
    places = np.array([5, 0, 35, 5])
    np.testing.assert_array_equal(memory.images(places), stream.images(places))
    assert not stream.resident


def test_images_of_several_sizes_are_scaled_to_their_median(tmp_path):
    with pytest.warns(Notice, match=r"15 sizes.*scaled to 16×16 \(the median side is 17\)"):
        images = catalogue.open("tfds:toy_of_sizes", tmp_path, None, 2**30)
    assert images.image == (16, 16, 3)
    assert {split.image for split in images.splits.values()} == {(16, 16, 3)}


def test_prepared_sets_are_listed_by_name(data_dir, tmp_path):
    assert prepared_sets.prepared(data_dir) == ["tfds:toy"]
    assert prepared_sets.prepared(tmp_path / "none") == []


def test_prepared_sets_are_found_in_tfds_data_dir(data_dir, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(data_dir))
    assert prepared_sets.prepared(None) == ["tfds:toy"]
    assert len(catalogue.open("tfds:toy", None, None, 2**30).splits["test"]) == 8


def test_a_second_start_imports_neither_the_library_nor_tensorflow(data_dir):
    catalogue.open("tfds:toy", data_dir, None, 2**30).splits["train"].counts()
    program = (
        "import sys; from pathlib import Path; from dlcli.data.images import catalogue;"
        f"catalogue.open('tfds:toy', Path({str(data_dir)!r}), None, 2**30).splits['train'].counts();"
        "print(sorted({'tensorflow_datasets', 'tensorflow', 'jax'} & set(sys.modules)))"
    )
    root = Path(dlcli.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_newest_version_is_the_default(data_dir, tmp_path):
    for version in ("1.2.3", "1.10.0"):
        shutil.copytree(data_dir / "toy" / "1.2.3", tmp_path / "toy" / version)
    assert prepared_sets.locate("toy", tmp_path).name == "1.10.0"
    assert prepared_sets.locate("toy:1.2.3", tmp_path).name == "1.2.3"
    assert prepared_sets.locate("toy:2.0.0", tmp_path) is None


def test_the_default_configuration_is_used(tmp_path):
    prepared_sets.prepare("toy_kinds/other", tmp_path)
    assert prepared_sets.prepared(tmp_path) == ["tfds:toy_kinds/other"]
    assert prepared_sets.prepare("toy_kinds", tmp_path).parent.name == "plain"


def test_several_configurations_without_a_default_must_be_named(data_dir, tmp_path):
    for config in ("one", "two"):
        shutil.copytree(data_dir / "toy" / "1.2.3", tmp_path / "toy" / config / "1.2.3")
    with pytest.raises(DatasetError, match="choose one of tfds:toy/one, tfds:toy/two"):
        catalogue.open("tfds:toy", tmp_path, None, 2**30)


@pytest.mark.parametrize("name", ["", "../toy", "toy/../../x", "toy:latest", "a b"])
def test_invalid_names_are_refused(name, tmp_path):
    with pytest.raises(DatasetError, match="a tfds name must be NAME, NAME/CONFIG"):
        catalogue.open(f"tfds:{name}", tmp_path, None, 2**30)


def test_the_error_for_an_unknown_name_suggests_the_nearest(tmp_path):
    with pytest.raises(UsageError, match=r"no set 'fashon_mnist': did you mean tfds:fashion_mnist\?"):
        catalogue.open("tfds:fashon_mnist", tmp_path, None, 2**30)


def test_the_error_without_a_network_names_the_command(tmp_path, monkeypatch):
    def unknown(host, port):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    for variable in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(DatasetError, match=r"its host storage\.googleapis\.com cannot be reached") as caught:
        catalogue.open("tfds:mnist", tmp_path, None, 2**30)
    assert f"`dlcli data prepare tfds:mnist --data-dir {tmp_path}`" in caught.value.hint


@pytest.mark.parametrize(
    ("failure", "kind", "reason", "hint"),
    [
        (ImportError("no", name="tensorflow.io"), DatasetError, "needs tensorflow, which is not", "pip install 'dlcli"),
        (ImportError("no", name="cv2"), DatasetError, "needs cv2, which is not installed", "pip install cv2, then"),
        (OSError(28, "No space left on device"), DiskError, "No space left on device", "free some space"),
        (AssertionError("Manual directory is empty\nput it there"), DatasetError, "empty put it there", "dlcli data"),
    ],
)
def test_the_error_of_a_failed_preparation_has_a_hint(tmp_path, monkeypatch, failure, kind, reason, hint):
    monkeypatch.setattr(ToyBroken, "failure", failure, raising=False)
    with pytest.raises(kind, match=reason) as caught:
        catalogue.open("tfds:toy_broken", tmp_path, None, 2**30)
    assert hint in caught.value.hint


def test_preparation_prints_nothing_to_stdout(tmp_path, capsys):
    prepared_sets.prepare("toy_with_validation", tmp_path)
    assert capsys.readouterr().out == ""


def test_a_set_without_images_is_refused_before_it_is_downloaded(tmp_path):
    with pytest.raises(DatasetError, match=r"found text \(Text\), label \(ClassLabel\)|found label .*, text"):
        catalogue.open("tfds:toy_text", tmp_path, None, 2**30)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("file", "old", "new", "reason"),
    [
        ("dataset_info.json", "array_record", "tfrecord", "must be prepared as array_record, found tfrecord"),
        ("dataset_info.json", '"train"', '"all"', "must have a split `train`, found"),
        ("dataset_info.json", "{", "", "is not a prepared data set"),
        ("features.json", "uint8", "uint16", "must have images of type uint8, found uint16"),
        ("features.json", '"label"', '"target"', r"found image \(Image\), target \(ClassLabel\)"),
    ],
)
def test_invalid_prepared_sets_are_refused(data_dir, tmp_path, file, old, new, reason):
    shutil.copytree(data_dir, tmp_path / "sets")
    path = tmp_path / "sets" / "toy" / "1.2.3" / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(DatasetError, match=reason):
        catalogue.open("tfds:toy", tmp_path / "sets", None, 2**30)


@pytest.mark.parametrize("damage", ["cut", "empty", "gone"])
def test_damaged_records_are_an_error(data_dir, tmp_path, damage):
    shutil.copytree(data_dir, tmp_path / "sets")
    [path] = (tmp_path / "sets").glob("toy/1.2.3/*-train.array_record-*")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if damage == "cut" else b"")
    if damage == "gone":
        path.unlink()
    with pytest.raises(DatasetError, match=r"is damaged|cannot be decoded"):
        catalogue.open("tfds:toy", tmp_path / "sets", None, 2**30).splits["train"].counts()


def test_labels_beyond_the_classes_are_refused(data_dir, tmp_path):
    shutil.copytree(data_dir, tmp_path / "sets")
    features = tmp_path / "sets" / "toy" / "1.2.3" / "features.json"
    content = json.loads(features.read_text())
    content["featuresDict"]["features"]["label"]["classLabel"]["numClasses"] = "1"
    features.write_text(json.dumps(content))
    with pytest.raises(DatasetError, match="labels of train must be in 0 … 0, found 20 others, such as 1"):
        catalogue.open("tfds:toy", tmp_path / "sets", None, 2**30).splits["train"].counts()


def test_duplicates_between_the_splits_of_a_set_are_found(data_dir):
    found = check("tfds:toy", data_dir, None)
    assert {problem.kind for problem in found} == {"duplicate"}


def test_real_fashion_mnist_opens_with_its_classes_and_sizes(shared_data):
    images = catalogue.open("tfds:fashion_mnist", shared_data / "tfds", None, 2**30)
    assert {name: len(split) for name, split in images.splits.items()} == {
        "train": 55_000,
        "validation": 5_000,
        "test": 10_000,
    }
    assert images.classes[-1] == "Ankle boot"
    assert images.splits["test"].source.examples([0])[0][0].shape == (28, 28, 1)
