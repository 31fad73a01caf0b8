"""Where a transformer looks."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np

from dlcli import formats
from dlcli.artifacts import Figure, Truncation
from dlcli.data.text.catalogue import open_pairs, open_texts
from dlcli.data.text.columns import ReadOptions
from dlcli.data.text.sources import dates
from dlcli.data.text.tokenizers import END, START
from dlcli.errors import UsageError
from dlcli.figures.numbers import listed
from dlcli.figures.options.text import Attention
from dlcli.nn import functional
from dlcli.notices import warn
from dlcli.plot import attention
from dlcli.plot.attention import Weights
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.transformer.options import Train
from dlcli.techniques.transformer.translation import translator
from dlcli.text_models.trained import TrainedTextModel


def draw(options: Attention, run: TrainedRun) -> Figure:
    """Show the weights of each layer and head over the tokens of a text."""
    trained = TrainedTextModel.of(run, run.options.context)
    shown, truncated = _LOOKS[trained.learner.shape](trained, options, run.options)
    if truncated and options.text:
        warn(truncated.note(options.text))
    note = f"{shown.note}; {Path(options.run).name}"
    numbers = {
        "run": options.run,
        "asking": list(shown.asking),
        "answering": list(shown.answering),
        "axes": ["layer", "head", "asking", "answering"],
        "weights": listed(shown.shares),
        **({"truncated": truncated.numbers()} if truncated else {}),
    }
    if shown.expected is not None:
        told = shown.expected.any(axis=1)
        found = float((shown.mean * shown.expected).sum(axis=1)[told].mean())
        uniform = float(shown.expected.mean(axis=1)[told].mean())
        shares = f"{formats.percent(found, 0)} (uniform {formats.percent(uniform, 0)})"
        note += f"; framed: the source characters of each digit, attention mass {shares}"
        numbers |= {"expected": shown.expected.tolist(), "aligned": found, "evenly": uniform}
    shown = dataclasses.replace(shown, note=note)
    return Figure(
        "attention",
        attention.draw(shown),
        numbers,
        lambda width, colour, most=None: attention.sketch(shown, width, colour),
    )


Looked = tuple[Weights, Truncation | None]


def _of_text(trained: TrainedTextModel, options: Attention, train: Train) -> Looked:
    """Look at a text: what a decoder asks those before, or an encoder all."""
    given = options.text or _document(options.index, train)
    tokens = found = trained.encode_nonempty(given)
    if trained.learner.shape == "decoder":
        tokens = np.concatenate([[END], tokens]).astype(np.int32)
    lacking = max(0, len(tokens) - min(trained.context, options.tokens))
    tokens = tokens[: len(tokens) - lacking]
    truncated = Truncation(len(found), len(found) - lacking) if lacking else None
    rest = () if trained.learner.shape == "decoder" else (np.array([len(tokens)]),)
    shares = _recorded(trained, lambda network, record: network(tokens[None], *rest, record))
    names = trained.tokenizer.pieces(tokens)
    note = "rows ask, columns answer; the large picture is the average of the small ones"
    over = f"the first {truncated.read} of {truncated.tokens:,}" if truncated else f"{len(tokens)}"
    title = f"attention of the {trained.learner.shape} over {over} tokens"
    return Weights(shares, names, names, title, note), truncated


def _of_pair(trained: TrainedTextModel, options: Attention, train: Train) -> Looked:
    """Look at a source while its target is written: what the decoder asks the encoder."""
    source, parts = (options.text, None) if options.text else _source(options.index, train)
    facts, network = trained.learner.facts, trained.learner.network
    whole = trained.encode_nonempty(source)
    read = whole[: facts.max_source_length]
    truncated = Truncation(len(whole), len(read)) if len(read) < len(whole) else None
    rows = np.pad(read, (0, facts.max_source_length - len(read)))[None]
    length = np.array([len(read)], np.int32)
    found = np.asarray(translator(network, facts.max_target_length, 1)(rows, length).tokens)[0, 0]
    written = found[: int(np.argmax(found == END)) + 1] if END in found else found[found > END]
    tokens = np.concatenate([[START], written[:-1]])[None]
    shares = _recorded(trained, lambda network, record: network(tokens, network.encode(rows, length), record), part=1)
    shares = shares[..., : len(read)]
    asking = trained.tokenizer.pieces(written)
    known = expected(parts, len(asking)) if parts and trained.tokenizer.kind == "characters" else None
    title = f"cross-attention: {source} → {trained.tokenizer.decode(written)}"
    note = "rows are the tokens as they are written, columns the source; the large picture is the average"
    return Weights(shares, asking, trained.tokenizer.pieces(read), title, note, known), truncated


_LOOKS: dict[str, Callable[[TrainedTextModel, Attention, Train], Looked]] = {
    "decoder": _of_text,
    "encoder": _of_text,
    "encoder-decoder": _of_pair,
}


def _recorded(
    trained: TrainedTextModel, call: Callable[[Any, list[jax.Array]], object], part: int | None = None
) -> np.ndarray:
    """Return the weights that a call of the network records, float32 [layer, head, time, memory].

    Args:
        trained: the network.
        call: runs it on one sequence.
        part: of a layer with two attentions: 0 for that to its own sequence, 1 for that to the other.
    """

    def recorded(network: Any) -> list[jax.Array]:
        record: list[jax.Array] = []
        call(network, record)
        return record

    found = functional.jit(recorded, trained.learner.network)()
    return np.stack([np.asarray(each[0]) for each in (found if part is None else found[part::2])])


def _document(index: int, train: Train) -> str:
    """Return a text of the validation split."""
    texts = open_texts(train.dataset, ReadOptions.of(train, labels=train.shape == "encoder")).splits["validation"].texts
    return texts[_within(index, len(texts))]


def _source(index: int, train: Train) -> tuple[str, tuple[str, ...] | None]:
    """Return a source of the validation split, and of a date which part of it each character tells."""
    if train.dataset == "dates":
        found = dates.dates("validation")
        date = found[_within(index, len(found))]
        return date.source, date.parts
    sources = open_pairs(train.dataset, ReadOptions.of(train)).splits["validation"].sources
    return sources[_within(index, len(sources))], None


def _within(index: int, count: int) -> int:
    if index >= count:
        raise UsageError(f"--index must be less than {count}, the texts of the validation split, got {index}")
    return index


def expected(parts: tuple[str, ...], time: int) -> np.ndarray | None:
    """Return which characters of a date tell each one of its ISO form, bool [time, memory]; None for another form."""
    wanted = dates.TARGET_PARTS + ("",) * (time - len(dates.TARGET_PARTS))
    if time != len(dates.TARGET_PARTS) + 1:
        return None
    return np.array([[bool(one) and one == other for other in parts] for one in wanted])
