"""The folder of a new run, alone or with others that start at the same time."""

import os
import shutil
import signal
import threading
import time

import pytest

from dlcli import engine
from dlcli.errors import DatasetError, RunError, UsageError
from dlcli.runs import new
from dlcli.runs.lookup import list_runs
from dlcli.runs.writer import RunWriter
from tests.linear import Learner, LineFacts, Train
from tests.processes import Child

ABOUT = {"technique": "tests", "versions": {"dlcli": "1"}}


@pytest.fixture(autouse=True)
def runs_here(tmp_path, monkeypatch):
    monkeypatch.setenv("DLCLI_RUNS", str(tmp_path / "runs"))


def fill(run):
    run.create(Train(), LineFacts(features=3), ABOUT)


def test_folders_of_new_runs_have_unique_names(monkeypatch):
    monkeypatch.setattr(time, "strftime", lambda form: "20261122-141503")
    names = []
    for _ in range(3):
        with new.started("cnn", Train(dataset="folder:../my set/images.v2/")) as run:
            fill(run)
        names.append(run.folder.name)
    assert names == [f"cnn-images-20261122-141503{end}" for end in ("", "-2", "-3")]


def test_runs_started_concurrently_have_different_folders(monkeypatch):
    monkeypatch.setattr(time, "strftime", lambda form: "20261122-141503")
    together, found = threading.Barrier(8), []

    def begin():
        together.wait()
        with new.started("cnn", Train(dataset="x")) as run:
            found.append(run.folder.name)
            time.sleep(0.05)
            fill(run)

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 8


@pytest.mark.parametrize("dataset", ["a" * 255 + ".tsv", "folder:" + "漢" * 200, "\udcff.tsv", "[x].npz", "..", "/"])
def test_the_name_of_a_run_is_short_for_any_name_of_its_data(dataset):
    name = new.folder_for("transformer", Train.model_construct(dataset=dataset, out=None, name=None)).name
    assert len(os.fsencode(name)) <= 255
    assert all(character.isalnum() or character == "-" for character in name)


@pytest.mark.parametrize("make", [lambda path: path.write_text("x"), lambda path: (path / "x").mkdir(parents=True)])
def test_a_folder_in_use_is_refused(tmp_path, make):
    make(tmp_path / "used")
    with pytest.raises(UsageError, match="found one that is in use"):
        new.require_empty(tmp_path / "used")


def test_a_missing_or_empty_folder_can_be_used(tmp_path):
    assert [new.require_empty(folder) for folder in (tmp_path / "missing", tmp_path)] == [None, None]


@pytest.mark.parametrize("name", [".DS_Store", "._x", "Thumbs.db", ".0123456789abcdef.part"])
def test_a_folder_with_leftover_files_counts_as_empty(tmp_path, name):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_text("x")
    assert list(engine.fit(Learner, Train(out=tmp_path / "out", steps=2)))


@pytest.mark.parametrize("name", [".git", "notes.txt", "tokenizer.json", "options.json"])
def test_a_folder_with_a_file_of_the_user_is_in_use(tmp_path, name):
    (tmp_path / name).write_text("{}")
    with pytest.raises(UsageError, match="in use"):
        new.require_empty(tmp_path)


def test_a_folder_with_the_run_json_of_another_program_is_in_use(tmp_path):
    (tmp_path / "run.json").write_text('{"technique": "running", "distance": 42}')
    with pytest.raises(UsageError, match="in use"):
        new.require_empty(tmp_path)


@pytest.mark.parametrize("written", [["run.json"], ["run.json", "facts.json"]])
def test_a_new_run_takes_the_folder_of_a_killed_start(tmp_path, written):
    with new.started("tests", Train(out=tmp_path / "out")) as run:
        fill(run)
    for path in run.folder.iterdir():
        if path.name not in written:
            path.unlink()
    (run.folder / ".0123456789abcdef.part").write_text("{")
    (run.folder / "facts.json").touch()
    list(engine.fit(Learner, Train(out=run.folder, steps=2)))
    assert not list(run.folder.glob(".*"))
    assert RunWriter(run.folder).facts(Learner) == LineFacts(features=3)


def start(out, seconds):
    """Start a run that takes a while before its folder is complete; run by `Child`."""
    with new.started("tests", Train(out=out)) as run:
        print("begun", flush=True)
        time.sleep(seconds)
        fill(run)


def test_the_second_of_two_runs_in_one_folder_is_refused_before_training(tmp_path):
    out = tmp_path / "out"
    child = Child(tmp_path, start, out, 60)
    child.until(lambda: "begun" in child.out.read_text())
    with pytest.raises(UsageError, match="another run is starting in it"), new.started("tests", Train(out=out)):
        pytest.fail("it began")
    assert out.is_dir()
    child.send(signal.SIGKILL)
    child.wait()
    with new.started("tests", Train(out=out)) as run:
        fill(run)


def test_a_run_that_fails_before_training_leaves_no_folder(tmp_path):
    class Unreadable(Learner):
        @staticmethod
        def read(options):
            raise DatasetError("no data")

    class Cold(Learner):
        def warm_start(self, options):
            raise RunError("no such backbone")

    for kind in (Unreadable, Cold):
        for out in (tmp_path / "out", None):
            with pytest.raises((DatasetError, RunError)):
                list(engine.fit(kind, Train(out=out)))
    assert not (tmp_path / "out").exists()
    assert list_runs() == []
    assert not (tmp_path / "runs").exists() or not list((tmp_path / "runs").iterdir())


def test_an_existing_folder_is_kept_if_the_run_fails_to_start(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".DS_Store").write_text("x")
    (tmp_path / "out" / "run.json").write_text('{"technique": "tests", "versions": {"dlcli": "1"}}')
    with pytest.raises(RunError), new.started("tests", Train(out=tmp_path / "out")):
        raise RunError("failed")
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".DS_Store"]


def test_a_plan_reports_what_would_prevent_the_run(tmp_path):
    class Cold(Learner):
        def warm_start(self, options):
            raise RunError("no such backbone")

    from dlcli.engine.plan import plan

    with pytest.raises(RunError, match="no such backbone"):
        plan(Cold, Train(out=tmp_path / "out"))
    assert not (tmp_path / "out").exists()


# --name


def test_a_name_can_be_used_by_one_run_only(tmp_path):
    with new.started("tests", Train(name="first try")) as run:
        fill(run)
    assert run.folder == tmp_path / "runs" / "first try"
    with pytest.raises(UsageError, match="--name first try must be unused"):
        new.require_free(Train(name="first try"))


@pytest.mark.parametrize("name", ["a/b", "..", ".hidden", "-x", "", " ", "a\0b", "a\nb", "x" * 256, "a\\b"])
def test_an_invalid_name_of_a_folder_is_refused(name):
    with pytest.raises(ValueError, match="must"):
        Train(name=name)


def test_a_name_together_with_a_folder_is_refused(tmp_path):
    with pytest.raises(ValueError, match="--out or --name"):
        Train(name="x", out=tmp_path)


def test_a_named_run_can_be_resumed_after_it_was_moved(tmp_path):
    list(engine.fit(Learner, Train(name="named", steps=2)))
    shutil.move(tmp_path / "runs" / "named", tmp_path / "moved")
    assert list(engine.resume(Learner, tmp_path / "moved", {"steps": 4}))[-1].step == 4
