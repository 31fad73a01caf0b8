import json
import os
import shutil

import jax
import numpy as np
import pytest

from dlcli.errors import RunError
from dlcli.notices import Notice
from dlcli.runs.folder import technique_of
from dlcli.runs.info import FORMAT
from dlcli.runs.progress import Progress, Snapshot
from dlcli.runs.writer import RunWriter
from tests.linear import Learner, LineFacts, Train
from tests.resealing import seal

SHAPES = {"x": jax.ShapeDtypeStruct([2], np.float32)}


def save(run, step, best=None, *, keep=2, closing=None):
    snapshot = Snapshot(progress=Progress(step=step, best_step=best), closing=closing)
    run.save(step, {"x": np.full([2], step, np.float32)}, snapshot, keep)
    run.wait()


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    with RunWriter(tmp_path_factory.mktemp("written") / "run") as run:
        run.create(Train(), LineFacts(features=3), {"technique": "tests"})
        for step in (1, 2, 3):
            save(run, step, best=1)
    return run.folder


@pytest.fixture
def run(written, tmp_path):
    """A run with checkpoints of the steps 1, 2 and 3, of which 1 is the best."""
    with RunWriter(shutil.copytree(written, tmp_path / "run")) as run:
        yield run


def corrupt(run, step, name="progress.json"):
    path = run.checkpoints.path(step) / name
    path.write_bytes(path.read_bytes()[:-1])


# Checkpoints that are kept


def test_the_last_two_checkpoints_and_the_best_one_are_kept(run):
    assert run.checkpoints.steps() == [1, 2, 3]
    save(run, 4, best=1)
    assert run.checkpoints.steps() == [1, 3, 4]
    save(run, 5, best=5)
    assert run.checkpoints.steps() == [1, 4, 5]  # 4 still knows 1 as the best, and may be all that is intact
    save(run, 6, best=5)
    assert run.checkpoints.steps() == [5, 6]


def test_keep_sets_the_number_of_checkpoints(run):
    for step in (4, 5, 6):
        save(run, step, best=4, keep=3)
    assert run.checkpoints.steps() == [4, 5, 6]


def test_the_best_checkpoints_of_the_ended_and_of_the_resumed_run_are_kept(run):
    save(run, 6, best=1, keep=1, closing=Progress(step=6, best_step=6))
    assert run.checkpoints.steps() == [1, 6]


# The checkpoint that is read


def test_the_last_or_the_best_checkpoint_is_read(run):
    assert run.restore(SHAPES)[0]["x"].tolist() == [3, 3]
    assert run.restore(SHAPES, "best")[0]["x"].tolist() == [1, 1]


def test_without_validation_the_last_checkpoint_is_the_best(tmp_path):
    run = RunWriter(tmp_path)
    save(run, 1)
    save(run, 2)
    assert run.restore(SHAPES, "best")[0]["x"].tolist() == [2, 2]


@pytest.mark.parametrize("name", ["progress.json", "manifest.json", "state/_METADATA"])
def test_the_newest_intact_checkpoint_replaces_a_corrupt_one_with_a_notice(run, name):
    corrupt(run, 3, name)
    with pytest.warns(Notice, match="00000003.*using the checkpoint of step 2 instead"):
        arrays, snapshot = run.restore(SHAPES)
    assert (arrays["x"].tolist(), snapshot.progress.step) == ([2, 2], 2)


@pytest.mark.parametrize("damage", [lambda run: corrupt(run, 1), lambda run: shutil.rmtree(run.checkpoints.path(1))])
def test_the_last_checkpoint_replaces_a_corrupt_or_missing_best_one_with_a_notice(run, damage):
    damage(run)
    with pytest.warns(Notice, match="00000001.*using the checkpoint of step 3 instead"):
        assert run.restore(SHAPES, "best")[0]["x"].tolist() == [3, 3]


def test_the_error_without_an_intact_checkpoint_names_the_reason(run):
    for step in (1, 2, 3):
        corrupt(run, step)
    with pytest.raises(RunError, match=r"no intact checkpoint: .*00000003"):
        run.restore(SHAPES)


def test_a_run_without_checkpoints_cannot_be_restored(tmp_path):
    with pytest.raises(RunError, match="no intact checkpoint"):
        RunWriter(tmp_path).restore(SHAPES)


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"progress": {"step": 9}},
        {"progress": {"step": -3}},
        {"progress": {"step": "3"}, "window": 5},
        {"progress": {"step": 3, "best_step": "../1"}},
        {"progress": {"step": 3}, "closing": {"step": float("nan")}},
    ],
)
def test_invalid_progress_is_corrupt_even_with_a_correct_checksum(run, content):
    path = run.checkpoints.path(3) / "progress.json"
    path.write_text(json.dumps(content))
    seal(path.parent)
    with pytest.warns(Notice, match="step 2 instead"):
        _, snapshot = run.restore(SHAPES)
    assert snapshot.progress.step == 2


# metrics.jsonl


