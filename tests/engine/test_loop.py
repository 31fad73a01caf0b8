import json
import math
import shutil
import time
from contextlib import closing
from pathlib import Path

import pytest

from dlcli import engine
from dlcli.engine import Compiled, Compiling, Ended, Reported, Saved, Started, Stepped, Validated, Validating
from dlcli.errors import DatasetError, DivergedError, RunError, UsageError
from dlcli.notices import Notice
from dlcli.runs.writer import RunWriter
from tests.comparing import arrays, assert_same_arrays, assert_same_run, records, snapshot
from tests.linear import Learner, Train

RESTLESS = {"learning_rate": 3.0, "validate_every": 2, "steps": 40, "save_every": 5}  # soon gets no better


def train(folder, **options):
    return list(engine.fit(Learner, Train(out=folder, **options)))


def resume_run(folder, **changes):
    return list(engine.resume(Learner, folder, changes))


def interrupt_at(events, step):
    """Run through events up to the first one of a step or a later one, then close."""
    with closing(events):
        next(event for event in events if isinstance(event, Reported | Validated | Saved) and event.step >= step)


def interrupted(begin, event):
    """The events of a run for which a signal arrives right after one of them."""
    seen = []
    for each in begin(lambda progress: "SIGINT" if event in seen else None):
        seen.append(each)
    assert event in seen
    return seen


def about(folder):
    return json.loads((folder / "run.json").read_text())


def of(kind, events):
    return [event for event in events if isinstance(event, kind)]


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """The events of a run of 12 steps; reports at 5, 10 and the end, validations at 4, 8, 12."""
    return train(tmp_path_factory.mktemp("runs") / "unbroken")


@pytest.fixture(scope="module")
def kept(unbroken, tmp_path_factory):
    """Runs to copy: one interrupted at step 6, one stopped early, and one whose validation is not finite."""
    folder = tmp_path_factory.mktemp("kept")
    shutil.copytree(unbroken[0].folder, folder / "finished")
    interrupt_at(engine.fit(Learner, Train(out=folder / "broken")), 6)
    train(folder / "stopped", patience=2, **RESTLESS)
    train(folder / "blind", nan_validation=True)
    return folder


@pytest.fixture
def copy(kept, tmp_path):
    return lambda name: shutil.copytree(kept / name, tmp_path / name)


# Events and files of a run


def test_reports_validations_and_checkpoints_follow_the_options(unbroken):
    assert [event.step for event in of(Reported, unbroken)] == [5, 10, 12]
    assert [event.step for event in of(Validated, unbroken)] == [4, 8, 12]
    best = {event.step for event in of(Validated, unbroken) if event.best}
    assert {event.step for event in of(Saved, unbroken)} == {0, 3, 6, 9, 12} | best


def test_the_first_event_is_started_while_the_last_is_ended(unbroken):
    start, end = unbroken[0], unbroken[-1]
    assert isinstance(start, Started)
    assert (start.step, start.steps, start.sizes["validation"]) == (0, 12, 20)
    assert isinstance(end, Ended)
    assert (end.reason, end.step) == ("steps", 12)


def test_each_compilation_has_an_event_before_it(unbroken):
    seen = [event for event in unbroken if isinstance(event, Compiling | Compiled)]
    assert [event.what for event in seen[::2]] == ["initial weights", "training step", "validation"]
    assert [event.what for event in seen[1::2]] == [event.what for event in seen[::2]]
    assert all(event.seconds > 0 for event in seen[1::2])


def test_stepped_events_follow_the_computation_of_their_steps(unbroken):
    made = 0
    for event in unbroken:
        if isinstance(event, Stepped):
            assert made < event.step <= 12
            assert event.metrics is None or event.metrics["loss"] >= 0
        made = getattr(event, "step", made)
    assert of(Stepped, unbroken)


def test_metrics_jsonl_has_each_report_once(unbroken):
    written = {(each["step"], each["split"]): each["metrics"] for each in records(unbroken[0].folder)}
    seen = {(event.step, "train"): event.metrics for event in of(Reported, unbroken)}
    seen |= {(event.step, "validation"): event.metrics for event in of(Validated, unbroken)}
    assert written == seen
    assert len(records(unbroken[0].folder)) == len(seen)


