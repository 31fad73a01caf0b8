"""An entry of the API, and what several kinds of them share."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from PIL import Image
from pydantic import Field

from dlcli.options.common import Options
from dlcli.pages.elements import data_uri
from dlcli.plot import palette

CHARACTERS = 4_000  # of a text
Values = Mapping[str, Any]  # of a response, as JSON
Text = Annotated[str, Field(min_length=1, max_length=CHARACTERS, description="Input text.")]
ClassName = Annotated[str, Field(max_length=200)]
Seed = Annotated[int, Field(ge=0, lt=2**31, description="Random seed.")]


@dataclasses.dataclass(frozen=True)
class Action:
    """An entry of the API.

    Attributes:
        summary: one sentence.
        model: of the body.
        call: computes the responses to several bodies, in their order.
        batch: maximum number of bodies of one call.
    """

    summary: str
    model: type[Options]
    call: Callable[[Sequence[Any]], Sequence[Values]]
    batch: int = 1


@dataclasses.dataclass(frozen=True)
class Kind:
    """What is served of one kind of run.

    Attributes:
        page: name of the files of the page in `pages/`.
        actions: entries of the API by name.
        data: values that the page starts with.
    """

    page: str
    actions: Mapping[str, Action]
    data: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def single(call: Callable[[Any], Values]) -> Callable[[Sequence[Any]], Sequence[Values]]:
    """Return a function of several bodies that computes one after the other."""
    return lambda bodies: [call(each) for each in bodies]


class TextBody(Options):
    """A text."""

    text: Text


class NoBody(Options):
    """Nothing."""


def heat(values: np.ndarray) -> str:
    """Return a map, float [height, width], as a coloured PNG image in a URI."""
    return png((255 * palette.as_colors(values, "heat")).astype(np.uint8))


def png(pixels: np.ndarray) -> str:
    """Return an image, uint8 [height, width] with no, one or three channels, as a PNG image in a URI."""
    buffer = io.BytesIO()
    Image.fromarray(palette.squeezed(pixels)).save(buffer, "PNG")
    return data_uri(buffer.getvalue(), "image/png")


def rounded(values: np.ndarray, digits: int = 4) -> Any:
    """Return finite numbers as nested lists, rounded to so many digits after the point."""
    return np.round(np.asarray(values, np.float64), digits).tolist()
