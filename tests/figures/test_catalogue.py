"""A figure is an options class and a file of its name."""

import json
import sys
import types

from matplotlib.figure import Figure as Drawing

from dlcli import figures
from dlcli.artifacts import Figure
from dlcli.figures.options import training


def test_an_options_class_with_a_file_of_its_name_is_a_figure(dlcli, monkeypatch, tmp_path):
    class WeightNorms(training.FigureOptions):
        """Norms of weights."""

    WeightNorms.__module__ = training.__name__

    def draw(*_):
        return Figure("weight-norms", Drawing(), {"norm": 1.5}, lambda width, colour, max_lines=None: [])

    file = types.ModuleType("dlcli.figures.weight_norms")
    file.draw = draw
    monkeypatch.setattr(training, "WeightNorms", WeightNorms, raising=False)
    monkeypatch.setitem(sys.modules, file.__name__, file)
    assert "weight-norms" in figures.catalogue()
    code, out, _ = dlcli("viz", "weight-norms", "--out", str(tmp_path / "norms.png"), "--json")
    assert code == 0
    assert json.loads(out)["norm"] == 1.5
