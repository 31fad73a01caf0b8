"""The error against the width of the network."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from dlcli.artifacts import Figure
from dlcli.plot import page, terminal
from dlcli.plot.charts.lines import Line, LinesChart, Panel
from dlcli.studies import sweep
from dlcli.studies.cells import Cell, Cells, Report
from dlcli.studies.options import Capacity
from dlcli.studies.statistics import estimate

_REFERENCE = 16  # channels of the network of other studies


def study(options: Capacity) -> Iterator[Cell | Report]:
    """Train networks of several widths on few examples, all for the same number of steps.

    With wrong labels, the error may rise up to the width at which the network just fits all of them, and fall again
    beyond: the second descent. It takes many steps to see, since the networks must fit the wrong labels.

    References: Belkin et al., "Reconciling Modern Machine-Learning Practice and the Bias-Variance Trade-Off", 2019,
    arXiv:1812.11118; Nakkiran et al., "Deep Double Descent", 2019, arXiv:1912.02292, figure 4.
    """
    widths = [2**exponent for exponent in range(options.widths)]
    noises = (0.0, options.label_noise) if options.label_noise else (0.0,)
    conditions = {
        _name(width, noise): {"channels": width, "hidden": 4 * width} | ({"label_noise": noise} if noise else {})
        for noise in noises
        for width in widths
    }
    cells = Cells("capacity", options, len(conditions) * options.seeds)
    found = yield from sweep.run(cells, options, conditions)
    reference = _name(_REFERENCE if _REFERENCE in widths else widths[-1], 0.0)
    examples = f"{options.train_examples:,} examples" if options.train_examples else "all examples"
    title = f"test error against width, {examples} of {options.dataset}, {options.steps} steps each"
    about = {"study": "capacity", "seeds": options.seeds, "steps": options.steps, "widths": widths}
    table = sweep.table(title, "width", found, reference, {**about, "label_noise": options.label_noise}, {})
    yield Report(table, _figure(title, widths, noises, found, options.seeds), cells.folder)


def _name(width: int, noise: float) -> str:
    return f"{width} channels" + (f", {100 * noise:g} % wrong labels" if noise else "")


def _figure(title: str, widths: Sequence[int], noises: Sequence[float], found: sweep.Results, seeds: int) -> Figure:
    """Return the test error and the training error against the width, one line per fraction of wrong labels."""
    tested, trained = [], []
    for noise in noises:
        label = f"{100 * noise:g} % wrong labels" if noise else "all labels correct"
        results = [found[_name(width, noise)] for width in widths]
        tested.append(_line(label, widths, [sweep.errors(each) for each in results]))
        trained.append(_line(label, widths, [_train_errors(each) for each in results]))
    panels = [Panel(tested, "test error (%)"), Panel(trained, "training error (%)")]
    chart = LinesChart(title, panels, f"channels of the first stage; {seeds} seeds, mean and 95 % CI", log_x=True)
    return Figure("capacity", page.lines.draw(chart), {}, functools.partial(terminal.lines.draw, chart))


def _line(label: str, widths: Sequence[int], rates: Sequence[Sequence[float]]) -> Line:
    found = [estimate([100 * each for each in some]) for some in rates]
    band = np.clip([[each.low for each in found], [each.high for each in found]], 0, 100)
    return Line(label, np.array(widths), np.array([each.mean for each in found]), band=band)


def _train_errors(results: Sequence[Any]) -> list[float]:
    """Return the last training error of each seed, 1 for a run that diverged."""
    return [1 - each["train"].get("accuracy", 0.0) if "train" in each else 1.0 for each in results]
