"""Preparation of tensorflow-datasets: download, decompress, write as array_record."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shlex
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dlcli.errors import DatasetError, DiskError, UsageError, UserError
from dlcli.files import NO_ROOM
from dlcli.nearest import nearest
from dlcli.paths import expand_user

FORMAT = "array_record"  # the only format of the library with random access and without TensorFlow


def folder(data_dir: Path | None) -> Path:
    """Return the folder of prepared sets: `data_dir`, else TFDS_DATA_DIR, else the library's default."""
    return expand_user(data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets")


def prepare(name: str, data_dir: Path | None) -> None:
    """Download the set NAME, NAME/CONFIG or NAME/CONFIG:VERSION and write it to the folder of prepared sets.

    Raises:
        UsageError: the library has no set with this name.
        DatasetError: the set does not contain labelled images, or cannot be prepared.
        DiskError: the disk has too little space.
    """
    import tensorflow_datasets as tfds

    _keep_tensorflow_off_the_gpu()
    try:
        builder = tfds.builder(name, data_dir=os.fspath(folder(data_dir)), file_format=FORMAT)
    except tfds.core.DatasetNotFoundError:
        raise _unknown(name, tfds.list_builders(with_community_datasets=False)) from None
    except Exception as error:
        raise _failed(name, data_dir, error) from error
    check_features(name, {key: type(feature).__name__ for key, feature in builder.info.features.items()})
    _reach_hosts(name, data_dir, builder)
    try:
        # The library prints to stdout, which is reserved for results.
        with contextlib.redirect_stdout(sys.stderr):
            builder.download_and_prepare()
    except Exception as error:  # each of the library's thousand sets has its own code, which may raise anything
        raise _failed(name, data_dir, error) from error


def check_features(name: str, kinds: Mapping[str, str]) -> None:
    """Raise `DatasetError` unless the classes of a set's features are those of labelled images."""
    if kinds.get("image") != "Image" or kinds.get("label") != "ClassLabel":
        found = ", ".join(f"{key} ({kind})" for key, kind in kinds.items())
        raise DatasetError(f"tfds:{name} must have the features image (Image) and label (ClassLabel), found {found}")


def _keep_tensorflow_off_the_gpu() -> None:
    # TensorFlow would reserve nearly all of the memory that training needs.
    if importlib.util.find_spec("tensorflow"):
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        import tensorflow

        tensorflow.config.set_visible_devices([], "GPU")


def command(name: str, data_dir: Path | None) -> str:
    """Return the command that prepares a set, as text for a hint."""
    return f"`dlcli data prepare tfds:{name}{f' --data-dir {shlex.quote(str(data_dir))}' if data_dir else ''}`"


def _reach_hosts(name: str, data_dir: Path | None, builder: Any) -> None:
    """Raise at once if no host can be resolved; without a network the library would retry for minutes."""
    proxied = any(os.environ.get(variable) for variable in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"))
    downloaded = any((folder(data_dir) / "downloads").glob(f"{builder.name}/*.INFO"))
    if proxied or downloaded:
        return
    for host in {urlsplit(url).hostname for url in builder.url_infos or () if url.startswith("http")}:
        try:
            socket.getaddrinfo(host, 443)
        except OSError as error:
            raise DatasetError(
                f"tfds:{name} is not prepared in {folder(data_dir)}, and its host {host} cannot be reached: "
                f"{error.strerror}",
                hint=f"with a network, {command(name, data_dir)} downloads it; "
                "--data-dir is the folder of a prepared copy",
            ) from error


def _unknown(name: str, known: list[str]) -> UsageError:
    near = nearest(name.partition("/")[0].partition(":")[0], known, 3)
    suggestion = f": did you mean {' or '.join(f'tfds:{match}' for match in near)}?" if near else ""
    return UsageError(
        f"tensorflow-datasets has no set {name!r}{suggestion}",
        hint="`dlcli data list` lists the data sets on this machine",
    )


def _failed(name: str, data_dir: Path | None, error: Exception) -> UserError:
    reason = " ".join(str(_root(error)).split())[:300] or type(error).__name__
    retry = command(name, data_dir)
    if isinstance(error, ImportError):
        missing = (error.name or "tensorflow").partition(".")[0]
        package = "'dlcli[tfds]'" if missing == "tensorflow" else missing
        return DatasetError(
            f"preparing tfds:{name} needs {missing}, which is not installed",
            hint=f"pip install {package}, then {retry}",
        )
    if isinstance(error, OSError) and (error.errno in NO_ROOM or reason.startswith("Not enough disk space")):
        return DiskError(
            f"tfds:{name} cannot be written to {folder(data_dir)}: {reason}", hint=f"free some space, then {retry}"
        )
    return DatasetError(f"tfds:{name} cannot be prepared: {reason}", hint=f"fix this, then {retry}")


def _root(error: BaseException) -> BaseException:
    # The library wraps errors of its sets in messages about its own arguments.
    while error.__cause__:
        error = error.__cause__
    return error
