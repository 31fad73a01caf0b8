"""`dlcli runs`: list, show, compare, rename and remove."""

import datetime
import fcntl
import io
import json
import os
import shutil
import sys
import time
from pathlib import Path

import pytest
from rich.cells import cell_len

from dlcli import formats
from dlcli.cli import console, runs_table
from dlcli.cli import runs as commands
from dlcli.runs.folder import RunFolder
from dlcli.runs.info import FORMAT, RunInfo
from dlcli.runs.summary import Summary

TAIL = (
    '{"step": 40, "split": "validation", "best": true, "seconds": 12.5, "metrics": {"accuracy": 0.5, "loss": 1.25}}\n'
)


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """An empty folder of runs."""
    monkeypatch.setenv("DLCLI_RUNS", str(tmp_path / "runs"))
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs"


def make(runs, name, *, steps=(40,), metrics=TAIL, options=None, **about):
    folder = runs / name
    for step in steps:
        (folder / "checkpoints" / f"{step:08d}").mkdir(parents=True)
        (folder / "checkpoints" / f"{step:08d}" / "manifest.json").write_text("{}")
    folder.mkdir(exist_ok=True)
    (folder / "metrics.jsonl").write_text(metrics)
    info = {"format": FORMAT, "technique": "cnn", "created": "2026-11-22T14:15:03+0000"}
    (folder / "run.json").write_text(json.dumps({**info, "data": {"dataset": "digits"}, **about}))
    (folder / "options.json").write_text(json.dumps(options or {"steps": 100}))
    return folder


def listed(dlcli):
    return json.loads(dlcli("runs", "list", "--json")[1])["runs"]


# What is listed


@pytest.mark.parametrize(
    ("ended", "steps", "state"),
    [
        ({"reason": "steps", "step": 40, "best": {"loss": 1}, "seconds": 3}, (40,), "finished"),
        ({"reason": "trained", "best": {}}, (), "finished"),
        ({"reason": "patience"}, (40,), "stopped early"),
        ({"reason": "time"}, (40,), "time limit"),
        ({"reason": "SIGINT"}, (40,), "interrupted"),
        ({"reason": "SIGTERM"}, (40,), "terminated"),
        ({"reason": "diverged", "step": 41}, (0,), "diverged"),
        ({"reason": "\x1b[2J"}, (40,), "ended"),
        (None, (40,), "killed"),
        (None, (), "no checkpoint"),
    ],
)
def test_the_state_of_a_run_is_the_reason_of_its_end(dlcli, runs, ended, steps, state):
    make(runs, "one", ended=ended, steps=steps)
    assert [run["state"] for run in listed(dlcli)] == [state]


def test_a_run_is_running_while_a_process_has_its_lock(dlcli, runs):
    folder = make(runs, "one", ended={"reason": "SIGINT", "step": 10})
    handle = os.open(folder, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    assert [(run["state"], run["step"]) for run in listed(dlcli)] == [("running", 40)]
    os.close(handle)
    assert [(run["state"], run["step"]) for run in listed(dlcli)] == [("interrupted", 10)]


def test_an_unfinished_run_is_described_by_its_last_metrics(dlcli, runs):
    make(runs, "one", steps=(20,))
    [run] = listed(dlcli)
    assert (run["step"], run["seconds"], run["best"]) == (40, 12.5, {"accuracy": 0.5, "loss": 1.25})


@pytest.mark.parametrize(
    "about",
    [
        {"data": {"dataset": 5}},
        {"data": []},
        {"data": None},
        {"ended": {"reason": "steps", "best": [1]}},
        {"ended": {"reason": "steps", "best": {"loss": "low"}}},
        {"ended": 5},
        {"sessions": [5]},
        {"parameters": "many"},
        {"created": 5},
        {"note": ["a"]},
        {"technique": "../x"},
    ],
)
def test_a_run_json_that_makes_no_sense_is_left_out_with_a_note(dlcli, runs, about):
    make(runs, "good")
    make(runs, "odd", **about)
    code, out, err = dlcli("runs", "list")
    assert code == 0
    assert "good" in out
    assert "odd" not in out
    assert "note: skipped:" in err
    assert "odd/run.json" in err


@pytest.mark.parametrize("ended", [{"reason": "steps", "best": {"loss": None}}, {"reason": "steps"}, {}])
def test_a_metric_without_a_value_is_no_reason_to_leave_a_run_out(dlcli, runs, ended):
    make(runs, "one", ended=ended)
    assert dlcli("runs", "list")[0] == dlcli("runs", "show", "one")[0] == 0
    assert len(listed(dlcli)) == 1


def replace_by(kind, path):
    path.unlink()
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "device":
            path.symlink_to("/dev/zero")
        case "folder":
            path.mkdir()
        case "sparse":
            path.touch()
            os.truncate(path, 10**12)
        case "nesting":
            path.write_text('{"a": ' * 100_000)
        case "latin-1":
            path.write_bytes(b'{"a": "\xe9"}')
        case "list":
            path.write_text("[1]")


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "sparse", "nesting", "latin-1", "list"])
@pytest.mark.parametrize("name", ["run.json", "options.json"])
def test_a_run_with_an_unreadable_file_does_not_hide_the_others(dlcli, runs, name, kind):
    make(runs, "good")
    replace_by(kind, make(runs, "odd") / name)
    code, out, err = dlcli("runs", "list")
    assert (code, "good" in out, "odd" in out, "skipped" in err) == (0, True, False, True)
    for command in (["show", "odd"], ["compare", "good", "odd"]):
        code, _, err = dlcli("runs", *command)
        assert code == 4
        assert name in err


