"""Runs and their data after they were moved or changed."""

import json
import os
import shutil
import warnings
from pathlib import Path

import pytest

from dlcli import engine
from dlcli.errors import DatasetError, RunError
from dlcli.notices import Notice
from dlcli.runs import data_paths
from dlcli.runs.writer import RunWriter
from dlcli.techniques.rnn.learner import Learner
from dlcli.techniques.rnn.options import Eval, Train
from tests.reading import evaluate

TINY = {
    "batch_size": 4,
    "context": 8,
    "hidden": 8,
    "embedding_dim": 4,
    "steps": 4,
    "report_every": 2,
    "validate_every": 2,
}
POEM = Path(__file__).parents[1] / "texts" / "jabberwocky.txt"


@pytest.mark.parametrize("dataset", ["digits", "pydocs", "dates", "tfds:mnist", "~/x.txt", "/abs/x.txt", "folder:/abs"])
def test_a_name_that_is_not_a_relative_path_is_unchanged(tmp_path, dataset):
    for name in ("digits", "pydocs", "dates", "tfds:mnist"):
        (tmp_path / "home" / name).mkdir(parents=True)
    assert data_paths.resolve(dataset, str(tmp_path / "home")) == dataset


@pytest.mark.parametrize(
    ("dataset", "there"),
    [("x.txt", "x.txt"), ("folder:photos", "photos"), ("corpus:de-en", "corpus"), ("a b/[1].tsv", "a b/[1].tsv")],
)
def test_a_relative_path_is_resolved_against_the_directory_of_the_training_command(tmp_path, dataset, there):
    home = tmp_path / "home"
    assert data_paths.resolve(dataset, str(home)) == dataset
    (home / there).mkdir(parents=True)
    kind, path = ("folder:", dataset[7:]) if dataset.startswith("folder:") else ("", dataset)
    assert data_paths.resolve(dataset, str(home)) == f"{kind}{home}/{path}"
    assert data_paths.resolve(dataset, None) == dataset
    os.chdir(home)
    assert data_paths.resolve(dataset, str(home)) == dataset


@pytest.fixture(scope="module")
def project(tmp_path_factory, tokenizer_run):
    """A folder with a text, a tokenizer, and the run `runs/l` of a model of them, all named by relative paths."""
    home, before = tmp_path_factory.mktemp("project"), Path.cwd()
    shutil.copy(POEM, home / "poem.txt")
    shutil.copytree(tokenizer_run, home / "tok")
    os.chdir(home)
    list(engine.fit(Learner, Train(dataset="poem.txt", tokenizer="tok", out=Path("runs/l"), **TINY)))
    os.chdir(before)
    return home


@pytest.fixture
def copy(project, tmp_path):
    return Path(shutil.copytree(project, tmp_path / "project"))


def go_on(folder, **changes):
    return list(engine.resume(Learner, folder, changes))[-1]


def test_the_options_are_stored_as_given(project):
    said = json.loads((project / "runs" / "l" / "options.json").read_text())
    assert (said["dataset"], said["tokenizer"]) == ("poem.txt", "tok")
    assert RunWriter(project / "runs" / "l").raw("run.json")["cwd"] == str(project)


def test_a_run_can_be_used_from_another_directory_without_its_tokenizer_run(project, tmp_path):
    folder = Path(shutil.copytree(project / "runs" / "l", tmp_path / "moved run"))
    (tmp_path / "poem.txt").write_text("something else " * 100)
    assert not (tmp_path / "tok").exists()
    measured = [evaluate(Eval(run=str(folder), **named)).numbers["loss"] for named in ({}, {"dataset": str(POEM)})]
    assert measured[0] == measured[1]
    assert go_on(folder, steps=6).step == 6


def test_changed_data_is_a_notice_in_evaluation_but_an_error_on_resume(copy, monkeypatch):
    monkeypatch.chdir(copy)
    shutil.rmtree("tok")
    text = Path("poem.txt").read_text()
    Path("poem.txt").write_text(text + text[:500])
    RunWriter(Path("runs/l")).update_info(cwd=str(copy))
    with pytest.warns(Notice, match=r"poem\.txt has changed since runs/l was trained on it"):
        evaluate(Eval(run="runs/l"))
    with pytest.raises(DatasetError, match="has changed since the run was started"):
        go_on(Path("runs/l"), steps=6)


def test_another_dataset_given_to_eval_causes_no_notice(copy, monkeypatch):
    monkeypatch.chdir(copy)
    Path("other.txt").write_text(Path("poem.txt").read_text() * 2)
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        evaluate(Eval(run="runs/l", dataset="other.txt"))
    assert not notes


def test_the_error_for_missing_data_names_the_searched_directories(copy, monkeypatch, tmp_path):
    RunWriter(copy / "runs" / "l").update_info(cwd=str(tmp_path / "gone"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DatasetError) as raised:
        evaluate(Eval(run=str(copy / "runs" / "l")))
    assert f"searched in {tmp_path / 'gone'} and {tmp_path}" in raised.value.hint
    with pytest.raises(DatasetError) as raised:
        go_on(copy / "runs" / "l", steps=6)
    assert str(tmp_path / "gone") in raised.value.hint


def test_another_tokenizer_is_refused_on_resume(copy, monkeypatch):
    monkeypatch.chdir(copy)
    RunWriter(Path("runs/l")).update_info(cwd=str(copy))
    with pytest.raises((DatasetError, RunError), match=r"has changed since the run was started|must match the data"):
        go_on(Path("runs/l"), steps=6, tokenizer="characters")


def test_numbered_shards_are_found_in_the_folder_of_the_run(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path / "data")
    assert data_paths.resolve("data/train-{000..012}.tar", str(tmp_path)) == f"{tmp_path}/data/train-{{000..012}}.tar"
    assert data_paths.resolve("other/train-{000..012}.tar", str(tmp_path)) == "other/train-{000..012}.tar"
