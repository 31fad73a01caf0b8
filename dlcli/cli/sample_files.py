"""Samples as data: an `.npz` file of arrays, or a folder of PNG files, with an alpha channel if the images have one."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcli.artifacts import Figure, Images
from dlcli.errors import UsageError
from dlcli.files import atomic_write, disk_errors

if TYPE_CHECKING:
    import numpy as np

ARRAYS = ".npz"


def is_data(out: Path) -> bool:
    """Return whether samples are written as data: to an `.npz` file, or to a folder, which has no extension."""
    return out.suffix.lower() in (ARRAYS, "")


def check(out: Path) -> None:
    """Raise `UsageError` if the file or folder is in use for something else, before samples are drawn."""
    if out.suffix and out.is_dir():
        raise UsageError(f"--out must be a file, but {out} is a folder")
    if not out.suffix and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"--out {out} must be a new or empty folder, or a file that ends in .npz, .png, .svg or .pdf")


def save(drawn: Images | Figure, out: Path) -> dict[str, Any]:
    """Write the samples; return what was written, as JSON.

    An `.npz` file has `image`, uint8 [sample, height, width, channel], and for classes `label` and `classes`, as
    `--dataset` reads them; with `--show-nearest` also `nearest`, of the shape of `image`; of a density it has `point`,
    float32 [sample, 2].

    Raises:
        UsageError: points are to be written as images.
        DiskError: the disk is full or not writable.
    """
    if out.suffix:
        return _write_arrays(drawn, out)
    if not isinstance(drawn, Images):
        raise UsageError(f"--out {out} must end in .npz, .png, .svg or .pdf, since the samples are points")
    return _write_pictures(drawn, out)


def _write_arrays(drawn: Images | Figure, out: Path) -> dict[str, Any]:
    import numpy as np

    arrays = _arrays(drawn)
    with disk_errors(out):
        out.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(out) as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    count = len(next(iter(arrays.values())))
    return {"file": str(out), "count": count, "arrays": {name: list(array.shape) for name, array in arrays.items()}}


def _arrays(drawn: Images | Figure) -> dict[str, np.ndarray]:
    import numpy as np

    if not isinstance(drawn, Images):
        return {"point": np.asarray(drawn.numbers["points"], np.float32)}
    arrays = {"image": drawn.pixels}
    if drawn.nearest is not None:
        arrays["nearest"] = drawn.nearest
    if drawn.captions:
        classes, label = np.unique(np.asarray(drawn.captions), return_inverse=True)
        arrays |= {"label": label.astype(np.int64), "classes": classes}
    return arrays


def _write_pictures(drawn: Images, out: Path) -> dict[str, Any]:
    """Write a PNG per sample, in a folder per class if there are classes, as `--dataset folder:PATH` reads them."""
    from PIL import Image

    names = []
    for number, pixels in enumerate(drawn.pixels):
        folder = out / _folder_name(drawn.captions[number]) if drawn.captions else out
        with disk_errors(out):
            folder.mkdir(parents=True, exist_ok=True)
        content = io.BytesIO()
        Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(content, "PNG")
        names.append(folder / f"{number:05d}.png")
        with atomic_write(names[-1]) as file:
            file.write(content.getvalue())
    return {"folder": str(out), "count": len(names), "channels": int(drawn.pixels.shape[-1])}


def _folder_name(caption: str) -> str:
    return "".join(each if each.isalnum() or each in " -_" else "-" for each in caption) or "class"