def test_recorded_metrics_are_read_back(run):
    run.metrics.append(5, "train", {"loss": 0.5}, rate=3.0, seconds=1.0)
    run.metrics.append(5, "validation", {"loss": float("nan"), "accuracy": 1.0}, best=True)
    first, second = run.metrics.read()
    assert first == {"step": 5, "split": "train", "rate": 3.0, "seconds": 1.0, "metrics": {"loss": 0.5}}
    assert second["best"]
    assert np.isnan(second["metrics"]["loss"])


def test_invalid_lines_of_the_metrics_are_skipped(run):
    run.metrics.append(5, "train", {"loss": 0.5})
    with (run.folder / "metrics.jsonl").open("ab") as file:
        file.write(
            b'[]\n{"step": -1, "split": "train", "metrics": {}}\n\xff\n' + b"[" * 100_000 + b"\n" + b"x" * 3_000_000
        )
        file.write(b'\n{"step": 6, "split": "train", "metrics": {"loss": "low"}}\n{"step": 7, "split": "tr')
    assert [record["step"] for record in run.metrics.read()] == [5]


def test_rewinding_drops_later_and_closing_records(run):
    for step in (1, 2, 3):
        run.metrics.append(step, "train", {"loss": 1 / 3})
    run.metrics.append(2, "validation", {"loss": 0.25}, closing=True)
    before = (run.folder / "metrics.jsonl").read_text().splitlines()
    with pytest.warns(Notice, match="continues from step 2; later checkpoints are moved to .*: damaged-00000003"):
        run.rewind(2)
    assert (run.folder / "metrics.jsonl").read_text().splitlines() == before[:2]
    assert run.checkpoints.steps() == [1, 2]


def test_rewinding_keeps_an_unreadable_checkpoint_under_another_name(run):
    before = {path.name: path.read_bytes() for path in run.checkpoints.path(3).iterdir() if path.is_file()}
    with pytest.warns(Notice):
        run.rewind(2)
    kept = run.checkpoints.folder / "damaged-00000003"
    assert {path.name: path.read_bytes() for path in kept.iterdir() if path.is_file()} == before
    assert run.checkpoints.steps() == [1, 2]


def test_rewinding_removes_the_drafts_of_a_crash(run):
    (run.folder / ".0123456789abcdef.part").write_text("{")
    run.rewind(3)
    assert {path.name for path in run.folder.iterdir()} == {
        *("checkpoints", "facts.json", "metrics.jsonl", "options.json", "run.json")
    }


# Files of a run folder


def test_options_and_facts_are_read_as_written(run):
    assert run.options(Learner) == Train()
    assert run.facts(Learner) == LineFacts(features=3)


def test_updates_of_run_json_accumulate(run):
    run.update_info(one=1)
    run.update_info(two=float("inf"))
    assert run.raw("run.json") == {"format": FORMAT, "technique": "tests", "one": 1, "two": None}


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\xff",
        b"",
        b"null",
        b"[]",
        b"[" * 100_000,
        b'{"a": ' * 50_000,
        b'{"steps": 1e999}',
        b'{"steps": 10000000000}',
        b'{"features": 10000000000}',
        b'{"features": "__import__(\'os\')"}',
        b'{"unknown": 1}',
        b'{"steps": ' + b"9" * 5000 + b"}",
    ],
)
def test_invalid_options_or_facts_are_errors_of_the_run(run, content):
    for name, read in (("options.json", run.options), ("facts.json", run.facts)):
        (run.folder / name).write_bytes(content)
        with pytest.raises(RunError, match=name):
            read(Learner)


def test_giant_files_are_not_read(run):
    for name, read in (
        ("options.json", lambda: run.options(Learner)),
        ("facts.json", lambda: run.facts(Learner)),
        ("run.json", run.info),
    ):
        os.truncate(run.folder / name, 10**12)
        with pytest.raises(RunError, match="MiB"):
            read()


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("options.json", lambda run: run.options(Learner)),
        ("facts.json", lambda run: run.facts(Learner)),
        ("run.json", lambda run: technique_of(run.folder)),
        ("metrics.jsonl", lambda run: list(run.metrics.read())),
    ],
)
def test_links_or_pipes_instead_of_files_are_refused(run, name, read, tmp_path):
    run.metrics.append(1, "train", {})
    path = run.folder / name
    path.rename(tmp_path / "elsewhere")
    for replace in (lambda: path.symlink_to(tmp_path / "elsewhere"), lambda: os.mkfifo(path)):
        replace()
        with pytest.raises(RunError, match=f"{name}.*must be a regular file"):
            read(run)
        path.unlink()


@pytest.mark.parametrize("content", ['{"data": 5}', '{"sessions": {}}', '{"ended": "yes"}'])
def test_an_invalid_run_json_is_an_error_of_the_run(run, content):
    (run.folder / "run.json").write_text(content)
    with pytest.raises(RunError, match=r"run\.json"):
        run.info()


def test_options_json_is_written_last(run):
    written = [(run.folder / name).stat().st_mtime_ns for name in ("run.json", "facts.json", "options.json")]
    assert written == sorted(written)
