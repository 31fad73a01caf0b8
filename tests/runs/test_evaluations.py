"""A run keeps what was measured of it."""

import json
import os
import shutil

import pytest

import dlcli
from dlcli.artifacts import Table
from dlcli.notices import Notice
from dlcli.options.common import EvalOptions
from dlcli.runs import evaluations
from dlcli.runs.folder import RunFolder


@pytest.fixture
def run(mlp_run, tmp_path):
    return shutil.copytree(mlp_run, tmp_path / "run")


def test_an_evaluation_is_kept_and_shown_in_a_report(run, tmp_path):
    measured = dlcli.load(run).evaluate()
    [found] = evaluations.read(RunFolder(run))
    cells = [cell for table in found.tables for row in table.rows for cell in row]
    assert any(
        measured["accuracy"]["value"] == pytest.approx(cell) for cell in cells if isinstance(cell, float)
    ) or any(f"{100 * measured['accuracy']['value']:.2f}" in str(cell) for cell in cells)
    page = dlcli.report(run, tmp_path / "report.html", figures=False).read_text()
    assert "dlcli eval, weights of step" in page
    assert found.tables[0].title in page


def test_the_latest_evaluation_with_the_same_options_counts(run):
    files = RunFolder(run)
    for title, use in (("a", "best"), ("b", "last"), ("c", "best")):
        options = EvalOptions(run=str(run)) if use == "best" else EvalOptions(run=str(run), use=use)
        evaluations.record(files, options, Table(title, ("metric",), [("x",)]))
    assert [each.tables[0].title for each in evaluations.read(files)] == ["b", "c"]


def test_lines_that_are_not_valid_are_skipped(run):
    files = RunFolder(run)
    evaluations.record(files, EvalOptions(run=str(run)), Table("a", (), []))
    path = run / evaluations.NAME
    path.write_text("{\n" + json.dumps({"created": 3}) + "\n" + path.read_text() + '{"created": "2026')
    assert [each.tables[0].title for each in evaluations.read(files)] == ["a"]


def test_a_truncated_last_line_does_not_spoil_the_next_evaluation(run):
    files = RunFolder(run)
    (run / evaluations.NAME).write_text('{"created": "2026')
    evaluations.record(files, EvalOptions(run=str(run)), Table("a", (), []))
    assert [each.tables[0].title for each in evaluations.read(files)] == ["a"]


def test_an_evaluation_is_not_written_through_a_link(run, tmp_path):
    (tmp_path / "other").write_text("text")
    (run / evaluations.NAME).symlink_to(tmp_path / "other")
    with pytest.warns(Notice, match="the evaluation is not kept in the run"):
        evaluations.record(RunFolder(run), EvalOptions(run=str(run)), Table("a", (), []))
    assert (tmp_path / "other").read_text() == "text"


def test_an_evaluation_does_not_wait_for_a_reader_of_a_pipe(run):
    os.mkfifo(run / evaluations.NAME)
    with pytest.warns(Notice, match="it must be a regular file"):
        evaluations.record(RunFolder(run), EvalOptions(run=str(run)), Table("a", (), []))


def test_a_folder_that_cannot_be_written_is_evaluated_with_a_warning(run, dlcli):
    (run / evaluations.NAME).mkdir()
    code, _, err = dlcli("eval", run)
    assert (code, "is not kept in the run" in err) == (0, True)
