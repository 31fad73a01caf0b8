from __future__ import annotations

import io
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dlcli.data.text.large import file_pieces, large_texts, shard_workers, token_shards


@pytest.fixture(autouse=True)
def cache_folder(tmp_path_factory, monkeypatch) -> Path:
    """Give each test an empty cache."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("DLCLI_CACHE", str(folder))
    return folder / "data"


@pytest.fixture
def small_pieces(monkeypatch, tmp_path):
    """Every text is large; pieces and shards are small; one process encodes them."""
    monkeypatch.setattr(large_texts, "LARGE", 0)
    monkeypatch.setattr(file_pieces, "PIECE", 300)
    monkeypatch.setattr(file_pieces, "_WINDOW", 64)
    monkeypatch.setattr(token_shards, "SHARD", 1_000)
    monkeypatch.setattr(shard_workers, "_MOST", 0)
    monkeypatch.setenv("DLCLI_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def two_hours_pass(cache_folder) -> Callable[[], None]:
    """Return a function that makes all files of the cache look unused for two hours."""

    def make_old() -> None:
        for path in cache_folder.iterdir():
            os.utime(path, (time.time() - 7_200,) * 2)

    return make_old


@pytest.fixture
def save() -> Callable[..., Path]:
    """Return a function that writes an image, of one random colour a pixel unless pixels are given."""
    random = np.random.default_rng(0)

    def write(path: Path, pixels: np.ndarray | None = None, shape: tuple[int, ...] = (6, 5, 3)) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, shape, dtype=np.uint8) if pixels is None else pixels).save(path)
        return path

    return write


@pytest.fixture
def classes(save, tmp_path) -> Path:
    """Return a folder with twenty pictures of each of two classes."""
    for name in ("cat", "dog"):
        for number in range(20):
            save(tmp_path / "pets" / name / f"{number:02}.png")
    return tmp_path / "pets"


@pytest.fixture
def png() -> Callable[..., bytes]:
    """Return a function that encodes an image."""

    def encode(image: Image.Image, kind: str = "png", **options) -> bytes:
        stream = io.BytesIO()
        image.save(stream, kind, **options)
        return stream.getvalue()

    return encode
