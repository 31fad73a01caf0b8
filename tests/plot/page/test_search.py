"""The chart of a search."""

import numpy as np
import pytest
from matplotlib.text import Text

from dlcli.plot import page, terminal
from dlcli.plot.charts.search import SearchChart, Slice


def chart(**changes):
    values = np.array([0.5, 0.2, 0.9, 0.3])
    slices = [
        Slice("learning-rate", np.array([1e-3, 1e-2, 1e-1, np.nan]), (), (1e-4, 1.0), log=True),
        Slice("optimizer", np.array([0.0, 1.0, 1.0, 0.0]), ("sgd", "adam")),
    ]
    given = {
        "title": "search of cnn",
        "metric": "validation loss",
        "numbers": np.arange(4),
        "values": values,
        "pruned": np.array([False, False, True, False]),
        "rising": False,
        "importance": {"learning-rate": 0.75, "optimizer": 0.25},
        "slices": slices,
    }
    return SearchChart(**{**given, **changes})


def test_the_best_so_far_leaves_out_pruned_trials():
    assert chart().best_so_far.tolist() == [0.5, 0.2, 0.2, 0.2]
    assert chart(rising=True).best_so_far.tolist() == [0.5, 0.5, 0.5, 0.5]
    assert (chart().best, chart(rising=True).best) == (1, 0)


def test_a_search_without_complete_trials_has_no_best_one():
    none = chart(pruned=np.ones(4, bool))
    assert none.best is None
    page.search.draw(none).draw_without_rendering()
    assert terminal.search.draw(none, 80, False)


def test_a_page_has_history_importance_and_slices():
    figure = page.search.draw(chart())
    figure.draw_without_rendering()
    texts = {text.get_text() for text in figure.findobj(Text)}
    assert {"trial", "validation loss", "learning-rate", "optimizer", "sgd", "adam", "best so far", "pruned"} <= texts


def test_the_terminal_has_the_shares_in_percent():
    lines = terminal.search.draw(chart(), 60, False)
    assert max(map(len, lines)) <= 60
    assert any(line.startswith("learning-rate") and line.endswith("75") for line in lines)


def test_a_chart_without_trials_is_rejected():
    with pytest.raises(ValueError, match="at least one trial"):
        chart(numbers=np.array([]), values=np.array([]), pruned=np.array([], bool))
