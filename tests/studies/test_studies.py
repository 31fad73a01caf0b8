"""Studies: cells are stored and continued, comparisons are fair, and the test split selects nothing."""

import contextlib
import json
import math
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dlcli import activity, studies
from dlcli.cli.app import main
from dlcli.engine import devices
from dlcli.errors import DivergedError, RunError, UserError
from dlcli.options.optimizers import OPTIMIZERS
from dlcli.runs.trials import heartbeat
from dlcli.runs.trials.takeover import copied
from dlcli.studies import augmentation, cells, dropout_ensemble, optimizers, regularization, sample_size, tasks
from dlcli.studies.cells import Cell, Cells, Report
from dlcli.studies.options import TECHNIQUES
from dlcli.techniques.cnn.learner import Learner
from dlcli.techniques.cnn.options import Train
from tests.postgresql import postgresql

SMALL = {"steps": 8, "batch_size": 16, "train_examples": 40, "seeds": 2}
CATALOGUE = studies.catalogue()
OF_CELLS = [
    name for name in CATALOGUE if name not in ("dropout-ensemble", "augmentation")
]  # the others measure several runs per cell


def fake(changes, use, test):
    """A result that is a function of the arguments alone."""
    learnt = 0.8 + 1e-5 * changes["seed"] + (0.05 if "dropout" in changes else 0.0)
    rate = changes.get("learning_rate", 1.0)
    tested = {"learning_rate": 0.01, "rates": [0.001, 0.01, 0.1], "losses": [2.0, 1.0, 3.0]} if rate == "auto" else None
    loss = abs((tested or {"learning_rate": rate})["learning_rate"] - 0.03) + 0.1
    curve = [[1, loss], [2, loss]]
    validation = {"loss": loss, "accuracy": learnt}
    result = {"use": use, "steps": 2, "best_step": 2, "validation": validation, "train": {"loss": 0.05}}
    result |= {"range_test": tested} if tested else {}
    result |= {"test_loss": 0.3, "weights": {"l2_norm": 2.0, "near_zero": 0.1}} if test else {}
    return {**result, "curve": curve, "train_curve": curve, **({"test_accuracy": learnt} if test else {})}


@pytest.fixture
def calls(monkeypatch):
    """Replace training by `fake`; return the list of its calls."""
    calls = []

    def measure(self, folder, changes, use, test):
        calls.append((folder.name.removesuffix(".run"), changes, use, test))
        return fake(changes, use, test)

    monkeypatch.setattr(Cells, "_measure", measure)
    return calls


def run(name, **options):
    *found, report = studies.run(name, CATALOGUE[name](out=Path("study"), **{**SMALL, **options}))
    assert isinstance(report, Report)
    return found, report


def measured(cells, changes, test):
    [cell] = cells.run([cells.request("a", changes, seed=0, use="last", test=test)])
    return cell


def test_a_cell_is_trained_once(tmp_path):
    devices.prepare("auto")
    options = CATALOGUE["regularization"](out=tmp_path / "study", **SMALL)
    first, again = (measured(Cells("regularization", options, 1), {"dropout": 0.5}, test=True) for _ in range(2))
    assert (first.cached, again.cached) == (False, True)
    assert first.result == again.result
    assert first.result["steps"] == 8
    assert 0 <= first.result["test_accuracy"] <= 1
    assert [path.name for path in (tmp_path / "study" / "cells").iterdir()] == ["a.json"]


def test_a_run_that_diverges_is_a_result_too(tmp_path, monkeypatch):
    def diverge(*arguments):
        raise DivergedError("loss became nan at step 3")

    monkeypatch.setattr(cells.engine, "start_or_resume", diverge)
    options = CATALOGUE["regularization"](out=tmp_path / "study", **SMALL)
    found = measured(Cells("regularization", options, 1), {}, test=True)
    assert found.result == {"diverged": "loss became nan at step 3"}


