"""The figure of a search: history, importance of the parameters, slices."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np

from dlcli.artifacts import Figure
from dlcli.options.fields import flag
from dlcli.plot import page, terminal
from dlcli.plot.charts.search import SearchChart, Slice
from dlcli.tuning.ranges import Choices, Range
from dlcli.tuning.results import Results, Trial, states


def figure(results: Results) -> Figure | None:
    """Return the figure of a search; None if no trial has a value."""
    trials = [each for each in results.trials if each.value is not None and math.isfinite(each.value)]
    if not trials:
        return None
    best = results.best
    found = f"best {results.metric} {best.value:.4g} in trial {best.number}" if best is not None else "none complete"
    space = results.search.space
    chart = SearchChart(
        title=f"search of {space.technique} on {space.options_of_any().dataset}, {states(results)}: {found}",
        metric=f"validation {results.metric.replace('_', ' ')}",
        numbers=np.array([each.number for each in trials]),
        values=np.array([each.value for each in trials], np.float64),
        pruned=np.array([each.state != "complete" for each in trials]),
        rising=results.rising,
        importance={flag(name)[2:]: share for name, share in results.importance.items()},
        slices=[_slice(each, trials) for each in space.ranges.values()],
    )
    return Figure("search", page.search.draw(chart), {}, functools.partial(terminal.search.draw, chart))


def _slice(range_: Range, trials: Sequence[Trial]) -> Slice:
    found = [trial.values.get(range_.name) for trial in trials]
    title = flag(range_.name)[2:]
    if isinstance(range_, Choices):
        labels = [str(each) for each in range_.values]
        places = [np.nan if value is None else float(labels.index(str(value))) for value in found]
        return Slice(title, np.array(places), labels)
    numbers = np.array([np.nan if value is None else value for value in found], np.float64)
    return Slice(title, numbers, (), (range_.low, range_.high), range_.log)