def test_load_returns_the_weights_of_the_lowest_validation_loss(unbroken):
    end = unbroken[-1]
    lowest = min(of(Validated, unbroken), key=lambda event: event.metrics["loss"])
    assert (end.best_step, end.best) == (lowest.step, lowest.metrics)
    assert lowest.step < end.step
    kernels = {use: engine.load(end.folder, Learner, use).line.kernel[...].tobytes() for use in ("best", "last")}
    assert kernels["best"] == arrays(end.folder, lowest.step)["line/kernel"].tobytes()
    assert kernels["last"] == arrays(end.folder, 12)["line/kernel"].tobytes()


def test_run_json_describes_the_environment_of_the_run(unbroken):
    about_run = about(unbroken[0].folder)
    assert about_run["technique"] == "line"
    assert about_run["data"] == {"dataset": "line", "digest": "line-0", "sizes": dict(unbroken[0].sizes)}
    assert {"jax", "flax", "python", "dlcli"} <= about_run["versions"].keys()
    assert about_run["ended"]["reason"] == "steps"


def test_the_parameter_count_excludes_the_copies_in_a_moving_average(unbroken):
    norm, line = 3 + 3, 3 + 1
    assert unbroken[0].parameters == about(unbroken[0].folder)["parameters"] == norm + line


def test_another_seed_gives_another_run(unbroken, tmp_path):
    with closing(engine.fit(Learner, Train(out=tmp_path / "run", epochs=0.00003, seed=1))) as events:
        assert next(events).steps == math.ceil(0.00003 * 10**6 / 8)
        next(event for event in events if isinstance(event, Saved))
    assert (
        arrays(tmp_path / "run")["rngs/default/key"].tolist() != arrays(unbroken[0].folder)["rngs/default/key"].tolist()
    )


# Breaking off and going on


def test_a_resumed_run_equals_an_uninterrupted_one_bit_for_bit(unbroken, copy):
    broken = copy("broken")
    assert snapshot(broken)["progress"]["step"] == 6
    resume_run(broken)
    assert_same_run(unbroken[0].folder, broken)


@pytest.mark.slow
def test_a_run_interrupted_at_any_event_resumes_bit_for_bit(unbroken, tmp_path):
    saved = unbroken.index(Saved(0)) + 1
    for number in range(saved, len(unbroken)):
        folder = tmp_path / str(number)
        with closing(engine.fit(Learner, Train(out=folder))) as events:
            for _ in range(number):
                next(events)
        resume_run(folder)
        assert_same_run(unbroken[0].folder, folder)


def test_a_run_killed_before_its_first_checkpoint_restarts_with_a_notice(unbroken, tmp_path):
    folder = Path(shutil.copytree(unbroken[0].folder, tmp_path / "young"))
    shutil.rmtree(folder / "checkpoints")
    (folder / "metrics.jsonl").unlink()
    with pytest.warns(Notice, match="before its first checkpoint"):
        resume_run(folder)
    assert_same_run(unbroken[0].folder, folder)


def test_a_run_stopped_by_a_signal_resumes_bit_for_bit(unbroken, copy):
    folder = copy("broken")
    events = list(engine.resume(Learner, folder, {}, lambda progress: "SIGINT" if progress.step == 7 else None))
    assert (events[-1].reason, events[-1].step, events[-2]) == ("SIGINT", 7, Saved(7))
    resume_run(folder)
    assert_same_run(unbroken[0].folder, folder)


@pytest.mark.parametrize("step", [8, 12])
def test_a_validation_dropped_by_a_signal_is_repeated_on_resume(unbroken, copy, step):
    folder = copy("broken")
    events = interrupted(lambda stop: engine.resume(Learner, folder, {}, stop), Validating(step))
    assert (events[-1].reason, events[-1].step) == ("SIGINT", step)
    assert step not in [event.step for event in of(Validated, events)]
    assert step in [event.step for event in of(Validated, resume_run(folder))]
    assert_same_run(unbroken[0].folder, folder)


def test_a_last_validation_dropped_by_a_signal_is_repeated_on_resume(tmp_path):
    options = Train(out=tmp_path / "run", steps=7)  # no multiple of the steps between validations
    events = interrupted(lambda stop: engine.fit(Learner, options, stop), Validating(7))
    assert (events[-1].reason, events[-1].step) == ("SIGINT", 7)
    assert [event.step for event in of(Validated, resume_run(tmp_path / "run"))] == [7]
    train(tmp_path / "whole", steps=7)
    assert_same_run(tmp_path / "whole", tmp_path / "run")