def test_a_second_call_continues_the_study(calls):
    events = studies.run("regularization", CATALOGUE["regularization"](out=Path("study"), **SMALL))
    for _ in range(5):
        assert not next(events).cached
    events.close()
    found, _ = run("regularization")
    assert [cell.cached for cell in found] == [True] * 5 + [False] * (len(found) - 5)
    assert len(calls) == len(found)


def test_a_folder_of_another_study_is_refused(calls):
    run("regularization")
    with pytest.raises(RunError, match="is of another study, or of other options"):
        run("regularization", steps=9)


def test_studies_with_other_options_have_other_folders():
    one, other = (Cells("regularization", CATALOGUE["regularization"](seeds=n), 1).folder for n in (2, 3))
    assert one != other
    assert one.parent == other.parent == Path("studies")


def test_every_treatment_has_every_seed(calls):
    run("regularization")
    assert {(name, changes["seed"]) for name, changes, *_ in calls if "-tune" not in name} == {
        (f"{name}-seed{seed}", seed) for name in ("none", *regularization.METHODS) for seed in range(2)
    }
    assert not any("steps" in changes for _, changes, *_ in calls)


def test_early_stopping_alone_is_measured_at_its_best_validation(calls):
    run("regularization")
    assert {name.rpartition("-")[0]: use for name, _, use, _ in calls} == {
        name: "best" if name == "early-stopping" else "last" for name in ("none", *regularization.METHODS)
    }


def test_each_method_tries_equally_many_strengths_without_the_test_split(calls):
    run("regularization", strengths=2)
    tuning = [(name.rpartition("-")[0], test) for name, _, _, test in calls if "-tune" in name]
    assert sorted(tuning) == sorted([(name, False) for name in regularization.METHODS] * 2)


def test_the_strengths_in_the_middle_are_tried_first():
    assert regularization.candidates("l2", 1) == ({"l2": 3e-3},)
    assert [each["l2"] for each in regularization.candidates("l2", 3)] == [1e-3, 3e-3, 1e-2]


def test_differences_are_paired_with_none(calls):
    _, report = run("regularization")
    dropout = report.table.numbers["treatments"]["dropout"]["difference_to_baseline"]
    assert [dropout[name] for name in ("mean", "low", "high")] == pytest.approx([0.05] * 3)
    assert report.table.numbers["treatments"]["none"]["difference_to_baseline"] is None


def test_rates_are_tuned_on_validation_with_another_seed(calls):
    _, report = run("optimizers", optimizer=("momentum", "adam"), rates=3)
    tuning = [(changes, test) for name, changes, _, test in calls if "rate" in name]
    final = [(changes, test) for name, changes, _, test in calls if "seed" in name]
    assert len(tuning) == 6
    assert not any(test for _, test in tuning)
    assert all(test for _, test in final)
    assert not {changes["seed"] for changes, _ in tuning} & {changes["seed"] for changes, _ in final}
    found = report.table.numbers["optimizers"]
    assert found["momentum"]["learning_rate"] == 0.03
    assert not found["momentum"]["at_edge"]
    assert found["adam"]["at_edge"]  # 0.0095 is the greatest tried, and 0.03 would be better


def test_the_target_is_the_median_of_the_last_losses(calls):
    _, report = run("optimizers", optimizer=("momentum", "adam", "sgd"), rates=3)
    last = {"momentum": 0.1, "adam": 0.1 + 0.03 - 0.0095, "sgd": 0.102}
    assert report.table.numbers["target"] == pytest.approx(last["sgd"])
    found = report.table.numbers["optimizers"]
    assert found["momentum"]["steps_to_target"] == [1.0, 1.0]
    assert found["adam"]["steps_to_target"] == [None, None]
    assert [row[-2:] for row in report.table.rows] == [("1", "0.0 s"), ("not reached", ""), ("1", "0.0 s")]


def test_optimizers_that_diverge_do_not_move_the_target(monkeypatch):
    def measure(self, folder, changes, use, test):
        return {"diverged": "loss became nan"} if changes["optimizer"] != "adam" else fake(changes, use, test)

    monkeypatch.setattr(Cells, "_measure", measure)
    _, report = run("optimizers", optimizer=("momentum", "adam", "sgd"), rates=3)
    assert report.table.numbers["target"] == pytest.approx(0.1 + 0.03 - 0.0095)
    assert [row[-2] for row in report.table.rows] == ["not reached", "1", "not reached"]


