"""Image files to arrays, and arrays from one form to another."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from dlcli.data.examples import Unreadable

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
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


def load(path: str | Path, size: tuple[int, int] | None = None) -> np.ndarray:
    """Decode an image file as `decode` does.

    Raises:
        Unreadable: the file is missing, empty or not an image.
    """
    try:
        # The file as a whole: pillow's many small reads of an open one take longer than a small image to decode.
        with open(path, "rb") as file:
            encoded = file.read()
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from error
    return decode(encoded, size)


def decode(encoded: bytes, size: tuple[int, int] | None = None) -> np.ndarray:
    """Decode an image, upright, to uint8 [height, width, 1 if it is gray else 3].

    What is transparent is laid over white; 16 bits are cut to 8; of an animation the first picture is taken. A picture
    of another height and width than `size` is scaled to cover it, and what juts out is cut about the centre.

    Raises:
        Unreadable: there is nothing, or no image.
    """
    if not encoded:
        raise Unreadable("the file is empty", kind="empty")
    try:
        image = Image.open(io.BytesIO(encoded))
        if size:
            # The JPEG decoder skips most of its work where a picture is shrunk by a power of two; twice the size
            # leaves enough for the filter.
            image.draft(None, (2 * size[1], 2 * size[0]))
        return _array(image, size)
    except Image.UnidentifiedImageError:
        raise Unreadable("it is not an image that pillow can read") from None
    except _DAMAGED as error:
        raise Unreadable(str(error) or type(error).__name__) from error


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


def _array(image: Image.Image, size: tuple[int, int] | None) -> np.ndarray:
    if image.info.get("exif"):
        image = ImageOps.exif_transpose(image)
    if image.mode == "F":
        raise ValueError("images of 32-bit floats have no range that is known")
    if image.mode.startswith("I"):
        image = Image.fromarray((np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))
    elif image.has_transparency_data:
        image = _over_white(image)
    if image.mode not in ("L", "RGB"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    array = np.asarray(_fit(image, size) if size else image)
    return array if array.ndim == 3 else array[..., None]


def _over_white(image: Image.Image) -> Image.Image:
    gray = image.mode in ("LA", "La", "L", "1")
    image = image.convert("RGBA")
    image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("L" if gray else "RGB")


def _fit(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    height, width = size
    return image if image.size == (width, height) else ImageOps.fit(image, (width, height), Image.Resampling.BILINEAR)