def test_a_signal_after_the_last_validation_leaves_a_finished_run(unbroken, copy):
    folder = copy("broken")
    last = of(Validated, unbroken)[-1]
    assert interrupted(lambda stop: engine.resume(Learner, folder, {}, stop), last)[-1].reason == "steps"
    assert_same_run(unbroken[0].folder, folder)


def test_a_finished_run_extended_by_steps_equals_a_longer_run(unbroken, tmp_path):
    folder = tmp_path / "run"
    train(folder, steps=7)  # between reports and validations; its measurements are dropped
    assert [(each["step"], each["split"]) for each in records(folder)][-2:] == [(7, "train"), (7, "validation")]
    resume_run(folder, steps=12)
    assert_same_run(unbroken[0].folder, folder)


def test_the_best_weights_of_a_longer_run_are_kept_if_its_first_end_was_better(tmp_path):
    """The validation at the first end, 6, is the best; the longer run has none there; its best is step 4."""
    folder = tmp_path / "run"
    train(folder, steps=6, save_every=100, keep=1)
    assert about(folder)["ended"]["best_step"] == 6
    before = arrays(folder, 4)
    resume_run(folder, steps=8, learning_rate=1e4)
    assert about(folder)["ended"]["best_step"] == 4
    assert_same_arrays(arrays(folder, 4), before)
    assert RunWriter(folder).checkpoints.steps() == [4, 8]


def test_a_run_resumed_with_more_patience_equals_one_trained_with_it(copy, tmp_path):
    stopped = copy("stopped")
    assert about(stopped)["ended"]["reason"] == "patience"
    resume_run(stopped, patience=4)
    train(tmp_path / "patient", patience=4, **RESTLESS)
    assert_same_run(tmp_path / "patient", stopped)


def test_a_run_that_reached_its_steps_is_not_resumed_without_more_steps(unbroken):
    with pytest.raises(UsageError, match="reached its 12 steps") as raised:
        resume_run(unbroken[0].folder)
    assert "--steps 24" in raised.value.hint


def test_steps_below_the_current_step_are_refused_on_resume(copy):
    folder = copy("broken")
    with pytest.raises(UsageError, match=f"--steps 2 must be greater than 6, the current step of {folder}") as raised:
        resume_run(folder, steps=2)
    assert raised.value.hint == f"dlcli resume {folder} continues to step 12"


def test_training_time_accumulates_over_sessions(tmp_path):
    def slow(progress):
        time.sleep(0.05)
        return "time" if progress.step == 3 else None

    list(engine.fit(Learner, Train(out=tmp_path / "run"), slow))
    run = RunWriter(tmp_path / "run")
    assert run.checkpoints.progress(3)["closing"]["seconds"] >= 0.1
    assert run.checkpoints.progress(3)["progress"]["seconds"] >= 0.1


def test_a_run_stopped_early_gets_its_full_patience_on_resume(copy):
    folder = copy("stopped")
    step = about(folder)["ended"]["step"]
    with pytest.raises(UsageError, match="stopped early") as raised:
        resume_run(folder)
    assert "--patience 4" in raised.value.hint
    with closing(engine.resume(Learner, folder, {"report_every": 7})) as events:
        next(events)
    # Interrupted before it was saved again: the resumption is recorded already.
    assert resume_run(folder)[-1].step >= step + 4


def test_a_run_killed_after_its_last_checkpoint_only_records_its_end(unbroken, copy):
    folder = copy("finished")
    RunWriter(folder).update_info(ended=None)
    (end,) = resume_run(folder)
    assert end.reason == "steps"
    assert_same_run(unbroken[0].folder, folder)


def test_options_changed_on_resume_are_recorded(copy):
    folder = copy("broken")
    resume_run(folder, report_every=3, steps=9)
    (session,) = about(folder)["sessions"]
    assert session["changes"] == {"report_every": [5, 3], "steps": [12, 9]}
    assert [each["step"] for each in records(folder) if each["split"] == "train"] == [5, 9]
    assert json.loads((folder / "options.json").read_text())["report_every"] == 3


