"""The attention weights of a transformer."""

from __future__ import annotations

import dataclasses
import functools
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
from dlcli.errors import UsageError
from dlcli.figures import language
from dlcli.figures.json_values import to_json
from dlcli.figures.options.text import Attention
from dlcli.nn import functional
from dlcli.notices import warn
from dlcli.plot import page, terminal
from dlcli.plot.charts.attention import AttentionChart
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.transformer import fill_mask
from dlcli.techniques.transformer.options import MASK, Train, task_of
from dlcli.techniques.transformer.translation import translator
from dlcli.text_models.trained import TrainedTextModel

Charted = tuple[AttentionChart, Truncation | None]


def draw(options: Attention, run: TrainedRun) -> Figure:
    """Show the attention weights of each layer and head over the tokens of a text."""
    chart, truncated = charted(options, run)
    if truncated and options.text:
        warn(truncated.note(options.text))
    note = f"{chart.note}; {Path(options.run).name}"
    numbers = {
        "run": options.run,
        "queries": list(chart.queries),
        "keys": list(chart.keys),
        "axes": ["layer", "head", "query", "key"],
        "rollout": options.rollout,
        "weights": to_json(chart.weights),
        **({"truncated": truncated.numbers()} if truncated else {}),
    }
    if chart.alignment is not None:
        aligned = chart.alignment.any(axis=1)
        mass = float((chart.mean * chart.alignment).sum(axis=1)[aligned].mean())
        uniform = float(chart.alignment.mean(axis=1)[aligned].mean())
        note += "; framed: the source characters of each digit, attention mass "
        note += f"{formats.percent(mass, 0)} (uniform {formats.percent(uniform, 0)})"
        numbers |= {"alignment": chart.alignment.tolist(), "attention_mass": mass, "uniform_attention_mass": uniform}
    chart = dataclasses.replace(chart, note=note)
    drawing = page.attention.draw(chart)
    return Figure("attention", drawing, numbers, functools.partial(terminal.attention.draw, chart))


def charted(options: Attention, run: TrainedRun) -> Charted:
    """Return the chart, and how the text was truncated."""
    chart, truncated = _CHARTS[run.learner.shape](TrainedTextModel.of(run, run.options.context), options, run)
    return _selected(chart, options), truncated


def rollout(weights: np.ndarray) -> np.ndarray:
    """Return how much of each input token reaches each position of the last layer, float [query, key].

    Each layer passes on half of a position itself (the residual connection) and half of the mean over its heads.

    Args:
        weights: self-attention, float [layer, head, query, key].

    Reference: Abnar and Zuidema, "Quantifying Attention Flow in Transformers", 2020, arXiv:2005.00928, section 3.
    """
    mixed = (weights.mean(axis=1) + np.eye(weights.shape[-1])) / 2
    return functools.reduce(lambda below, layer: layer @ below, mixed)


def pooled(chart: AttentionChart) -> AttentionChart:
    """Return the attention to each token, averaged over the positions, whose mean the classifier reads.

    A row per layer, and one for the rollout of all layers; a panel per head.
    """
    layers, heads = chart.weights.shape[:2]
    received = chart.weights.mean(axis=2)  # [layer, head, key]
    through = rollout(chart.weights.astype(np.float64)).mean(axis=0)
    rows = np.concatenate([received, np.broadcast_to(through, (1, *received.shape[1:]))])  # [row, head, key]
    return dataclasses.replace(
        chart,
        title=chart.title.replace("self-attention", "attention to each token, mean over all positions,", 1),
        note="rows: layers, and the rollout of all layers; columns: tokens; large: mean over heads",
        weights=rows.transpose(1, 0, 2)[None],
        queries=[*(f"layer {number + 1}" for number in range(layers)), "rollout"],
        names=(["by head"], [f"head {number + 1}" for number in range(heads)]),
    )


def _selected(chart: AttentionChart, options: Attention) -> AttentionChart:
    """Keep the layer and the head of the options, or replace all by their rollout."""
    layers, heads = chart.weights.shape[:2]
    if options.pooled:
        return pooled(chart)
    if options.rollout:
        title = chart.title.replace("self-attention", "attention rollout", 1)
        note = "rows: positions of the last layer, columns: input tokens"
        weights = rollout(chart.weights.astype(np.float64))[None, None]
        return dataclasses.replace(chart, title=title, note=note, weights=weights, names=(["rollout"], ["all heads"]))
    for name, given, count in (("--layer", options.layer, layers), ("--head", options.head, heads)):
        if given is not None and given > count:
            raise UsageError(f"{name} must be at most {count}, got {given}")
    rows = slice(None) if options.layer is None else slice(options.layer - 1, options.layer)
    columns = slice(None) if options.head is None else slice(options.head - 1, options.head)
    names = chart.row_names()[rows], chart.column_names()[columns]
    note = chart.note
    if options.layer and options.head:
        note = note.replace("; large: mean over layers and heads", f"; {names[0][0]}, {names[1][0]}")
    elif options.layer:
        note = note.replace("mean over layers and heads", f"mean over the heads of {names[0][0]}")
    elif options.head:
        note = note.replace("mean over layers and heads", f"mean over the layers of {names[1][0]}")
    return dataclasses.replace(chart, weights=chart.weights[rows, columns], note=note, names=names)