@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_metrics_that_are_no_file_are_an_error_of_that_run_alone(dlcli, runs, kind):
    make(runs, "good")
    replace_by(kind, make(runs, "odd") / "metrics.jsonl")
    code, out, err = dlcli("runs", "list")
    assert (code, "good" in out, "odd" in out) == (0, True, False)
    assert "metrics.jsonl" in err
    code, _, err = dlcli("viz", "learning-curves", "--run", "odd")
    assert code == 4
    assert "metrics.jsonl" in err


def test_metrics_of_any_size_are_listed_by_their_end(dlcli, runs):
    folder = make(runs, "one", metrics="")
    os.truncate(folder / "metrics.jsonl", 10**12)
    with (folder / "metrics.jsonl").open("a") as file:
        file.write(f"\n{TAIL}")
    start = time.perf_counter()
    assert listed(dlcli)[0]["best"] == {"accuracy": 0.5, "loss": 1.25}
    assert time.perf_counter() - start < 5
    code, _, err = dlcli("viz", "learning-curves", "--run", "one")
    assert code == 4
    assert "at most 4 GiB, found 931 GiB" in err


# How the list looks


def summary(name, technique="cnn", **more):
    today = datetime.datetime.now().astimezone().isoformat()
    about = {"technique": technique, "created": today, "data": {"dataset": more.pop("dataset", "digits")}}
    fields = {"state": "stopped early", "step": 1000, "seconds": 12_345.0, "best": {"accuracy": 0.98765}, **more}
    return Summary(folder=Path(name), technique=technique, info=RunInfo(**about, note=fields.pop("note", "")), **fields)


USUAL = [
    summary("cnn-digits-20261122-141503"),
    summary("transformer-dates-20261122-141503-2", "transformer", dataset="dates"),
    summary("word2vec-fil9-20261122-141503", "word2vec", dataset="/data/text/fil9.txt", best={"loss": 3.25}),
]


def test_default_names_of_runs_fit_80_columns():
    lines = runs_table.lines(USUAL, 80)
    assert max(map(cell_len, lines)) <= 80
    for run, line in zip(USUAL, lines[1:], strict=True):
        assert line.startswith(run.folder.name)
        assert run.state in line
        assert "accuracy 0.9877" in line or "loss 3.25" in line


@pytest.mark.parametrize("width", [10, 40, 60, 80, 100, 120, 200])
def test_the_table_of_runs_fits_the_terminal_without_cutting_names(width):
    long = summary("a" * 30, note="tried a much longer note than there will ever be room for in a row " * 3)
    lines = runs_table.lines([*USUAL, long], width)
    assert [line.split("  ")[0] for line in lines[1:]] == [run.folder.name for run in [*USUAL, long]]
    assert max(map(cell_len, lines)) <= max(width, 35 + 2 + 13)
    assert all("stopped early" in line for line in lines[1:])