def test_the_error_for_an_unreadable_checkpoint_names_no_changed_option(copy):
    folder = copy("broken")
    for manifest in (folder / "checkpoints").glob("*/manifest.json"):
        manifest.write_text("{}")
    with pytest.raises(RunError, match="no intact checkpoint") as raised:
        resume_run(folder, steps=20)
    assert "cannot change on resume" not in str(raised.value)


def test_the_error_names_only_the_changed_options_that_shape_arrays(copy):
    with pytest.raises(RunError, match=r"^--optimizer cannot change on resume"):
        resume_run(copy("broken"), steps=20, optimizer="sgd", patience=3)


def test_a_changed_option_that_needs_other_shapes_is_refused(copy):
    folder = copy("broken")
    before = snapshot(folder)
    with pytest.raises(RunError, match=r"--optimizer cannot change on resume: .*opt_state"):
        resume_run(folder, optimizer="sgd")
    assert snapshot(folder) == before


@pytest.mark.parametrize(
    ("changes", "error", "what"),
    [
        ({"seed": 1}, DatasetError, r"line-0.*line-1"),
        ({"features": 4}, RunError, "found another features"),
    ],
)
def test_other_data_is_refused_on_resume(copy, changes, error, what):
    with pytest.raises(error, match=what):
        resume_run(copy("broken"), **changes)


def test_a_second_process_cannot_train_the_same_run(copy):
    folder = copy("broken")
    with closing(engine.resume(Learner, folder, {})) as events:
        next(events)
        with pytest.raises(RunError, match="another process is training in it"):
            resume_run(folder)
    with closing(engine.resume(Learner, folder, {})) as events:
        next(events)


def test_a_folder_in_use_is_refused_unchanged(unbroken):
    before = {path: path.read_bytes() for path in unbroken[0].folder.rglob("*") if path.is_file()}
    with pytest.raises(UsageError, match="new or empty folder") as raised:
        next(engine.fit(Learner, Train(out=unbroken[0].folder)))
    assert raised.value.exit_code == 2
    assert f"dlcli resume {unbroken[0].folder}" in raised.value.hint
    assert {path: path.read_bytes() for path in unbroken[0].folder.rglob("*") if path.is_file()} == before


# Ends


def test_max_time_ends_a_run_with_a_final_validation(tmp_path):
    events = train(tmp_path / "run", max_time=1e-6)
    assert (events[-1].reason, events[-1].step, events[-1].best_step) == ("time", 1, 1)
    assert [each["split"] for each in records(tmp_path / "run")] == ["train", "validation"]


def test_an_error_of_the_data_during_a_run_is_raised(copy):
    folder = copy("broken")
    with pytest.raises(DatasetError, match="step 8"):
        resume_run(folder, missing_step=8)
    assert records(folder)[-1]["step"] == 5


# Values that are not finite


@pytest.mark.parametrize(("step", "last"), [(7, 6), (12, 9)])
def test_the_error_for_a_nan_names_its_step(copy, step, last):
    folder = copy("broken")
    with pytest.raises(DivergedError, match=f"loss became nan at step {step}; .*step {last}, is kept") as raised:
        resume_run(folder, nan_step=step, validate_every=100)
    assert "--learning-rate" in raised.value.hint
    assert about(folder)["ended"] == {"reason": "diverged", "step": step}
    assert all(math.isfinite(value) for value in engine.load(folder, Learner).line.kernel[...].ravel())


def test_divergence_keeps_the_last_finite_checkpoint(tmp_path):
    options = Train(out=tmp_path / "run", optimizer="sgd").model_copy(update={"learning_rate": 1e30})
    with pytest.raises(DivergedError, match="step 0, is kept"):
        list(engine.fit(Learner, options))
    assert RunWriter(tmp_path / "run").checkpoints.steps() == [0]


def test_a_validation_that_is_not_finite_is_never_the_best(copy):
    ended = about(copy("blind"))["ended"]
    assert (ended["reason"], ended["step"], ended["best_step"], ended["best"]) == ("steps", 12, None, {})
    assert ended["last"] == {"loss": None}


def test_a_value_that_is_not_finite_is_null_in_json(copy):
    def refuse(word):
        raise AssertionError(word)

    folder = copy("blind")
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    for text in [*lines, *(path.read_text() for path in folder.rglob("*.json"))]:
        json.loads(text, parse_constant=refuse)
    assert math.isnan(next(RunWriter(folder).metrics.read())["metrics"]["loss"])