def _self_attention(trained: TrainedTextModel, options: Attention, run: TrainedRun) -> Charted:
    """Return the self-attention of a decoder or an encoder over a text."""
    given = options.text or _document(options.index, run.options)
    masked = trained.learner.task == "mask" and given.count(MASK) == 1
    tokens = found = fill_mask.encode(trained, given)[0] if masked else trained.encode_nonempty(given)
    if trained.learner.shape == "decoder":
        tokens = np.concatenate([[trained.tokenizer.special.first], tokens]).astype(np.int32)
    else:
        tokens = trained.framed(tokens, len(tokens) + 16)
    lacking = max(0, len(tokens) - min(trained.context, options.tokens))
    tokens = tokens[: len(tokens) - lacking]
    truncated = Truncation(len(found), len(found) - lacking) if lacking else None
    count, position = len(tokens), np.array([[0]])
    length = np.array([count])
    rest = {"decoder": (), "classify": (length,), "mask": (length, position)}[trained.learner.task]
    # Neither a decoder, which is causal, nor an encoder, which gets the length, attends to the padding.
    weights = np.stack(_recorded(trained, _forward, language.padded(tokens, run)[None], *rest))[..., :count, :count]
    names = trained.tokenizer.pieces(tokens)
    note = "rows: queries, columns: keys; large: mean over layers and heads"
    read = f"first {truncated.read} of {truncated.tokens:,}" if truncated else f"{count}"
    title = f"self-attention of the {trained.learner.shape}, {read} tokens"
    return AttentionChart(title, note, weights, names, names), truncated


def _cross_attention(trained: TrainedTextModel, options: Attention, run: TrainedRun) -> Charted:
    """Return the cross-attention of the decoder over a source, while it generates the target."""
    source, parts = (options.text, None) if options.text else _source(options.index, run.options)
    facts, network = trained.learner.facts, trained.learner.network
    whole = trained.encode_nonempty(source)
    special = trained.tokenizer.special
    read = trained.framed(whole, facts.max_source_length)
    kept = len(read) - len(special.prefix) - len(special.suffix)
    truncated = Truncation(len(whole), kept) if kept < len(whole) else None
    rows = np.pad(read, (0, facts.max_source_length - len(read)))[None]
    length = np.array([len(read)], np.int32)
    translate = run.once(("translate", 1), lambda: translator(network, facts.max_target_length, 1, 0.0))
    found = np.asarray(translate(rows, length).tokens)[0, 0]
    ended = special.end in found
    written = found[: int(np.argmax(found == special.end)) + 1] if ended else found[found != special.padding]
    tokens = np.zeros([1, facts.max_target_length], np.int32)
    tokens[0, : len(written)] = np.concatenate([[special.start], written[:-1]])
    weights = np.stack(_recorded(trained, _translation, tokens, rows, length)[1::2])[..., : len(written), : len(read)]
    queries = trained.tokenizer.pieces(written)
    known = date_alignment(parts, len(queries)) if parts and trained.tokenizer.kind == "characters" else None
    title = f"cross-attention: {source} → {trained.tokenizer.decode(written)}"
    note = "rows: generated tokens (queries), columns: source tokens (keys); large: mean over layers and heads"
    return AttentionChart(title, note, weights, queries, trained.tokenizer.pieces(read), known), truncated


_CHARTS: dict[str, Callable[[TrainedTextModel, Attention, TrainedRun], Charted]] = {
    "decoder": _self_attention,
    "encoder": _self_attention,
    "encoder-decoder": _cross_attention,
}


def _forward(network: Any, record: list[jax.Array], *inputs: jax.Array) -> None:
    network(*inputs, record)


def _translation(
    network: Any, record: list[jax.Array], target: jax.Array, source: jax.Array, length: jax.Array
) -> None:
    network(target, network.encode(source, length), record)


def _recorded(trained: TrainedTextModel, call: Callable[..., None], *inputs: np.ndarray) -> list[np.ndarray]:
    """Return the attention weights of a forward pass, float32 [head, query, key] of each layer.

    A layer with two attentions has two entries: self-attention, then cross-attention.

    Args:
        trained: the network.
        call: runs the network on one sequence, with a list that records the weights.
        inputs: arguments of `call`.
    """

    def recorded(network: Any, *inputs: jax.Array) -> list[jax.Array]:
        record: list[jax.Array] = []
        call(network, record, *inputs)
        return record

    compiled = trained.once(("attention", call), lambda: functional.jit(recorded, trained.learner.network))
    return [np.asarray(each[0]) for each in compiled(*inputs)]


def _document(index: int, train: Train) -> str:
    """Return a text of the validation split."""
    options = ReadOptions.of(train, labels=task_of(train) == "classify")
    texts = open_texts(train.dataset, options).splits["validation"].texts
    return texts[_within(index, len(texts))]


def _source(index: int, train: Train) -> tuple[str, tuple[str, ...] | None]:
    """Return a source of the validation split and, for a date, the part of the date that each character belongs to."""
    if train.dataset == "dates":
        found = dates.dates("validation")
        date = found[_within(index, len(found))]
        return date.source, date.parts
    sources = open_pairs(train.dataset, ReadOptions.of(train)).splits["validation"].sources
    return sources[_within(index, len(sources))], None


def _within(index: int, count: int) -> int:
    if index >= count:
        raise UsageError(f"--index must be less than {count}, the number of texts in the validation split, got {index}")
    return index


def date_alignment(parts: tuple[str, ...], time: int) -> np.ndarray | None:
    """Return which source characters of a date determine each character of its ISO form, bool [time, source].

    Args:
        parts: part of the date (year, month, day) of each source character, or "".
        time: number of generated tokens; None is returned unless they have the length of an ISO date.
    """
    wanted = dates.TARGET_PARTS + ("",) * (time - len(dates.TARGET_PARTS))
    if time != len(dates.TARGET_PARTS) + 1:
        return None
    return np.array([[bool(one) and one == other for other in parts] for one in wanted])