def test_a_given_target_is_kept(calls):
    _, report = run("optimizers", optimizer=("momentum",), rates=3, target=0.5)
    assert report.table.numbers["target"] == 0.5


@pytest.mark.parametrize(
    "technique",
    [each if each in ("cnn", "mlp", "rnn") else pytest.param(each, marks=pytest.mark.slow) for each in TECHNIQUES],
)
def test_optimizers_are_compared_on_a_task_of_each_technique(tmp_path, technique, monkeypatch, capsys):
    small = ["--steps=4", "--batch-size=8", "--seeds=2", "--optimizer=adam", "--rates=1"]
    if technique in ("rnn", "transformer"):  # the test split of the default text takes minutes in batches of 8
        (tmp_path / "text.txt").write_text("a text of some words\n" * 500)
        small.append(f"--dataset={tmp_path / 'text.txt'}")
    study = [
        "dlcli",
        "study",
        "optimizers",
        f"--technique={technique}",
        *small,
        f"--out={tmp_path / 'study'}",
        "--json",
    ]
    monkeypatch.setattr(sys, "argv", study)
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    assert ended.value.code == 0, err
    numbers = json.loads(out)["optimizers"]["adam"]
    [tested] = (name for name in numbers if name.startswith("test_"))
    assert tested == {"cnn": "test_accuracy", "gan": "test_frechet_distance"}.get(technique, "test_loss")
    assert math.isfinite(numbers[tested]["mean"])
    assert [result["curve"][-1][0] for result in numbers["runs"]] == [4, 4]
    assert all(result["seconds_per_step"] > 0 for result in numbers["runs"])


def test_the_grid_of_rates_is_around_the_rate_of_the_table():
    assert CATALOGUE["optimizers"].model_fields["optimizer"].default == tuple(OPTIMIZERS)
    assert optimizers._rates(OPTIMIZERS["sgd"].study_rate, 4) == [0.01, 0.032, 0.1, 0.32]