def test_metric_names_are_cut_before_a_column_is_dropped():
    runs = [summary("first try", "tokenizer", dataset="words.txt", best={"characters_per_token": 1.775})]
    [header, line] = runs_table.lines(runs, 75)
    assert header.split() == ["name", "technique", "data", "when", "took", "state", "best"]
    assert line.endswith("charact… 1.775")


def test_an_unbounded_table_has_every_column():
    [header, *lines] = runs_table.lines(USUAL, None)
    assert header.split() == ["name", "technique", "data", "when", "took", "state", "best"]
    assert "3 h 25 min" in lines[0]
    assert "fil9.txt" in lines[2]


def test_columns_line_up_though_a_name_has_wide_characters():
    lines = runs_table.lines([summary("漢字"), summary("plain")], None)
    assert len({cell_len(line[: line.index("cnn")]) for line in lines[1:]}) == 1


def test_a_name_cannot_steer_the_terminal(dlcli, runs):
    make(runs, "evil\x1b[2J\nname")
    out = dlcli("runs", "list")[1]
    assert "\x1b" not in out
    assert out.count("\n") == 2
    assert "evil\\x1b[2J\\nname" in out


@pytest.mark.parametrize(
    ("seconds", "long", "short"),
    [
        (None, "–", "–"),
        (float("nan"), "–", "–"),
        (0.04, "0.0 s", "0 s"),
        (59.6, "1 min", "1 min"),
        (200, "3 min 20 s", "3 min"),
        (3600, "1 h", "1 h"),
        (90_000, "1 d 1 h", "1 d"),
        (1e300, "11574074 d 1 h", "11574074 d"),
    ],
)
def test_durations_have_their_largest_units(seconds, long, short):
    assert (formats.duration(seconds), formats.duration(seconds, units=1)) == (long, short)


def test_without_runs_the_command_for_one_is_printed(dlcli, runs):
    code, out, err = dlcli("runs", "list")
    assert (code, out) == (0, "")
    assert "dlcli train cnn" in err


# What is shown


def test_a_run_is_shown_as_text_without_json(dlcli, runs):
    options = {
        "steps": 100,
        "memory_limit": 2**31,
        "max_time": 200.0,
        "epochs": None,
        "stages": [1, 2],
        "tie_embeddings": True,
    }
    make(
        runs,
        "one",
        options=options,
        parameters=12345,
        command=["dlcli", "train", "cnn", "--out", "my run"],
        sessions=[{"from_step": 20}],
        data={"dataset": "digits", "sizes": {"train": 1258}},
        ended={"reason": "steps", "step": 40, "best_step": 20, "best": {"loss": 0.25}, "seconds": 200.0},
        note="a first one",
    )
    out = dlcli("runs", "show", "one")[1]
    rows = dict(line.split(maxsplit=1) for line in out.splitlines() if len(line.split(maxsplit=1)) == 2)
    rows = {name: value.strip() for name, value in rows.items()}
    assert rows["--memory-limit"] == "2 GiB"
    assert rows["--max-time"] == rows["took"] == "3 min 20 s"
    assert rows["--stages"] == "1, 2"
    assert rows["--tie-embeddings"] == "yes"
    assert rows["best"] == "loss 0.25 at step 20"
    assert rows["command"] == "dlcli train cnn --out 'my run'"
    assert rows["resumed"] == "from step 20"
    assert rows["note"] == "a first one"
    assert rows["parameters"] == "12,345"
    assert not any(sign in out for sign in ("null", "[", "{", "None"))


# Which run is the latest


def test_a_run_without_a_checkpoint_hides_no_good_one(dlcli, runs):
    good, bad = make(runs, "good"), make(runs, "bad", steps=())
    os.utime(good / "options.json", (1, 1))
    _, out, err = dlcli("runs", "show", "cnn", "--json")
    assert json.loads(out)["run"] == str(good)
    assert f"{bad} has no checkpoint; using {good}, the latest run that has one" in err
    assert [run["run"] for run in listed(dlcli)] == ["good", "bad"]
    shutil.rmtree(good)
    assert json.loads(dlcli("runs", "show", "cnn", "--json")[1])["run"] == str(bad)


