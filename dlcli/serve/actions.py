"""What the API computes: each action has a model of its body, and a function of the run."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import functools
import io
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import numpy as np
from PIL import Image
from pydantic import Field

from dlcli import figures, techniques
from dlcli.artifacts import joined
from dlcli.data.images import decoding
from dlcli.data.images.source import Unreadable
from dlcli.errors import DatasetError, UsageError
from dlcli.figures import saliency, subject
from dlcli.figures.json_values import to_json
from dlcli.figures.options.text import Attention, TokenProbabilities
from dlcli.nn import functional
from dlcli.options.common import Options
from dlcli.options.fields import can_read
from dlcli.options.text import TextSampleOptions
from dlcli.pages.elements import data_uri
from dlcli.plot import palette
from dlcli.runs.trained import TrainedRun

_CHARACTERS = 4_000  # of a text
_TOKENS = 200  # of a generated text
_MAPS = 8  # activation maps per layer
Text = Annotated[str, Field(min_length=1, max_length=_CHARACTERS, description="Input text.")]


@dataclasses.dataclass(frozen=True)
class Action:
    """An entry of the API.

    Attributes:
        summary: one sentence.
        model: of the body.
        call: computes the JSON values of the response from the body and the run.
    """

    summary: str
    model: type[Options]
    call: Callable[[Any, TrainedRun], Mapping[str, Any]]


class ImageBody(Options):
    """An image to classify and to explain."""

    image: Annotated[str, Field(description="Image file (PNG, JPEG, …), base64; also as a data URI.")]
    class_: Annotated[str, Field(description="Class to explain; default: the predicted one.")] = ""


class TextBody(Options):
    """A text."""

    text: Text


class TokensBody(TextBody):
    """A text whose tokens are scored."""

    top: Annotated[int, Field(ge=1, le=10, description="Most likely tokens per position.")] = 6


class SampleBody(Options):
    """How a text is continued."""

    prompt: Annotated[str, Field(max_length=_CHARACTERS, description="Text to continue.")] = ""
    max_new_tokens: Annotated[int, Field(ge=1, le=_TOKENS, description="Maximum number of tokens to generate.")] = 60
    temperature: Annotated[float, Field(ge=0, le=100, description="Sampling temperature; 0 means greedy.")] = 0.8
    top_p: Annotated[float, Field(gt=0, le=1, description="Top-p (nucleus) sampling.")] = 1.0
    seed: Annotated[int, Field(ge=0, lt=2**31, description="Random seed.")] = 0


def of(run: TrainedRun) -> dict[str, Action]:
    """Return the actions of a run by name.

    Raises:
        UsageError: runs of this technique or task are not served.
    """
    trained = run.files.raw("options.json")
    if run.technique == "cnn":
        return {
            "explain": Action("Classify an image, with activation maps and Grad-CAM.", ImageBody, _Images(run).explain)
        }
    if run.technique in TokenProbabilities.technique:
        attention = {"attention": Action("Return the attention weights over a text.", TextBody, _attention)}
        own = attention if run.technique == Attention.technique else {}
        if can_read(TokenProbabilities, trained):
            tokens = Action("Return the probability of each token.", TokensBody, _tokens)
            return {"tokens": tokens, "sample": Action("Continue a text.", SampleBody, _sample), **own}
        return {"predict": Action("Classify or translate a text.", TextBody, _predict), **own}
    raise UsageError(f"dlcli serve needs a run of cnn, rnn or transformer, {run.folder} is one of {run.technique}")


class _Images:
    """A classifier whose functions are compiled once."""

    def __init__(self, run: TrainedRun):
        self._run = run

    @functools.cached_property
    def _functions(self) -> tuple[Any, Any, Any]:
        learner = self._run.learner
        predict = functional.jit(type(learner).log_probabilities, learner)
        explain = saliency.explainer(learner, saliency.last_convolution(learner))
        return predict, explain, subject.activations(learner)

    def explain(self, body: ImageBody, run: TrainedRun) -> Mapping[str, Any]:
        """Return the probabilities, Grad-CAM and the activation maps of an image."""
        predict, explain, activations = self._functions
        learner = run.learner
        pixels = _pixels(body.image, learner.facts)
        probabilities = np.exp(np.asarray(predict(pixels[None])[0]))
        classes = list(learner.facts.classes)
        if body.class_ and body.class_ not in classes:
            raise UsageError(f"there is no class {body.class_!r}")
        label = classes.index(body.class_) if body.class_ else int(probabilities.argmax())
        importance, _ = explain(label, pixels)
        shown = subject.drawable(pixels)
        overlay = palette.overlay(shown, importance, (0.0, max(float(importance.max()), 1e-12)))
        return {
            "classes": classes,
            "probabilities": to_json(probabilities),
            "explained": classes[label],
            "layer": saliency.last_convolution(learner),
            "input": _png(shown),
            "grad_cam": _png((255 * overlay).astype(np.uint8)),
            "activations": {
                name: [_png(_heat(maps[..., each])) for each in range(min(_MAPS, maps.shape[-1]))]
                for name, maps in activations(pixels).items()
            },
        }


def _of(run: TrainedRun) -> dict[str, str]:
    """Return the options that name the run."""
    return {"run": str(run.folder), "use": run.use}


def _tokens(body: TokensBody, run: TrainedRun) -> Mapping[str, Any]:
    chosen = TokenProbabilities.model_validate({**_of(run), "text": body.text, "top": body.top})
    found = figures.draw("token-probabilities", chosen, run).numbers
    top = [list(map(list, each.items())) for each in found["top_tokens"]]
    return {"tokens": found["tokens"], "probabilities": found["probabilities"], "top": top}


def _sample(body: SampleBody, run: TrainedRun) -> Mapping[str, Any]:
    model: type[TextSampleOptions] = techniques.options(run.technique, "sample")
    # Without a temperature the most likely token is taken, and the other options would have no effect.
    random = {"seed": body.seed, "top_p": None if body.top_p == 1 else body.top_p} if body.temperature else {}
    given = {"prompt": body.prompt, "max_new_tokens": body.max_new_tokens, "temperature": body.temperature, **random}
    chosen = model.model_validate({**_of(run), **given})
    [found] = joined(techniques.apply("sample", chosen, run))
    return found


def _predict(body: TextBody, run: TrainedRun) -> Mapping[str, Any]:
    chosen = techniques.options(run.technique, "predict")(**_of(run), text=[body.text], top=5)
    [found] = techniques.apply("predict", chosen, run)
    if found.problem:
        raise DatasetError(found.problem)
    numbers: Mapping[str, Any] = found.numbers()
    return numbers


def _attention(body: TextBody, run: TrainedRun) -> Mapping[str, Any]:
    chosen = Attention.model_validate({**_of(run), "text": body.text, "tokens": 48})
    found = figures.draw("attention", chosen, run).numbers
    weights = np.asarray(found["weights"])
    return {
        "queries": found["queries"],
        "keys": found["keys"],
        "shape": list(weights.shape),
        "weights": np.rint(1000 * weights).astype(int).ravel().tolist(),
        "same": found["queries"] == found["keys"],
        "start": weights.shape[2] - 1,
    }


def _pixels(text: str, facts: Any) -> np.ndarray:
    """Decode an image to the size and channels of the training images, uint8 [height, width, channel]."""
    try:
        content = base64.b64decode(text.partition(",")[2] if text.startswith("data:") else text, validate=True)
        image = decoding.decode(content, facts.image[:2], facts.white)
    except (binascii.Error, ValueError, Unreadable) as error:
        raise DatasetError(f"the image cannot be read: {error}") from error
    return decoding.convert_channels(image, facts.image[-1])


def _heat(values: np.ndarray) -> np.ndarray:
    return (255 * palette.as_colors(values, "heat")).astype(np.uint8)


def _png(pixels: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(palette.squeezed(pixels)).save(buffer, "PNG")
    return data_uri(buffer.getvalue(), "image/png")
