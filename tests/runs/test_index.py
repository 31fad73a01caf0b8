"""The index of runs saves reading them, and is never trusted."""

import json
import shutil
from pathlib import Path

import pytest

from dlcli.runs import index
from dlcli.runs.summary import summarize


@pytest.fixture
def runs(mlp_run, monkeypatch, tmp_path):
    """Three ended runs; one is a trial of a search."""
    monkeypatch.setenv("DLCLI_CACHE", str(tmp_path / "cache"))
    for name in ("runs/a", "runs/b", "studies/search/trials/0000"):
        shutil.copytree(mlp_run, name)
    return [Path("runs/a"), Path("runs/b")]


@pytest.fixture
def read(monkeypatch):
    """The folders that are summarized."""
    found = []
    monkeypatch.setattr(index, "summarize", lambda folder: found.append(folder) or summarize(folder))
    return found


def test_an_unchanged_run_is_read_once(runs, read):
    first, again = index.summaries(runs), index.summaries(runs)
    assert first == again
    assert read == runs


def test_a_changed_run_is_read_again(runs, read):
    index.summaries(runs)
    about = json.loads((runs[1] / "run.json").read_text())
    (runs[1] / "run.json").write_text(json.dumps({**about, "note": "changed"}))
    assert [each.info.note for each in index.summaries(runs)].count("changed") == 1
    assert read == [*runs, runs[1]]


def test_a_run_that_has_not_ended_is_always_read(runs, read):
    about = json.loads((runs[0] / "run.json").read_text())
    (runs[0] / "run.json").write_text(json.dumps({**about, "ended": None}))
    index.summaries(runs)
    index.summaries(runs)
    assert read == [*runs, runs[0]]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": "0", "entries": {}}', '{"entries": {"x": 1}}'])
def test_an_index_that_is_not_valid_is_rebuilt(runs, read, text):
    index.summaries(runs)
    [place] = Path("cache/runs").glob("*.json")
    place.write_text(text)
    assert [each.folder for each in index.summaries(runs)] == runs
    assert index.summaries(runs) == index.summaries(runs)
    assert read == [*runs, *runs]


def test_a_broken_run_does_not_hide_the_others(runs):
    (runs[0] / "run.json").write_text("{")
    with pytest.warns(match="skipped"):
        assert [each.folder for each in index.summaries(runs)] == runs[1:]


def test_all_lists_the_trials_of_searches_too(runs, dlcli):
    shutil.copytree(runs[0], "runs/more/c")
    named = [line.split()[0] for line in dlcli("runs", "list", "--all")[1].splitlines()[1:]]
    assert sorted(named) == ["a", "b", "runs/more/c", "studies/search/trials/0000"]
    assert len(dlcli("runs", "list")[1].splitlines()) == 3
