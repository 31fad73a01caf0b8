"""Image files to arrays, and arrays from one form to another."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import os
import stat
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, ImageOps

from dlcli import files
from dlcli.data.images.files import formats
from dlcli.data.images.source import Unreadable

LARGEST_FILE = 256 * 2**20  # bytes of an image file we agree to read
MOST_PIXELS = 89_478_485  # of an image we agree to decode, at which pillow warns of a decompression bomb
# What is white in an image of more than 8 bits a channel: the least of these that no pixel exceeds. Cameras and
# scanners of 10, 12 and 14 bits use the lowest part of 16, and floats lie in 0 … 1 or 0 … 255 as a rule.
WHITES = (1.0, *(2.0**bits - 1 for bits in (8, 10, 12, 14, 16, 24, 32)))

# A context would hold for all threads, and for no longer than the first to leave it.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
_LARGE = 2**24  # pixels; of larger images one is decoded at a time, so that many threads do not fill the memory
_one_large = threading.Lock()

# What pillow's decoders raise at damaged files, apart from the OSError they should.
_DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    MemoryError,
    RuntimeError,
    AttributeError,
    AssertionError,
    struct.error,
    zlib.error,
)


@dataclasses.dataclass(frozen=True)
class Header:
    """What the first bytes of an image say.

    Attributes:
        size: height and width, before it is turned upright.
        deep: whether it has more than 8 bits a channel and so a range that only its pixels tell.
    """

    size: tuple[int, int]
    deep: bool


def load(path: str | Path, size: tuple[int, int] | None = None, white: float | None = None) -> np.ndarray:
    """Decode an image file as `decode` does.

    Raises:
        Unreadable: the file is missing, empty, too large, no regular file, or not an image.
    """
    return decode(_read(path), size, white)


def decode(encoded: bytes, size: tuple[int, int] | None = None, white: float | None = None) -> np.ndarray:
    """Decode an image, upright, to uint8 [height, width, 1 if it is gray else 3].

    What is transparent is laid over white; of an animation the first picture is taken. A picture of another height
    and width than `size` is scaled to cover it, and what juts out is cut about the centre.

    Args:
        encoded: bytes of the file.
        size: height and width.
        white: value that becomes 255 in an image of more than 8 bits a channel; without it the least of `WHITES` that
            no pixel of the image exceeds. What is above it becomes 255 too.

    Raises:
        Unreadable: there is nothing, or no image, or one too large.
    """
    with _opened(io.BytesIO(encoded)) as image:
        if size:
            # The JPEG decoder skips most of its work where a picture is shrunk by a power of two; twice the size
            # leaves enough for the filter.
            image.draft(None, (2 * size[1], 2 * size[0]))
        with _one_large if image.width * image.height > _LARGE else contextlib.nullcontext():
            return _array(image, size, white)


def header(encoded: str | Path | bytes) -> Header:
    """Read the first bytes of an image, given by its path or as bytes.

    Raises:
        Unreadable: it is no image.
    """
    with _stream(encoded) as stream, _opened(stream) as image:
        return Header((image.height, image.width), _is_deep(image))


def brightest(encoded: str | Path | bytes) -> float:
    """Return the highest value of an image of more than 8 bits a channel.

    Raises:
        Unreadable: it cannot be decoded.
    """
    with _stream(encoded) as stream, _opened(stream) as image:
        return float(_values(image).max())


def white_of(highest: float) -> float:
    """Return what is white where `highest` is the highest value: the least of `WHITES` that is not exceeded."""
    return next((white for white in WHITES if highest <= white), highest)


def conform(image: np.ndarray, channels: int) -> np.ndarray:
    """Turn gray into colour or colour into gray (ITU-R 601-2 luma), where `channels` asks for it."""
    if image.shape[-1] == channels:
        return image
    if image.shape[-1] == 1 and channels == 3:
        return np.repeat(image, 3, axis=-1)
    if image.shape[-1] == 3 and channels == 1:
        return np.asarray(Image.fromarray(image).convert("L"))[..., None]
    raise ValueError(f"images must have 1 or 3 channels to be converted to {channels}, got {image.shape[-1]}")


def resize(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Scale uint8 [height, width, channel] to cover `size`, and cut what juts out about the centre."""
    if image.shape[:2] == size:
        return image
    bands = [Image.fromarray(image[..., channel]) for channel in range(image.shape[-1])]
    return np.stack([np.asarray(_fit(band, size)) for band in bands], axis=-1)


def _read(path: str | Path) -> bytes:
    try:
        # The file as a whole: pillow's many small reads of an open one take longer than a small image to decode.
        return files.read_bytes(Path(path), LARGEST_FILE)
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from error
    except ValueError as error:
        raise Unreadable(str(error)) from error


@contextlib.contextmanager
def _stream(encoded: str | Path | bytes) -> Iterator[IO[bytes]]:
    """Open a file of which little will be read; bytes as a file."""
    if isinstance(encoded, bytes):
        yield io.BytesIO(encoded)
        return
    try:
        if not stat.S_ISREG(os.stat(encoded).st_mode):
            raise Unreadable("it must be a regular file")
        with open(encoded, "rb") as file:
            yield file
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from error


@contextlib.contextmanager
def _opened(stream: IO[bytes]) -> Iterator[Image.Image]:
    """Open an image; turn whatever pillow raises at it into `Unreadable`."""
    if not stream.read(1):
        raise Unreadable("the file is empty", kind="empty")
    try:
        image = Image.open(stream, formats=formats())
        if image.width * image.height > MOST_PIXELS:
            raise Image.DecompressionBombWarning
        yield image
    except Image.UnidentifiedImageError:
        raise Unreadable("it is not an image that pillow can read") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Unreadable(f"it must have at most {MOST_PIXELS:,} pixels, and has more") from None
    except _DAMAGED as error:
        raise Unreadable(str(error) or type(error).__name__) from error


def _is_deep(image: Image.Image) -> bool:
    return image.mode.startswith("I") or image.mode == "F"


def _values(image: Image.Image) -> np.ndarray:
    """Return the pixels of a deep image, float64 [height, width]."""
    values = np.asarray(image).astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError("its pixels must be finite numbers, and some are not")
    if values.min() < 0:
        raise ValueError(f"its pixels must be 0 or more, found {values.min():g}")
    return values


def _array(image: Image.Image, size: tuple[int, int] | None, white: float | None) -> np.ndarray:
    if image.info.get("exif"):
        image = ImageOps.exif_transpose(image)
    if _is_deep(image):
        values = _values(image)
        image = Image.fromarray(_eight_bits(values, white or white_of(values.max())))
    elif image.has_transparency_data:
        image = _over_white(image)
    if image.mode not in ("L", "RGB"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    array = np.asarray(_fit(image, size) if size else image)
    return array if array.ndim == 3 else array[..., None]


def _eight_bits(values: np.ndarray, white: float) -> np.ndarray:
    # Of whole numbers the upper eight bits; of shares of 1 the nearest of 256 values.
    scaled = np.rint(values * (255 / white)) if white <= 1 else np.floor(values * (256 / (white + 1)))
    return scaled.clip(0, 255).astype(np.uint8)


def _over_white(image: Image.Image) -> Image.Image:
    gray = image.mode in ("LA", "La", "L", "1")
    image = image.convert("RGBA")
    image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("L" if gray else "RGB")


def _fit(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    height, width = size
    return image if image.size == (width, height) else ImageOps.fit(image, (width, height), Image.Resampling.BILINEAR)
