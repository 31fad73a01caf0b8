import dataclasses
import sys
from types import SimpleNamespace

import pytest

import dlcli
from dlcli import notebook
from dlcli.artifacts import Table
from dlcli.engine import Ended, Reported, Started, Validated


def test_a_run_shows_its_technique_and_its_best_validation(cnn_run):
    html = dlcli.load(cnn_run)._repr_html_()
    assert '<th scope="row">technique</th><td>cnn</td>' in html
    assert "at step" in html


def test_a_figure_shows_itself_as_a_picture(cnn_run):
    assert dlcli.draw("filters", run=cnn_run)._repr_png_().startswith(b"\x89PNG")


def test_an_evaluation_is_a_dictionary_that_shows_its_tables():
    below = Table("per class", ["class", "recall"], [("<b>", 0.5)])
    found = notebook.Measured(Table("a run", ["metric", "value"], [("loss", 0.25)], {"loss": 0.25}, [below]))
    assert found == {"loss": 0.25}
    html = found._repr_html_()
    assert html.index("a run") < html.index("per class")
    assert "&lt;b&gt;" in html


def _started(folder):
    """A run of ten steps; fields that the progress does not show are empty."""
    unused = {field.name: None for field in dataclasses.fields(Started)}
    return Started(**{**unused, "folder": folder, "step": 0, "steps": 10})


@pytest.fixture
def kernel(monkeypatch):
    """A notebook whose displayed values are collected."""
    shown = []
    handle = SimpleNamespace(update=shown.append)
    module = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=1))
    monkeypatch.setitem(sys.modules, "IPython", module)
    display = SimpleNamespace(display=lambda value, display_id: shown.append(value) or handle)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return shown


def test_progress_in_a_notebook_is_one_value_that_changes(kernel, tmp_path):
    progress = notebook.NotebookProgress()
    progress(_started(tmp_path))
    progress(Reported(5, {"loss": 0.5}, 1.0))
    progress(Validated(5, {"accuracy": 0.75}, True))
    progress(Ended(tmp_path, "steps", 10, 5, {}, {}, 1.0))
    assert len(kernel) == 4
    last = kernel[-1]._repr_html_()
    assert '<progress value="5" max="10">' in last
    assert "step 5  validation  accuracy 0.75  best" in last


def test_a_kernel_is_recognized(kernel):
    assert notebook.in_notebook()


def test_a_terminal_is_no_notebook(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    assert not notebook.in_notebook()
