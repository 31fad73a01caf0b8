"""Decoding of image files (JPEG, PNG, …) to arrays; conversion of channels and size."""

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
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.ImageFile import ImageFile

from dlcli import files
from dlcli.data.images.files import formats
from dlcli.data.images.source import Unreadable

LARGEST_FILE = 256 * 2**20  # bytes; larger image files are refused
MOST_PIXELS = 89_478_485  # larger images are refused; above it pillow warns of a decompression bomb
# White in an image with more than 8 bits per channel is the smallest of these values that no pixel exceeds. Cameras
# and scanners with 10, 12 or 14 bits use the lowest part of 16, and floats usually range over 0 … 1 or 0 … 255.
WHITES = (1.0, *(2.0**bits - 1 for bits in (8, 10, 12, 14, 16, 24, 32)))

# A context manager would change the filter for all threads, until the first thread leaves it.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
_LARGE = 2**24  # pixels; larger images are decoded one at a time, so that many threads do not fill the memory
_one_large = threading.Lock()

# Raised by pillow's decoders for damaged files; documented is only OSError.
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
    """The header of an image file.

    Attributes:
        size: height and width in pixels, before the rotation of its EXIF orientation.
        deep: whether the image has more than 8 bits per channel, so that its range is known from its pixels only.
        upper_bits: whether it has 16 bits per channel, of which pillow reads the upper 8: a colour image.
    """

    size: tuple[int, int]
    deep: bool
    upper_bits: bool = False


def load(path: str | Path, size: tuple[int, int] | None = None, white: float | None = None) -> np.ndarray:
    """Decode an image file as `decode` does.

    Raises:
        Unreadable: the file is missing, empty, too large, not a regular file, or not an image.
    """
    return decode(_read(path), size, white)


def decode(encoded: bytes, size: tuple[int, int] | None = None, white: float | None = None) -> np.ndarray:
    """Decode an image, rotated by its EXIF orientation, to uint8 [height, width, 1 if grayscale else 3].

    Transparent pixels are blended with white; the first frame of an animation is used.

    Args:
        encoded: bytes of the file.
        size: height and width in pixels; an image of another size is scaled to cover it and center-cropped.
        white: pixel value from which on an image with more than 8 bits per channel is white (255); None takes the
            smallest of `WHITES` that no pixel exceeds.

    Raises:
        Unreadable: the bytes are empty, not an image, or an image that is too large.
    """
    with _opened(io.BytesIO(encoded)) as image:
        if size:
            # The JPEG decoder skips most of its work if it shrinks the image by a power of two; twice the size leaves
            # enough pixels for the resampling filter.
            image.draft(None, (2 * size[1], 2 * size[0]))
        with _one_large if image.width * image.height > _LARGE else contextlib.nullcontext():
            return _array(image, size, white)


def header(encoded: str | Path | bytes) -> Header:
    """Read the header of an image, given by its path or as bytes.

    Raises:
        Unreadable: it is not an image.
    """
    with _stream(encoded) as stream, _opened(stream) as image:
        return Header((image.height, image.width), _is_deep(image), not _is_deep(image) and _has_16_bits(image))


def maximum(encoded: str | Path | bytes) -> float:
    """Return the largest pixel value of an image with more than 8 bits per channel.

    Raises:
        Unreadable: it cannot be decoded.
    """
    with _stream(encoded) as stream, _opened(stream) as image:
        return float(_values(image).max())


def white_of(maximum: float) -> float:
    """Return the white of images with this largest pixel value: the smallest of `WHITES` that is not exceeded."""
    return next((white for white in WHITES if maximum <= white), maximum)


def convert_channels(image: np.ndarray, channels: int) -> np.ndarray:
    """Convert grayscale to colour or colour to grayscale (ITU-R 601-2 luma), so that there are `channels` channels."""
    if image.shape[-1] == channels:
        return image
    if image.shape[-1] == 1 and channels == 3:
        return np.repeat(image, 3, axis=-1)
    if image.shape[-1] == 3 and channels == 1:
        return np.asarray(Image.fromarray(image).convert("L"))[..., None]
    raise ValueError(f"images must have 1 or 3 channels to be converted to {channels}, got {image.shape[-1]}")


