"""Reads safetensors files: a JSON header with names, types, shapes and offsets, then the numbers.

The format is that of https://github.com/huggingface/safetensors. The file is mapped into memory, and every offset is
checked against its size.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from dlcli.errors import RunError
from dlcli.files import read_json

_LARGEST_HEADER = 100 * 2**20  # bytes, the limit of the safetensors library
_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "bfloat16", "I64": "<i8", "I32": "<i4", "U8": "u1"}
INDEX = "model.safetensors.index.json"


def header(path: Path) -> dict[str, Any]:
    """Return the header of a file: an entry for each tensor, and "__metadata__".

    Raises:
        RunError: the file is not of this format.
    """
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > min(_LARGEST_HEADER, path.stat().st_size - 8):
                raise ValueError("the header is longer than the file")
            found = json.loads(file.read(length))
        if not isinstance(found, dict):
            raise ValueError("the header is not an object")
    except (ValueError, struct.error, RecursionError) as error:
        raise RunError(f"{path} must be a safetensors file, but {error}") from error
    return found


def metadata(path: Path) -> dict[str, str]:
    """Return the metadata of a file, {} if it has none."""
    found = header(path).get("__metadata__", {})
    return found if isinstance(found, dict) and all(isinstance(each, str) for each in found.values()) else {}


def read(path: Path) -> dict[str, np.ndarray]:
    """Return the tensors of a file, or of all files that the index of a folder names, as float32 if they are floats.

    Raises:
        RunError: a file is missing or not of this format.
    """
    return {name: array for file in _files(path) for name, array in _tensors(file)}


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    if not (path / INDEX).exists():
        return [path / "model.safetensors"]
    shards = read_json(path / INDEX).get("weight_map")
    names = sorted(set(shards.values())) if isinstance(shards, dict) else []
    if not names or not all(isinstance(name, str) and Path(name).name == name for name in names):
        raise RunError(f"{path / INDEX} must name files of its folder")
    return [path / name for name in names]


def _tensors(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    import ml_dtypes

    if not path.exists():
        raise RunError(f"{path} is missing", hint="the folder must hold the weights as safetensors")
    found = header(path)
    whole = np.memmap(path, np.uint8, mode="r")
    start = 8 + int(whole[:8].view("<u8")[0])
    for name, entry in found.items():
        if name == "__metadata__":
            continue
        try:
            kind, shape, (first, last) = entry["dtype"], tuple(map(int, entry["shape"])), entry["data_offsets"]
            dtype = np.dtype(ml_dtypes.bfloat16 if kind == "BF16" else _TYPES[kind])
            if not 0 <= first <= last <= len(whole) - start or last - first != math.prod(shape) * dtype.itemsize:
                raise ValueError("its offsets do not fit")
        except (KeyError, TypeError, ValueError) as error:
            raise RunError(f"{path} has a tensor {name!r} that cannot be read: {error}") from error
        array = np.frombuffer(whole[start + first : start + last].tobytes(), dtype).reshape(shape)
        yield name, array.astype(np.float32) if kind in ("F64", "F16", "BF16") else array
