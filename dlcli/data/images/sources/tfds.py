"""Image sets of tensorflow-datasets: `tfds:NAME`.

Sets prepared on this machine are found and described by their two JSON files; the library, which takes a second to
import, is loaded only to decode a set for the first time and to prepare one. Reading needs no TensorFlow.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dlcli import files
from dlcli.data import splits
from dlcli.data.held_out import in_order
from dlcli.data.images import tfds_prepare
from dlcli.data.images.builder import Builder, ReadOptions
from dlcli.data.images.decoding import Header, convert_channels, decode, header
from dlcli.data.images.sets import ImageSet
from dlcli.data.images.source import Example, Source, Unreadable
from dlcli.data.images.tfds_prepare import FORMAT, check_features
from dlcli.data.problems import Problem
from dlcli.errors import DatasetError
from dlcli.files import reason

_NAME = re.compile(r"(?P<name>\w+)(/(?P<config>[\w.-]+))?(:(?P<version>\d+\.\d+\.\d+))?")
_SURVEYED, _READ_AT_ONCE = 1_000, 50  # records
_VERSION = re.compile(r"\d+\.\d+\.\d+")


class Records:
    """Some records of one split of a prepared set."""

    def __init__(self, prepared: Prepared, split: str, *, part: str, indices: np.ndarray, image_size: int | None):
        """Describe the records.

        Args:
            prepared: the set.
            split: split of the set that contains the records.
            part: split of the image set that they form, which may be cut from `split`.
            indices: int64 [example], of the records in `split`.
            image_size: height and width in pixels to which images are scaled; None keeps their size.
        """
        self.slot = f"tfds-{prepared.slot}-{part}-{image_size or 'own'}"
        self.identity = f"{prepared.identity}\n{split}\n{image_size}\n{hashlib.sha256(indices.data).hexdigest()}"
        self.prepared, self.split, self.part, self.indices = prepared, split, part, indices
        self.size = (image_size, image_size) if image_size else None

    def __len__(self) -> int:
        return len(self.indices)

    def where(self, index: int) -> str:
        """Return the index of the record in its split."""
        return f"record {self.indices[index]} of {self.split}"

    def examples(self, indices: Sequence[int]) -> list[Example]:
        """Read and decode the records."""
        return [self._example(record) for record in self._read(indices)]

    def _read(self, indices: Sequence[int]) -> list[Mapping[str, Any]]:
        # Reading many records in one call is twenty times as fast as reading them one by one.
        try:
            found: list[Mapping[str, Any]] = self._records.__getitems__(self.indices[list(indices)].tolist())
        except RuntimeError as error:
            raise DatasetError(
                f"{self.prepared.path} is damaged: {error}", hint="remove it and prepare the data set again"
            ) from error
        return found

    def _example(self, record: Mapping[str, Any]) -> Example:
        try:
            image = decode(record["image"], self.size)
        except Unreadable as error:
            return Unreadable(str(error))  # without the kind: an empty record is not an empty file
        return convert_channels(image, self.prepared.channels), int(record["label"])

    @functools.cached_property
    def _records(self) -> Any:
        import tensorflow_datasets as tfds

        builder = tfds.builder_from_directory(self.prepared.path)
        # By default the library decodes with OpenCV if it is installed, which gives other pixels than pillow.
        return builder.as_data_source(self.split, decoders={"image": tfds.decode.SkipDecoding()})


class RecordsOfAnySize(Records):
    """Records of a set whose description leaves the size of the images open."""

    def headers(self) -> Iterator[Header | Unreadable]:
        """Read the headers of records that are spread evenly: the set may be far larger than memory."""
        for part in in_order(len(self), _READ_AT_ONCE, _SURVEYED):
            for record in self._read(part.tolist()):
                try:
                    yield header(record["image"] or b"")  # None: the record is damaged
                except Unreadable as error:
                    yield error

    def maximum(self, index: int) -> float:
        """Return 0: the images have 8 bits per channel, as `Prepared` checks."""
        return 0.0

    def scaled(self, side: int | None, white: float | None) -> RecordsOfAnySize:
        """Return the same records, scaled to `side` unless they have a size already."""
        size = self.size[0] if self.size else side
        return RecordsOfAnySize(self.prepared, self.split, part=self.part, indices=self.indices, image_size=size)


class Prepared:
    """A prepared version of a set, as its JSON files describe it.

    Attributes:
        path: folder of the version.
        lengths: number of records in each split.
        channels: 1 or 3, of the images.
        any_size: whether the description leaves the size of the images open.
        classes: names of the classes.
        identity: changes whenever the files change.
        slot: short name of the version.
    """

    def __init__(self, name: str, path: Path):
        """Read the description.

        Raises:
            DatasetError: the description cannot be read, or the set has another format or is not of labelled images.
        """
        self.path = path
        texts = [_text(path / "dataset_info.json"), _text(path / "features.json")]
        try:
            info, features = map(json.loads, texts)
            self.lengths = {split["name"]: sum(map(int, split.get("shardLengths", ()))) for split in info["splits"]}
            file_format = info.get("fileFormat", "tfrecord")
            self.channels, count = _channels_and_classes(name, features["featuresDict"]["features"])
            size = features["featuresDict"]["features"]["image"]["image"]["shape"]["dimensions"][:2]
            self.any_size = any(int(each) < 1 for each in size)  # -1 is any number of pixels
        except (ValueError, LookupError, TypeError) as error:
            raise DatasetError(f"{path} is not a prepared data set: {error!r} in its description") from error
        if file_format != FORMAT:
            raise DatasetError(
                f"tfds:{name} must be prepared as {FORMAT}, found {file_format} in {path}",
                hint=f"{tfds_prepare.command(name, Path('FOLDER'))} prepares it again in another folder",
            )
        self.classes = _classes(path / "label.labels.txt", count)
        files = sorted(
            f"{file.name} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in path.glob(f"*.{FORMAT}-*")
        )
        self.identity = "\n".join([*texts, *files])
        self.slot = f"{name}-{hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:8]}"


def find(dataset: str, options: ReadOptions) -> tuple[ImageSet, list[Problem]]:
    """Open a set, and prepare it first if necessary.

    Raises:
        DatasetError: the set does not exist, cannot be prepared, or does not contain labelled images.
    """
    name = dataset.removeprefix("tfds:")
    version = Prepared(name, prepare(name, options.data_dir))
    if "train" not in version.lengths:
        raise DatasetError(f"{dataset} must have a split `train`, found {', '.join(version.lengths)}")
    given = [split for split in ("validation", "test") if split in version.lengths]
    kind = RecordsOfAnySize if version.any_size else Records
    records = functools.partial(kind, version, image_size=options.image_size)
    parts: dict[str, Source] = {
        split: records("train", part=split, indices=indices)
        for split, indices in splits.numbered(version.lengths["train"], given).items()
    }
    parts |= {split: records(split, part=split, indices=np.arange(version.lengths[split])) for split in given}
    return ImageSet.of(dataset, version.classes, parts, options.memory_limit), []


def prepare(name: str, data_dir: Path | None) -> Path:
    """Return the folder of a set; download and prepare the set if it is missing.

    Raises:
        DatasetError: the set does not exist, does not contain labelled images, or cannot be prepared.
        DiskError: the disk has too little space.
    """
    if (path := locate(name, data_dir)) is None:
        tfds_prepare.prepare(name, data_dir)
        path = locate(name, data_dir)
        assert path, "what was prepared is found"
    return path


def prepared(data_dir: Path | None) -> list[str]:
    """Return the names of the prepared sets in a folder, as tfds:NAME or tfds:NAME/CONFIG."""
    root = tfds_prepare.folder(data_dir)
    found = [path.parent.parent for path in (*root.glob("*/*/features.json"), *root.glob("*/*/*/features.json"))]
    return sorted({f"tfds:{path.relative_to(root).as_posix()}" for path in found})


def locate(name: str, data_dir: Path | None) -> Path | None:
    """Return the folder of the newest prepared version, or None.

    Raises:
        DatasetError: the name is not valid, or the set has several configurations and the name chooses none.
    """
    parts = _NAME.fullmatch(name)
    if not parts:
        raise DatasetError(f"a tfds name must be NAME, NAME/CONFIG or NAME/CONFIG:VERSION, got {name!r}")
    root = tfds_prepare.folder(data_dir) / parts["name"]
    if parts["config"]:
        return _newest(root / parts["config"], parts["version"])
    if path := _newest(root, parts["version"]):
        return path
    if default := _default(root):
        return _newest(root / default, parts["version"])
    configs = {path.parent.parent.name for path in root.glob("*/*/features.json")}
    if len(configs) > 1:
        named = ", ".join(f"tfds:{parts['name']}/{config}" for config in sorted(configs))
        raise DatasetError(f"tfds:{name} has several configurations, choose one of {named}")
    return _newest(root / configs.pop(), parts["version"]) if configs else None


def _default(root: Path) -> str | None:
    """Return the name of the default configuration, if the library saved one."""
    try:
        return str(json.loads((root / ".config" / "metadata.json").read_text())["default_config_name"])
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _newest(root: Path, version: str | None) -> Path | None:
    versions = [
        path.parent for path in root.glob(f"{version or '*'}/features.json") if _VERSION.fullmatch(path.parent.name)
    ]
    return max(versions, key=lambda path: [int(number) for number in path.name.split(".")], default=None)


def _channels_and_classes(name: str, features: Mapping[str, Any]) -> tuple[int, int]:
    """Return the channels of the images and the number of classes."""
    check_features(name, {key: str(value["pythonClassName"]).rpartition(".")[-1] for key, value in features.items()})
    image = features["image"]["image"]
    if image["dtype"] != "uint8":
        raise DatasetError(f"tfds:{name} must have images of type uint8, found {image['dtype']}")
    return 1 if int(image["shape"]["dimensions"][-1]) == 1 else 3, int(features["label"]["classLabel"]["numClasses"])


def _classes(path: Path, count: int) -> list[str]:
    names = files.split_lines(_text(path)) if path.exists() else []
    return names if len(names) == count else [str(number) for number in range(count)]


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} cannot be read: {reason(error)}") from error


BUILDER = Builder(form="tfds:NAME", matches=lambda dataset: dataset.startswith("tfds:"), find=find, prepared=prepared)
