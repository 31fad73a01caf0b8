"""Image sets of tensorflow-datasets: `tfds:NAME`.

What is prepared on this machine is found and described from its two JSON files alone; the library, which takes a
second to import, is loaded to decode a set for the first time and to prepare one. Reading needs no TensorFlow.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dlcli import files
from dlcli.data import splits
from dlcli.data.images import tfds_prepare
from dlcli.data.images.pixels import conform, decode
from dlcli.data.images.sets import ImageSet
from dlcli.data.images.source import Example, Source, Unreadable
from dlcli.data.images.tfds_prepare import FORMAT, check_features
from dlcli.data.problems import Problem
from dlcli.errors import DatasetError

_NAME = re.compile(r"(?P<name>\w+)(/(?P<config>[\w.-]+))?(:(?P<version>\d+\.\d+\.\d+))?")
_VERSION = re.compile(r"\d+\.\d+\.\d+")


class Records:
    """Some places of one split of a prepared set."""

    def __init__(self, prepared: Prepared, split: str, *, part: str, places: np.ndarray, image_size: int | None):
        """Take the records at `places` of `split`, for the part of that name."""
        self.slot = f"tfds-{prepared.slot}-{part}-{image_size or 'own'}"
        self.identity = f"{prepared.identity}\n{split}\n{image_size}\n{hashlib.sha256(places).hexdigest()}"
        self.prepared, self.split, self.places = prepared, split, places
        self.size = (image_size, image_size) if image_size else None

    def __len__(self) -> int:
        return len(self.places)

    def where(self, index: int) -> str:
        """Return the number of the record in its split."""
        return f"record {self.places[index]} of {self.split}"

    def examples(self, indices: Sequence[int]) -> list[Example]:
        """Read and decode the records."""
        # One call for many records: read one by one they take twenty times as long.
        try:
            records = self._records.__getitems__([int(place) for place in self.places[list(indices)]])
        except RuntimeError as error:
            raise DatasetError(
                f"{self.prepared.path} is damaged: {error}", hint="remove it and prepare it anew"
            ) from error
        return [self._example(record) for record in records]

    def _example(self, record: Mapping[str, Any]) -> Example:
        try:
            image = decode(record["image"], self.size)
        except Unreadable as error:
            return Unreadable(str(error))  # an empty record is no empty file
        return conform(image, self.prepared.channels), int(record["label"])

    @functools.cached_property
    def _records(self) -> Any:
        import tensorflow_datasets as tfds

        builder = tfds.builder_from_directory(self.prepared.path)
        # Left to itself the library decodes with OpenCV where that is installed, to other pixels than with pillow.
        return builder.as_data_source(self.split, decoders={"image": tfds.decode.SkipDecoding()})


class Prepared:
    """A prepared version of a set, as its JSON files describe it."""

    def __init__(self, name: str, path: Path):
        """Read the description.

        Raises:
            DatasetError: it cannot be read, is of another format, or is not of images with labels.
        """
        self.path = path
        texts = [_text(path / "dataset_info.json"), _text(path / "features.json")]
        try:
            info, features = map(json.loads, texts)
            self.lengths = {split["name"]: sum(map(int, split.get("shardLengths", ()))) for split in info["splits"]}
            file_format = info.get("fileFormat", "tfrecord")
            self.channels, count = _form(name, features["featuresDict"]["features"])
        except (ValueError, LookupError, TypeError) as error:
            raise DatasetError(f"{path} is not a prepared data set: {error!r} in its description") from error
        if file_format != FORMAT:
            raise DatasetError(
                f"tfds:{name} must be prepared as {FORMAT}, and is as {file_format} in {path}",
                hint=f"{tfds_prepare.command(name, Path('FOLDER'))} prepares it anew in another folder",
            )
        self.classes = _classes(path / "label.labels.txt", count)
        files = sorted(
            f"{file.name} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in path.glob(f"*.{FORMAT}-*")
        )
        self.identity = "\n".join([*texts, *files])
        self.slot = f"{name}-{hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:8]}"


def find(name: str, data_dir: Path | None, image_size: int | None, memory_limit: int) -> tuple[ImageSet, list[Problem]]:
    """Open a set, preparing it first where it is not.

    Raises:
        DatasetError: there is no such set, it cannot be prepared, or it does not hold images with labels.
    """
    prepared = Prepared(name, prepare(name, data_dir))
    if "train" not in prepared.lengths:
        raise DatasetError(f"tfds:{name} must have a split `train`, and has {', '.join(prepared.lengths)}")
    given = [split for split in ("validation", "test") if split in prepared.lengths]
    take = functools.partial(Records, prepared, image_size=image_size)
    sources: dict[str, Source] = {
        split: take("train", part=split, places=places)
        for split, places in splits.numbered(prepared.lengths["train"], given).items()
    }
    sources |= {split: take(split, part=split, places=np.arange(prepared.lengths[split])) for split in given}
    return ImageSet.of(f"tfds:{name}", prepared.classes, sources, memory_limit), []


def prepare(name: str, data_dir: Path | None) -> Path:
    """Download and write a set, if it is not there yet, and return its folder.

    Raises:
        DatasetError: there is no such set, it is not of images with labels, or something it needs is missing.
        DiskError: there is no room for it.
    """
    if (path := locate(name, data_dir)) is None:
        tfds_prepare.prepare(name, data_dir)
        path = locate(name, data_dir)
        assert path, "what was prepared is found"
    return path


def prepared(data_dir: Path | None) -> list[str]:
    """Return the names of the sets that are prepared on this machine, as NAME or NAME/CONFIG."""
    root = tfds_prepare.folder(data_dir)
    found = [path.parent.parent for path in (*root.glob("*/*/features.json"), *root.glob("*/*/*/features.json"))]
    return sorted({path.relative_to(root).as_posix() for path in found})


def locate(name: str, data_dir: Path | None) -> Path | None:
    """Return the folder of the newest prepared version, or None.

    Raises:
        DatasetError: the name is none, or leaves open which of several configurations is meant.
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
        raise DatasetError(f"tfds:{name} has several configurations, say which: {named}")
    return _newest(root / configs.pop(), parts["version"]) if configs else None


def _default(root: Path) -> str | None:
    """Return the name of the configuration that is meant where none is named, if the library wrote it down."""
    try:
        return str(json.loads((root / ".config" / "metadata.json").read_text())["default_config_name"])
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _newest(root: Path, version: str | None) -> Path | None:
    versions = [
        path.parent for path in root.glob(f"{version or '*'}/features.json") if _VERSION.fullmatch(path.parent.name)
    ]
    return max(versions, key=lambda path: [int(number) for number in path.name.split(".")], default=None)


def _form(name: str, features: Mapping[str, Any]) -> tuple[int, int]:
    """Return the channels of the images and the number of classes."""
    check_features(name, {key: str(value["pythonClassName"]).rpartition(".")[-1] for key, value in features.items()})
    image = features["image"]["image"]
    if image["dtype"] != "uint8":
        raise DatasetError(f"tfds:{name} must have images of uint8, and has {image['dtype']}")
    return 1 if int(image["shape"]["dimensions"][-1]) == 1 else 3, int(features["label"]["classLabel"]["numClasses"])


def _classes(path: Path, count: int) -> list[str]:
    names = files.lines(_text(path)) if path.exists() else []
    return names if len(names) == count else [str(number) for number in range(count)]


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} cannot be read: {error}") from error
