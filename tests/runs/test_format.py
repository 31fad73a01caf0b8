"""The format version of run folders."""

import json
import shutil

import pytest

from dlcli.errors import RunError
from dlcli.runs import lookup
from dlcli.runs.folder import RunFolder
from dlcli.runs.info import FORMAT
from dlcli.runs.writer import RunWriter
from tests.linear import Learner, LineFacts, Train


@pytest.fixture
def old(tmp_path, monkeypatch):
    """A run folder without a format version, which is what version 1 wrote."""
    monkeypatch.setenv("DLCLI_RUNS", str(tmp_path / "runs"))
    with RunWriter(tmp_path / "runs" / "old") as run:
        run.create(Train(), LineFacts(features=3), {"technique": "cnn", "versions": {"dlcli": "0.1"}})
    return set_format(run.folder, None)


def set_format(folder, version):
    info = json.loads((folder / "run.json").read_text())
    info = {name: value for name, value in info.items() if name != "format"}
    (folder / "run.json").write_text(json.dumps(info if version is None else {"format": version, **info}))
    return folder


def test_a_new_run_has_the_format_version_in_run_json(tmp_path):
    with RunWriter(tmp_path / "run") as run:
        run.create(Train(), LineFacts(features=3), {"technique": "tests"})
    assert json.loads((run.folder / "run.json").read_text())["format"] == FORMAT


@pytest.mark.parametrize(
    "read", [lambda run: run.options(Learner), lambda run: run.facts(Learner), lambda run: run.read_options(Train)]
)
def test_a_run_of_another_format_version_is_refused(old, read):
    with pytest.raises(RunError, match="has format version 1, but this version of dlcli reads format 2"):
        read(RunFolder(old))


@pytest.mark.parametrize("name", ["cnn", "old"])
def test_a_run_of_another_format_version_is_refused_by_every_lookup(old, name):
    with pytest.raises(RunError, match="format version 1"):
        lookup.find(name)


def test_the_hint_for_an_old_run_is_the_command_that_trains_it_again(old):
    with pytest.raises(RunError) as raised:
        lookup.find(str(old))
    assert raised.value.hint == f"train it again: dlcli train cnn --config {old / 'options.json'}"


def test_the_hint_for_a_newer_run_is_to_update_dlcli(old):
    with pytest.raises(RunError, match=f"format version {FORMAT + 1}") as raised:
        lookup.find(str(set_format(old, FORMAT + 1)))
    assert raised.value.hint == "update dlcli"


@pytest.mark.parametrize(
    "words",
    [
        *(["runs", "show", "old"], ["runs", "compare", "old", "old"], ["runs", "note", "old", "text"]),
        *(["eval", "old"], ["resume", "old"], ["predict", "cnn", "--run", "old", "x.png"]),
        ["viz", "filters", "--run", "old"],
    ],
)
def test_a_command_that_reads_an_old_run_exits_with_code_4(dlcli, old, words):
    code, out, err = dlcli(*words)
    assert (code, out) == (4, "")
    assert "format version 1" in err
    assert "Traceback" not in err


def test_an_old_run_is_in_the_list_of_runs(dlcli, old):
    code, out, _ = dlcli("runs", "list", "--json")
    (found,) = json.loads(out)["runs"]
    assert (code, found["run"], found["state"]) == (0, "old", "format 1")


def test_an_old_run_can_be_removed(dlcli, old):
    assert dlcli("runs", "remove", "old", "--yes")[0] == 0
    assert not old.exists()


def test_a_new_run_may_take_a_folder_that_an_old_start_left(old, tmp_path):
    (old / "options.json").unlink()
    with RunWriter(shutil.copytree(old, tmp_path / "left")) as run:
        run.discard(folder=True)
    assert not run.folder.exists()