@pytest.mark.parametrize("name", OF_CELLS)
def test_results_go_to_standard_output(name, calls, monkeypatch, capsys):
    arguments = [f"--{key.replace('_', '-')}={value}" for key, value in SMALL.items()]
    monkeypatch.setattr(sys, "argv", ["dlcli", "study", name, *arguments, "--out", "study", "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    numbers = json.loads(out)
    assert ended.value.code == 0
    assert (numbers["study"], numbers["file"]) == (name, f"study/{name}.png")
    assert Path(numbers["file"]).read_bytes().startswith(b"\x89PNG")
    assert len(err.splitlines()) == len(calls)


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_study_has_a_file_of_its_name(name):
    assert (Path(studies.__file__).parent / f"{name.replace('-', '_')}.py").is_file()


@pytest.mark.parametrize("name", OF_CELLS)
def test_a_study_yields_its_cells_and_a_report(name, calls):
    found, report = run(name)
    assert CATALOGUE[name].examples
    assert all(isinstance(cell, Cell) for cell in found)
    assert max(map(len, report.figure.sketch(80, False))) <= 80


def test_the_sample_sizes_double_up_to_the_given_number(calls):
    _, report = run("sample-size", sizes=4)
    assert report.table.numbers["sizes"] == [5, 10, 20, 40]
    assert {changes["train_examples"] for _, changes, *_ in calls} == {5, 10, 20, 40}


def test_the_exponent_of_a_power_law_is_found():
    sizes = [10, 20, 40, 80]
    errors = [[0.9 * n**-0.5, 0.7 * n**-0.3] for n in sizes]
    found = sample_size.power_law(sizes, errors)
    assert found.mean == pytest.approx(0.4)
    assert found.low < 0.3 < 0.5 < found.high


def test_without_errors_there_is_no_power_law():
    assert math.isnan(sample_size.power_law([10, 20], [[0.1, 0.1], [0.0, 0.1]]).mean)


def test_each_batch_size_sees_equally_many_examples(calls):
    run("batch-size", sizes=4)
    seen = {changes["batch_size"]: changes["batch_size"] * changes["steps"] for _, changes, *_ in calls}
    assert seen == {4: 128, 8: 128, 16: 128, 32: 128}
    rates = {changes["learning_rate"] for name, changes, *_ in calls if name.startswith("4-")}
    assert sorted(rates) == pytest.approx([tasks.RATE / 2, tasks.RATE])


def test_each_depth_is_trained_with_shortcuts_and_without(calls):
    _, report = run("depth", depths=2)
    trained = {(changes["arch"], changes["depth"]) for _, changes, *_ in calls}
    assert trained == {("plain", 8), ("resnet", 8), ("plain", 20), ("resnet", 20)}
    assert report.table.numbers["differences"]["8"]["mean"] == pytest.approx(0.0)


def test_capacity_compares_each_width_with_wrong_labels(calls):
    _, report = run("capacity", widths=2, label_noise=0.2)
    assert sorted((changes["channels"], changes.get("label_noise", 0)) for _, changes, *_ in calls) == sorted(
        [(1, 0), (2, 0), (1, 0.2), (2, 0.2)] * 2
    )
    assert report.table.numbers["label_noise"] == 0.2


def test_the_strengths_of_an_augmentation_stop_at_its_bound():
    options = CATALOGUE["augmentation"](change=("rotate", "flip"), strengths=3)
    assert augmentation.conditions(options) == ["rotate:10", "rotate:20", "rotate:30", "flip:0.5", "flip:1"]


def test_an_augmentation_is_measured_on_images_changed_the_same_way(tmp_path):
    devices.prepare("auto")
    options = {**SMALL, "steps": 2, "change": ("noise",), "strengths": 1}
    found, report = run("augmentation", **options)
    assert [list(cell.result["test_error"]) for cell in found[:2]] == [["none", "noise:0.05"]] * 2
    measured = report.table.numbers["augmentations"]["noise:0.05"]
    without = [cell.result["test_error"]["noise:0.05"] for cell in found if cell.name.startswith("none")]
    assert measured["changed_without"]["mean"] == pytest.approx(sum(without) / 2)
    assert found[0].result["test_error"]["none"] == pytest.approx(1 - _tested_alone(tmp_path))


def _tested_alone(folder):
    """The test accuracy of the first run without augmentation, by the usual evaluation."""
    cells = Cells("augmentation", CATALOGUE["augmentation"](out=folder / "alone", **{**SMALL, "steps": 2}), 1)
    request = cells.request("a", {}, seed=0, use="last", test=True)
    return next(iter(cells.run([request]))).result["test_accuracy"]


def test_the_widths_of_capacity_double(calls):
    _, report = run("capacity", widths=3)
    assert {changes["channels"] for _, changes, *_ in calls} == {1, 2, 4}
    assert report.table.numbers["reference"] == "4 channels"


def test_the_learning_rate_of_the_lowest_validation_loss_is_the_reference(calls):
    _, report = run("learning-rate", rates=5, center=0.03)
    assert report.table.numbers["best"] == report.table.numbers["reference"] == "0.03"
    assert "edge" not in report.table.title
    assert report.table.numbers["chosen_by_range_test"] == [0.01, 0.01]


def test_dropout_is_compared_with_ensembles_of_networks(tmp_path):
    devices.prepare("auto")
    options = {**SMALL, "steps": 2, "masks": 3, "networks": 2}
    found, report = run("dropout-ensemble", **options)
    assert len(found) == 2
    assert list(found[0].result["masks"]) == ["1", "2", "3"]
    # An ensemble of one network is the network with its weights scaled.
    assert found[0].result["networks"]["1"] == pytest.approx(found[0].result["weight scaling"], abs=1e-6)
    names = ["weight scaling", "1 mask", "2 masks", "3 masks", "1 network", "2 networks"]
    assert list(report.table.numbers["predictions"]) == names
    assert [path.suffix for path in Path("study/cells").iterdir()] == [".json", ".json"]


def test_the_counts_are_powers_of_two_and_the_largest():
    assert dropout_ensemble.counts(8) == [1, 2, 4, 8]
    assert dropout_ensemble.counts(6) == [1, 2, 4, 6]


def test_the_steps_of_each_run_are_reported_as_progress(tmp_path):
    options = CATALOGUE["regularization"](out=tmp_path / "study", **SMALL)
    reports = []
    with activity.listening(lambda *report: bool(reports.append(report))):
        measured(Cells("regularization", options, 3), {}, test=False)
    assert {total for name, _, total in reports if name == "1 of 3  a"} == {options.steps}
    assert reports[-1] == ("", 0, None)


def test_by_default_the_largest_sample_is_the_training_split():
    found = sample_size._sizes(CATALOGUE["sample-size"](sizes=3))
    whole = Learner.read(Train()).sizes["train"]
    assert found == [round(whole / 4), round(whole / 2), whole]


def test_a_study_that_cannot_read_its_data_creates_no_folder(tmp_path):
    options = CATALOGUE["regularization"](out=tmp_path / "study", dataset=str(tmp_path / "missing.npz"), **SMALL)
    with pytest.raises(UserError):
        list(studies.run("regularization", options))
    assert not (tmp_path / "study").exists()


def test_processes_divide_the_cells_among_them(calls):
    """A cell that is locked is left to the process that has the lock, and read once that has written it."""
    options = CATALOGUE["regularization"](out=Path("study"), **SMALL)
    ours, theirs = (Cells("regularization", options, 2) for _ in range(2))
    with cells._lock(Path("study/cells/a.json")):
        found = ours.run([ours.request(name, {}, seed=0, use="last", test=True) for name in "ab"])
        assert next(found).name == "b"
    measured(theirs, {}, test=True)
    last = next(found)
    assert (last.name, last.number, last.cached) == ("a", 2, True)
    assert [name for name, *_ in calls] == ["b", "a"]


def test_a_cell_of_a_killed_process_is_measured_again(calls):
    Path("study/cells/a.run").mkdir(parents=True)
    Path("study/cells/a.lock").touch()
    options = CATALOGUE["regularization"](out=Path("study"), **SMALL)
    assert not measured(Cells("regularization", options, 1), {}, test=True).cached
    assert [path.name for path in Path("study/cells").iterdir()] == ["a.json"]


def test_the_run_of_a_killed_process_continues(monkeypatch, tmp_path):
    devices.prepare("auto")
    options = CATALOGUE["regularization"](out=tmp_path / "whole", **SMALL)
    whole = measured(Cells("regularization", options, 1), {}, test=True)
    options = options.model_copy(update={"out": tmp_path / "killed"})
    train, started = cells.engine.start_or_resume, []

    def killed(*arguments):
        for event in train(*arguments):
            if isinstance(event, cells.engine.Validated) and event.step == 5:
                raise KeyboardInterrupt
            yield event

    with monkeypatch.context() as patch:
        patch.setattr(cells.engine, "start_or_resume", killed)
        with pytest.raises(KeyboardInterrupt):
            measured(Cells("regularization", options, 1), {}, test=True)

    def observed(*arguments):
        for event in train(*arguments):
            started.extend([event.step] if isinstance(event, cells.engine.Started) else [])
            yield event

    monkeypatch.setattr(cells.engine, "start_or_resume", observed)
    assert measured(Cells("regularization", options, 1), {}, test=True).result == whole.result
    assert started == [4]


def recorded(folder):
    options = CATALOGUE["regularization"](out=Path(folder), storage="study.log", **SMALL)
    return Cells("regularization", options, 2)


def in_all(cells):
    return cells.run([cells.request(name, {}, seed=0, use="last", test=True) for name in "ab"])


def test_hosts_that_share_a_storage_make_each_run_once(calls):
    first = in_all(recorded("one"))
    assert next(first).name == "a"
    assert [(cell.name, cell.cached) for cell in in_all(recorded("other"))] == [("a", True), ("b", False)]
    assert [(cell.name, cell.cached) for cell in first] == [("b", True)]
    assert [name for name, *_ in calls] == ["a", "b"]
    one, other = (sorted(Path(name, "cells").iterdir()) for name in ("one", "other"))
    assert [path.read_text() for path in one] == [path.read_text() for path in other]


def test_the_cell_of_a_lost_host_is_measured_elsewhere(calls, monkeypatch):
    lost = recorded("lost")._recorded
    lost.plan(2)
    claim = lost.claimed()
    assert claim.__enter__().number == 0
    monkeypatch.setattr(heartbeat, "STOPPED", 0.2)  # the next beat comes after 10 s
    assert sorted(cell.name for cell in in_all(recorded("other"))) == ["a", "b"]
    assert sorted(name for name, *_ in calls) == ["a", "b"]
    claim.__exit__(None, None, None)


def test_the_run_of_a_lost_host_continues_where_its_folder_can_be_read(calls, monkeypatch):
    lost = recorded("lost")._recorded
    lost.plan(2)
    claim = lost.claimed()
    assert claim.__enter__().number == 0
    Path("lost/cells/a.run").mkdir(parents=True)
    Path("lost/cells/a.run/begun").write_text("")
    monkeypatch.setattr(heartbeat, "STOPPED", 0.2)
    copies = []
    monkeypatch.setattr(cells, "copied", lambda *folders: copies.append((*folders, copied(*folders))))
    assert sorted(cell.name for cell in in_all(recorded("other"))) == ["a", "b"]
    assert copies == [(Path("lost/cells/a.run").absolute(), Path("other/cells/a.run"), True)]
    claim.__exit__(None, None, None)


def test_another_study_in_the_same_trials_is_refused(calls):
    list(in_all(recorded("one")))
    other = recorded("other")
    with pytest.raises(RunError, match="another version of dlcli"):
        list(other.run([other.request("c", {}, seed=0, use="last", test=True)]))


@pytest.mark.slow
def test_two_workers_give_the_results_of_one(dlcli):
    given = [f"--{name.replace('_', '-')}={value}" for name, value in {**SMALL, "widths": 2}.items()]
    results = []
    for workers in (1, 2):
        code, out, _ = dlcli("study", "capacity", *given, "--workers", workers, "--out", workers, "--json")
        assert code == 0
        results.append(json.loads(out)["conditions"])
    assert results[0] == results[1]


@pytest.mark.slow
@pytest.mark.parametrize("place", ["journal", "postgresql"])
def test_two_hosts_one_of_them_killed_give_the_results_of_one(dlcli, place):
    given = [f"--{name.replace('_', '-')}={value}" for name, value in {**SMALL, "steps": 300, "widths": 3}.items()]
    study = ["study", "capacity", *given]
    with postgresql() if place == "postgresql" else contextlib.nullcontext("study.log") as storage:
        program = [sys.executable, "-m", "dlcli", *study, "--json", "--storage", storage, "--out"]
        killed = subprocess.Popen([*program, "killed"], stdout=subprocess.DEVNULL)
        other = subprocess.Popen([*program, "other"], stdout=subprocess.PIPE)
        end = time.monotonic() + 300
        while not list(Path("killed/cells").glob("*.run/metrics.jsonl")):  # its first run has begun
            assert killed.poll() is None
            assert time.monotonic() < end
            time.sleep(0.05)
        killed.kill()
        killed.wait()
        run = next(Path("killed/cells").glob("*.run"))
        continued = subprocess.run([*program, "killed"], stdout=subprocess.PIPE, timeout=600)
        found = [json.loads(continued.stdout), json.loads(other.communicate(timeout=600)[0])]
        assert not run.exists()
    code, out, _ = dlcli(*study, "--out", "alone", "--json")
    assert code == 0
    for each in found:
        assert each["conditions"] == json.loads(out)["conditions"]
    names = [sorted(path.name for path in Path(name, "cells").iterdir()) for name in ("killed", "other", "alone")]
    assert names[0] == names[1] == names[2]
    assert len(names[0]) == 6
