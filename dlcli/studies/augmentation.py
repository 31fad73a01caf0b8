"""Each augmentation and strength, on unchanged test images and on test images changed the same way."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dlcli import formats
from dlcli.artifacts import Figure, Table
from dlcli.data.images.augmentation import augment
from dlcli.engine.evaluate import opened
from dlcli.nn import functional
from dlcli.options.augmentations import AUGMENTATIONS, MAXIMUM
from dlcli.plot import page, terminal
from dlcli.plot.charts.intervals import Interval, IntervalsChart
from dlcli.studies.cells import Cell, Cells, Report, Request
from dlcli.studies.options import Augmentation
from dlcli.studies.statistics import estimate, paired
from dlcli.studies.sweep import by_name, difference_text
from dlcli.techniques.cnn.learner import Learner
from dlcli.techniques.opening import open_run

_NONE = "none"
Measured = Mapping[str, Sequence[Mapping[str, float]]]  # by training, per seed: test error by change of the images


def study(options: Augmentation) -> Iterator[Cell | Report]:
    """Train with each augmentation and strength, and measure the error on unchanged and on changed test images.

    The changed images are the test split under the same augmentation and strength, with one fixed random draw. The
    test split is read once per run, at its end; no choice depends on it.

    Reference: Hendrycks and Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and
    Perturbations", 2019, arXiv:1903.12261.
    """
    changes = conditions(options)
    cells = Cells("augmentation", options, (len(changes) + 1) * options.seeds)
    pairs = [(name, seed) for seed in range(options.seeds) for name in (_NONE, *changes)]
    requests = [_request(cells, name, seed, changes if name == _NONE else [name]) for name, seed in pairs]
    results = by_name(pairs, (yield from cells.run(requests)))
    found = {name: [each["test_error"] for each in some] for name, some in results.items()}
    yield Report(_table(options, changes, found), _figure(options, changes, found), cells.folder)


def _request(cells: Cells, name: str, seed: int, tested: Sequence[str]) -> Request:
    """Return the request to train with an augmentation, and to test on images changed in each of these ways."""
    changes = {"augment": "" if name == _NONE else name, "seed": seed}
    measure = functools.partial(_measure, cells, changes, tested)
    return Request(f"{name.replace(':', '-')}-seed{seed}", measure)


def conditions(options: Augmentation) -> list[str]:
    """Return each augmentation with multiples of its default strength, up to its bound, as `--augment` takes it."""
    found = []
    for name in options.change:
        strengths = [factor * AUGMENTATIONS[name] for factor in range(1, options.strengths + 1)]
        found += [f"{name}:{each:g}" for each in dict.fromkeys(min(s, MAXIMUM.get(name, s)) for s in strengths)]
    return found


def _measure(cells: Cells, changes: Mapping[str, Any], tested: Sequence[str], folder: Path) -> dict[str, Any]:
    """Train a run, and return its measurements with the test errors by change of the images."""
    found = cells.train(changes, folder)
    if "diverged" in found:
        return {**found, "test_error": dict.fromkeys([_NONE, *tested], 1.0)}
    run = open_run(folder, use="last")
    data = opened(run, None, lambda: Learner.read(run.options, run.facts))
    batches = [{name: jnp.asarray(each) for name, each in batch.items()} for batch in data.test]
    return {**found, "test_error": {name: _error(run.learner, batches, name) for name in (_NONE, *tested)}}


def _error(learner: Learner, batches: Sequence[Mapping[str, jax.Array]], change: str) -> float:
    """Return the error on changed images."""
    strengths = {} if change == _NONE else {change.split(":")[0]: float(change.split(":")[1])}

    def wrong(live: Learner, key: jax.Array, batch: Mapping[str, jax.Array]) -> jax.Array:
        pixels, _ = augment(key, batch["image"].astype(jnp.float32) / 255, batch["mask"][:, None], strengths)
        predicted = live.network(live.normalize(pixels)).argmax(axis=-1)
        return (batch["mask"] * (predicted != batch["label"])).sum()

    count = functional.jit(wrong, learner)
    total = sum(float(count(jax.random.key(number), batch)) for number, batch in enumerate(batches))
    return total / float(sum(batch["mask"].sum() for batch in batches))


def _table(options: Augmentation, changes: Sequence[str], found: Measured) -> Table:
    rows, numbers = [], {}
    plain = [each[_NONE] for each in found[_NONE]]
    rows.append((_NONE, formats.percent(estimate(plain).mean), "", "", "", ""))
    for name in changes:
        clean, own = [each[_NONE] for each in found[name]], [each[name] for each in found[name]]
        before = [each[name] for each in found[_NONE]]
        clean_gain, own_gain = paired(clean, plain), paired(own, before)
        cells = [estimate(each).mean for each in (clean, before, own)]
        rows.append(
            (
                name,
                formats.percent(cells[0]),
                difference_text(clean_gain),
                formats.percent(cells[1]),
                formats.percent(cells[2]),
                difference_text(own_gain),
            )
        )
        numbers[name] = {
            "clean": vars(estimate(clean)),
            "clean_difference": vars(clean_gain),
            "changed_without": vars(estimate(before)),
            "changed_with": vars(estimate(own)),
            "changed_difference": vars(own_gain),
        }
    title = f"test error after training on {_examples(options)}, {options.seeds} seeds, {options.steps} steps each"
    columns = [
        "augmentation",
        "unchanged images",
        "difference to none (paired)",
        "changed, trained without",
        "changed, trained with",
        "difference (paired)",
    ]
    about = {"study": "augmentation", "seeds": options.seeds, "steps": options.steps}
    return Table(title, columns, rows, {**about, "none": vars(estimate(plain)), "augmentations": numbers})


def _figure(options: Augmentation, changes: Sequence[str], found: Measured) -> Figure:
    rows = []
    for name in changes:
        for images, key in (("unchanged", _NONE), ("changed", name)):
            points = 100 * np.subtract([each[key] for each in found[name]], [each[key] for each in found[_NONE]])
            mean = estimate(points.tolist())
            rows.append(Interval(f"{name}, {images}", points, mean.mean, mean.low, mean.high))
    title = f"effect of augmentation on the test error, {_examples(options)}; changed: test images changed the same way"
    xlabel = f"difference to training without, in percentage points: {options.seeds} seeds, mean and 95 % CI"
    chart = IntervalsChart(title, rows, xlabel)
    return Figure("augmentation", page.intervals.draw(chart), {}, functools.partial(terminal.intervals.draw, chart))


def _examples(options: Augmentation) -> str:
    count = options.train_examples
    return f"{count:,} examples of {options.dataset}" if count else f"all examples of {options.dataset}"