def resize(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Scale uint8 [height, width, channel] to cover `size` (height and width), and center-crop."""
    if image.shape[:2] == size:
        return image
    bands = [Image.fromarray(image[..., channel]) for channel in range(image.shape[-1])]
    return np.stack([np.asarray(_fit(band, size)) for band in bands], axis=-1)


def _read(path: str | Path) -> bytes:
    try:
        # Read as a whole: pillow's many small reads of an open file take longer than decoding a small image.
        return files.read_bytes(Path(path), LARGEST_FILE)
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from error
    except ValueError as error:
        raise Unreadable(str(error)) from error


@contextlib.contextmanager
def _stream(encoded: str | Path | bytes) -> Iterator[IO[bytes]]:
    """Open a file, or bytes as a file, to read its beginning."""
    if isinstance(encoded, bytes):
        yield io.BytesIO(encoded)
        return
    try:
        if not stat.S_ISREG(os.stat(encoded).st_mode):
            raise Unreadable("not a regular file")
        with open(encoded, "rb") as file:
            yield file
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from error


@contextlib.contextmanager
def _opened(stream: IO[bytes]) -> Iterator[Image.Image]:
    """Open an image; convert every exception of pillow to `Unreadable`."""
    if not stream.read(1):
        raise Unreadable("the file is empty", kind="empty")
    try:
        image = Image.open(stream, formats=formats())
        if image.width * image.height > MOST_PIXELS:
            raise Image.DecompressionBombWarning
        yield image
    except UnidentifiedImageError:
        raise Unreadable("not an image that pillow can read") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Unreadable(f"an image must have at most {MOST_PIXELS:,} pixels, found more") from None
    except _DAMAGED as error:
        raise Unreadable(str(error) or type(error).__name__) from error


def _is_deep(image: Image.Image) -> bool:
    return image.mode.startswith("I") or image.mode == "F"


def _has_16_bits(image: Image.Image) -> bool:
    # The arguments of the decoder begin with the layout of the file's pixels, such as "RGB;16B".
    return isinstance(image, ImageFile) and any(";16" in str(tile[3]) for tile in image.tile)


def _values(image: Image.Image) -> np.ndarray:
    """Return the pixels of an image with more than 8 bits per channel, float64 [height, width]."""
    values = np.asarray(image).astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError("pixels must be finite numbers, found others")
    if values.min() < 0:
        raise ValueError(f"pixels must be 0 or more, found {values.min():g}")
    return values


def _array(image: Image.Image, size: tuple[int, int] | None, white: float | None) -> np.ndarray:
    if image.info.get("exif"):
        image = ImageOps.exif_transpose(image)
    if _is_deep(image):
        values = _values(image)
        image = Image.fromarray(_eight_bits(values, white or white_of(values.max())))
    elif image.has_transparency_data:
        image = _on_white(image)
    if image.mode not in ("L", "RGB"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    array = np.asarray(_fit(image, size) if size else image)
    return array if array.ndim == 3 else array[..., None]


def _eight_bits(values: np.ndarray, white: float) -> np.ndarray:
    # The upper eight bits of integers; the nearest of 256 values for floats in 0 … 1.
    scaled = np.rint(values * (255 / white)) if white <= 1 else np.floor(values * (256 / (white + 1)))
    return scaled.clip(0, 255).astype(np.uint8)


def _on_white(image: Image.Image) -> Image.Image:
    grayscale = image.mode in ("LA", "La", "L", "1")
    image = image.convert("RGBA")
    image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("L" if grayscale else "RGB")


def _fit(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    height, width = size
    return image if image.size == (width, height) else ImageOps.fit(image, (width, height), Image.Resampling.BILINEAR)
