"""Labels texts with an encoder, or turns them into others with an encoder-decoder."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import jax
import numpy as np

from dlcli.artifacts import Prediction, Truncation
from dlcli.errors import DatasetError
from dlcli.nn import functional
from dlcli.notices import warn
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.transformer.options import Predict
from dlcli.techniques.transformer.trained import Trained
from dlcli.techniques.transformer.translation import translator

Answers = list[tuple[str, float, float]]  # an answer, what it is ranked by, and its log-probability

_BATCH = 16  # texts at once


def predict(options: Predict, run: TrainedRun) -> Iterator[Prediction]:
    """Yield a prediction for each text in turn; one that cannot be cut into tokens has a problem instead.

    Of an encoder, the answers are classes with their probabilities; of an encoder-decoder texts with the scores that
    they are ranked by, see `dlcli.nn.beam`, and their log-probabilities. Of a longer text than the model was trained
    on, as many tokens are read as there; a note says so.
    """
    trained = Trained(run)
    measure = "probability" if trained.learner.shape == "encoder" else "score"
    answer, most = _ANSWERS[trained.learner.shape](trained, options)
    for start in range(0, len(options.text), _BATCH):
        texts = options.text[start : start + _BATCH]
        read = [_read(trained, text) for text in texts]
        rows, length = np.zeros([_BATCH, most], np.int32), np.ones([_BATCH], np.int32)
        for row, found in enumerate(read):
            if isinstance(found, np.ndarray):
                length[row] = min(len(found), most)
                rows[row, : length[row]] = found[:most]
        for text, found, answers in zip(texts, read, answer(rows, length), strict=False):
            if isinstance(found, str):
                yield Prediction(text, problem=found)
                continue
            truncated = Truncation(len(found), most) if len(found) > most else None
            if truncated:
                warn(truncated.note(text))
            ranked = [(answer, number) for answer, number, _ in answers]
            nats = [each for *_, each in answers] if measure == "score" else []
            yield Prediction(text, ranked, measure=measure, truncated=truncated, log_probabilities=nats)


def _read(trained: Trained, text: str) -> np.ndarray | str:
    """Return the tokens of a text, or why there are none."""
    try:
        return trained.read_some(text)
    except DatasetError as error:
        return str(error)


Answering = tuple[Callable[[np.ndarray, np.ndarray], list[Answers]], int]


def _classes(trained: Trained, options: Predict) -> Answering:
    """Return a function from texts, int [batch, time], and their lengths to ranked classes, and the time."""
    names = trained.learner.facts.classes
    classify = functional.jit(lambda network, *texts: jax.nn.softmax(network(*texts)), trained.learner.network)

    def answer(rows: np.ndarray, length: np.ndarray) -> list[Answers]:
        shares = np.asarray(classify(rows, length), np.float64)
        ranked = np.argsort(-shares, axis=-1, kind="stable")[:, : options.top]
        return [
            [(names[index], float(share[index]), float(np.log(share[index]))) for index in row]
            for share, row in zip(shares, ranked, strict=True)
        ]

    return answer, trained.context


def _targets(trained: Trained, options: Predict) -> Answering:
    """Return a function from sources, int [batch, time], and their lengths to ranked targets, and the time."""
    translate = translator(trained.learner.network, trained.learner.facts.max_target_length, options.beams)

    def answer(rows: np.ndarray, length: np.ndarray) -> list[Answers]:
        tokens, nats, ranked = map(np.asarray, translate(rows, length))
        # In the order of the search: its first answer is what evaluation measures.
        return [
            [
                (trained.tokenizer.decode(tokens[row, beam]), float(ranked[row, beam]), float(nats[row, beam]))
                for beam in range(min(options.top, options.beams))
                if np.isfinite(nats[row, beam])
            ]
            for row in range(len(rows))
        ]

    return answer, trained.learner.facts.max_source_length


_ANSWERS: dict[str, Callable[[Trained, Predict], Answering]] = {"encoder": _classes, "encoder-decoder": _targets}
