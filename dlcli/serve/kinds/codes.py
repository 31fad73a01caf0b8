"""Encode an image with an autoencoder, change its code, and decode it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from dlcli.errors import UsageError
from dlcli.figures import held_out, subject
from dlcli.nn import functional
from dlcli.options.common import Options
from dlcli.runs.trained import TrainedRun
from dlcli.serve.action import Action, Kind, NoBody, Values, png, rounded
from dlcli.serve.kinds.image import ImageFile, pixels

_SLIDERS = 8
_BATCH = 16  # requests
_EXAMPLES = 256  # images of the validation split

Code = Annotated[list[Annotated[float, Field(ge=-1e6, le=1e6)]], Field(max_length=4_096)]


class EncodeBody(Options):
    """An image to encode."""

    index: Annotated[int, Field(ge=0, description="Which image of the validation split, if no image is given.")] = 0
    image: ImageFile = ""


class DecodeBody(Options):
    """A code to decode."""

    code: Annotated[Code, Field(description="Value of each latent dimension.")]


def kind(run: TrainedRun) -> Kind:
    """Return what is served of an autoencoder.

    Raises:
        DatasetError: the data of the run is missing.
    """
    codes = _Codes(run)
    actions = {
        "encode": Action("Return the code of an image, and its reconstruction.", EncodeBody, codes.encode, _BATCH),
        "decode": Action("Decode a code.", DecodeBody, codes.decode, _BATCH),
        "dimensions": Action("Return the range of the codes that vary most.", NoBody, codes.dimensions, _BATCH),
    }
    return Kind("codes", actions, {"count": len(codes.images)})


class _Codes:
    """An encoder and a decoder, compiled once for one image and once for a batch."""

    def __init__(self, run: TrainedRun):
        self._run = run
        self.images: np.ndarray = held_out.examples(NoBody(), run, _EXAMPLES)["image"]

    def encode(self, bodies: Sequence[EncodeBody]) -> list[Values]:
        """Return the code of each image, the image, its reconstruction and the mean squared error."""
        images = np.stack([self._image(each) for each in bodies])
        codes = self._encoded(images)
        decoded = self._decoded(codes)
        errors = np.square((images.astype(np.float64) - decoded) / 255).mean(axis=(1, 2, 3))
        return [
            {"code": rounded(code), "original": _shown(image), "image": _shown(found), "error": float(error)}
            for code, image, found, error in zip(codes, images, decoded, errors, strict=True)
        ]

    def decode(self, bodies: Sequence[DecodeBody]) -> list[Values]:
        """Return the image of each code."""
        size = self._run.options.latent_dim
        for each in bodies:
            if len(each.code) != size:
                raise UsageError(f"the code must have {size} numbers, got {len(each.code)}")
        return [{"image": _shown(each)} for each in self._decoded(np.array([each.code for each in bodies], np.float32))]

    def dimensions(self, bodies: Sequence[NoBody]) -> list[Values]:
        """Return the dimensions whose codes of the validation split vary most, and the range of each."""
        codes = np.concatenate(
            [self._encoded(self.images[start : start + _BATCH]) for start in range(0, len(self.images), _BATCH)]
        )
        order = np.argsort(-codes.std(axis=0), kind="stable")[:_SLIDERS]
        ranges = np.stack([codes.min(axis=0), codes.max(axis=0)], axis=1)[order]
        found = {"dimensions": order.tolist(), "ranges": rounded(ranges), "size": codes.shape[1]}
        return [found] * len(bodies)

    def _image(self, body: EncodeBody) -> np.ndarray:
        if body.image:
            return pixels(body.image, self._run.facts)
        if body.index >= len(self.images):
            raise UsageError(f"the index must be at most {len(self.images) - 1}, got {body.index}")
        return np.asarray(self.images[body.index])

    @functools.cached_property
    def _encoded(self) -> Callable[[np.ndarray], np.ndarray]:
        return _batched(functional.jit(type(self._run.learner).encode, self._run.learner))

    @functools.cached_property
    def _decoded(self) -> Callable[[np.ndarray], np.ndarray]:
        return _batched(functional.jit(type(self._run.learner).decode, self._run.learner))


def _batched(compute: Callable[[np.ndarray], Any]) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function of 1 to `_BATCH` rows, which is compiled for one row and for `_BATCH`."""

    def computed(rows: np.ndarray) -> np.ndarray:
        padded = np.zeros([1 if len(rows) == 1 else _BATCH, *rows.shape[1:]], rows.dtype)
        padded[: len(rows)] = rows
        return np.asarray(compute(padded))[: len(rows)]

    return computed


def _shown(image: np.ndarray) -> str:
    return png(subject.drawable(image))