# Renaming, notes


def test_a_renamed_run_keeps_its_files(dlcli, runs):
    folder = make(runs, "one")
    before = sorted(path.relative_to(folder) for path in folder.rglob("*"))
    assert dlcli("runs", "rename", "one", "better name")[0] == 0
    assert sorted(path.relative_to(runs / "better name") for path in (runs / "better name").rglob("*")) == before
    assert not folder.exists()


@pytest.mark.parametrize("name", ["two", "a/b", "..", ".x", "", "cnn", "empty"])
def test_a_name_that_is_taken_or_none_is_refused(dlcli, runs, name):
    for each in ("one", "two"):
        make(runs, each)
    (runs / "empty").mkdir()
    code, _, err = dlcli("runs", "rename", "one", name)
    assert (code, (runs / "one" / "run.json").exists()) == (2, True)
    assert "error:" in err


def test_a_note_can_be_removed(dlcli, runs):
    make(runs, "one")
    dlcli("runs", "note", "one", "too small")
    assert "too small" in dlcli("runs", "list")[1]
    assert listed(dlcli)[0]["note"] == "too small"
    dlcli("runs", "note", "one", "")
    assert "note" not in dlcli("runs", "list")[1]
    assert RunFolder(runs / "one").raw("run.json")["technique"] == "cnn"


# Removal


def test_only_the_folders_of_runs_are_removed(dlcli, runs, tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("x")
    (make(runs, "one") / "link").symlink_to(tmp_path / "precious")
    make(runs, "two")
    make(runs, "three")
    code, out, _ = dlcli("runs", "remove", "one", str(runs / "two"), "--yes", "--json")
    assert (code, json.loads(out)) == (0, {"removed": [str(runs / "one"), str(runs / "two")]})
    assert [path.name for path in runs.iterdir()] == ["three"]
    assert (tmp_path / "precious" / "file").exists()


def test_without_a_terminal_removal_needs_yes(dlcli, runs, monkeypatch):
    make(runs, "it's one")
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    code, _, err = dlcli("runs", "remove", "it's one")
    assert (code, (runs / "it's one").exists()) == (2, True)
    assert "dlcli runs remove --yes -- " in err


@pytest.mark.parametrize(("answer", "removed"), [("y", True), ("YES", True), ("", False), ("n", False), ("x", False)])
def test_on_a_terminal_the_user_is_asked(dlcli, runs, monkeypatch, answer, removed):
    make(runs, "one")
    monkeypatch.setattr(console, "is_interactive", lambda: True)
    monkeypatch.setattr("builtins.input", lambda *_: answer)
    code, _, err = dlcli("runs", "remove", "one")
    assert (code, (runs / "one").exists()) == (0, not removed)
    assert "Remove this run?" in err


@pytest.mark.parametrize("name", ["cnn", "nothing", "", "folder", "file", "link", ".", "..", "/"])
def test_a_folder_that_is_not_a_run_is_not_removed(dlcli, runs, tmp_path, name):
    make(runs, "one")
    (runs / "folder").mkdir()
    (runs / "folder" / "thesis.txt").write_text("x")
    (runs / "file").write_text("x")
    (runs / "link").symlink_to(runs / "one")
    before = sorted(tmp_path.rglob("*"))
    code, _, err = dlcli("runs", "remove", "--yes", "one", name)
    assert code == 4, err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_run_that_is_being_trained_is_neither_removed_nor_renamed(dlcli, runs):
    folder = make(runs, "one")
    handle = os.open(folder, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    for command in (["remove", "--yes", "one"], ["rename", "one", "two"]):
        code, _, err = dlcli("runs", *command)
        assert (code, folder.exists()) == (4, True)
        assert "another process is training in it" in err
    os.close(handle)


def test_a_run_killed_at_its_start_can_be_removed(dlcli, runs):
    (runs / "left").mkdir()
    (runs / "left" / "run.json").write_text('{"technique": "cnn", "versions": {"dlcli": "1"}}')
    assert dlcli("runs", "remove", "left", "--yes")[0] == 0
    assert not list(runs.iterdir())


def test_every_command_of_runs_has_a_help_text():
    assert all(model.__doc__ and run for model, run in commands.COMMANDS.values())
