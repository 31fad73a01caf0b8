"""Searches: exactly N trials, each an ordinary run; killed trials continue their runs."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import optuna
import pytest

from dlcli.errors import DiskError, RunError, UsageError
from dlcli.runs.folder import RunFolder
from dlcli.runs.trials import heartbeat, storage
from dlcli.runs.trials.claims import Claims
from dlcli.techniques.mlp.learner import Learner
from dlcli.tuned import tune as dlcli_tune
from dlcli.tuning import loop, options, results, sampling, search
from dlcli.tuning.events import Begun, Finished, Paused, from_line, to_line
from tests.comparing import arrays, assert_same_arrays
from tests.postgresql import postgresql

TINY = {"steps": 8, "batch_size": 16, "points": 40, "hidden_sizes": "3", "save_every": 2, "report_every": 4}
POEM = Path(__file__).parents[1] / "texts" / "jabberwocky.txt"
RATES = ("learning-rate=1e-3..1e-1:log", "seed=0,1,2")


def begun(param=RATES, fixed=TINY, **chosen):
    model = options.model("mlp")
    given = model.model_validate(
        {"param": param, "out": Path("search"), **({} if "sampler" in chosen else {"trials": 2}), **chosen, **fixed}
    )
    return search.begin(search.space_of("mlp", given, dict(fixed)), given)


def finish(one, stop=lambda: None):
    return [each for each in loop.work(one, stop) if isinstance(each, Begun | Finished | Paused)]


def signalled(calls):
    """Return a function that returns no signal at first, and SIGTERM after some calls."""
    asked = iter([None] * calls)
    return lambda: next(asked, "SIGTERM")


def test_each_trial_is_a_run_in_the_folder_of_the_search():
    one = begun(pruner="none")
    ended = [each for each in finish(one) if isinstance(each, Finished)]
    assert [each.number for each in ended] == [0, 1]
    for each in ended:
        run = RunFolder(one.folder.run(each.number))
        assert run.options(Learner).learning_rate == each.values["learning_rate"]
        assert run.info().ended.best["loss"] == each.value
    found = results.read(one)
    assert found.best.value == min(each.value for each in ended)
    assert results.numbers(found)["best"]["run"] == str(one.folder.run(found.best.number))
    assert finish(begun()) == []  # the same command has nothing left to do


def test_more_trials_extend_a_search():
    begun(trials=1)
    assert [each.state for each in results.read(begun(trials=3)).trials] == ["waiting"] * 3
    assert len(results.read(begun(trials=2)).trials) == 2


def test_the_command_of_the_best_run_trains_the_same_run(dlcli):
    one = begun(trials=1)
    finish(one)
    found = results.read(one)
    words = results.train_command(found, found.best).split()[1:]
    assert dlcli(*words, "--out", "again")[0] == 0
    assert RunFolder(Path("again")).info().ended.best == RunFolder(one.folder.run(0)).info().ended.best


def test_a_paused_trial_continues_its_run_bit_for_bit():
    whole = begun(trials=1, out=Path("whole"))
    finish(whole)
    paused = begun(trials=1, out=Path("paused"))
    last = finish(paused, signalled(5))[-1]
    assert isinstance(last, Paused)
    assert 0 < last.step < 8
    first, *_ = finish(paused)
    assert first.resumed
    one, other = (RunFolder(each.folder.run(0)).restore(None)[0] for each in (whole, paused))
    assert all((one[name] == other[name]).all() for name in one)


def test_a_claimed_trial_is_not_given_to_another_worker():
    one = begun(trials=2)
    opened = storage.opened(one.place)
    study_id = opened.get_study_id_from_name(one.folder.name)
    storage.fill(opened, study_id, 4)  # as two hosts do that create trials
    claims = Claims(opened, study_id, one.folder.locks, 2)
    with claims.next() as first, claims.next() as second:
        assert (first.number, second.number) == (0, 1)
        with claims.next() as third:
            assert third is None
    with claims.next() as again:  # its lock is free, as after a kill
        assert (again.number, again.resumed) == (0, True)


def test_a_bad_trial_is_pruned(monkeypatch):
    monkeypatch.setattr(sampling, "_STARTUP", 1)
    one = begun(("learning-rate=0.05,1e-6",), {**TINY, "validate_every": 2}, sampler="grid")
    good, bad = [each for each in finish(one) if isinstance(each, Finished)]
    assert (good.state, bad.state) == ("complete", "pruned")
    assert RunFolder(one.folder.run(1)).info().ended.reason == "pruned"
    assert bad.step < 8


def test_a_trial_that_diverges_is_a_result():
    [_, ended] = finish(begun(("learning-rate=1e5,1e6",), {**TINY, "optimizer": "sgd"}, trials=1))
    assert (ended.state, ended.value) == ("diverged", None)
    assert "became" in ended.message


def test_options_that_do_not_fit_each_other_are_a_result():
    model = options.model("transformer")
    fixed = {"dataset": str(POEM), "layers": 1, "d_model": 8, "context": 8, "batch_size": 4, "steps": 2}
    given = model.model_validate({"param": ("heads=3",), "out": Path("search"), "trials": 1, **fixed})
    [_, ended] = finish(search.begin(search.space_of("transformer", given, fixed), given))
    assert (ended.state, ended.value) == ("invalid", None)
    assert "heads" in ended.message


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_the_draws_of_a_trial_depend_on_its_number_alone(sampler):
    drawn = []
    for folder in ("one", "other"):
        one = begun(sampler=sampler, trials=4, out=Path(folder))
        opened = storage.opened(one.place)
        studies = [sampling.study(opened, one.folder.name, sampler, seed=number) for number in range(4)]
        order = range(4) if folder == "one" else reversed(range(4))
        values = {}
        for number in order:
            each = optuna.trial.Trial(studies[number], opened.get_all_trials(0)[number]._trial_id)
            values[number] = one.space.assigned(lambda range_, each=each: sampling.suggest(each, range_))
        drawn.append(values)
    assert drawn[0] == drawn[1]
    assert len({str(each) for each in drawn[0].values()}) == 4


def test_a_folder_of_another_search_is_refused():
    begun()
    with pytest.raises(RunError, match="of another search"):
        begun(("learning-rate=1e-3..1e-2:log",))


def test_a_database_that_cannot_be_reached_leaves_no_folder():
    with pytest.raises(DiskError, match="cannot be used"):
        begun(storage="sqlite:////nowhere/at/all.db")
    assert not Path("search").exists()


def test_a_search_in_a_database_joins_from_another_folder():
    first = begun(storage="sqlite:///search.db", trials=1, name="joint")
    finish(first)
    second = begun(storage="sqlite:///search.db", trials=2, name="joint", out=Path("other"))
    ended = [each for each in finish(second) if isinstance(each, Finished)]
    assert [each.number for each in ended] == [1]
    assert second.folder.run(1).exists()
    assert not second.folder.run(0).exists()


def test_a_trial_of_another_host_stays_there_while_its_heart_beats():
    first = begun(storage="sqlite:///search.db", trials=1, name="joint")
    second = begun(storage="sqlite:///search.db", trials=1, name="joint", out=Path("other"))
    work = loop.work(first, lambda: None)
    next(work)
    assert finish(second, signalled(2)) == []
    ended = [each for each in work if isinstance(each, Finished)]
    assert [each.number for each in ended] == [0]
    assert not second.folder.run(0).exists()


def test_the_trial_of_a_lost_host_is_taken_over(monkeypatch):
    first = begun(storage="sqlite:///search.db", trials=1, name="joint")
    finish(first, signalled(6))
    first.folder.path.rename("unreachable")
    second = begun(storage="sqlite:///search.db", trials=1, name="joint", out=Path("other"))
    monkeypatch.setattr(heartbeat, "STOPPED", 0.5)
    ended = finish(second)
    assert (ended[0].resumed, type(ended[-1])) == (False, Finished)
    assert "sessions" not in RunFolder(second.folder.run(0)).raw("run.json")
    Path("unreachable").rename(first.folder.path)
    assert finish(first) == []  # no longer its trial


def test_the_run_of_a_lost_host_continues_where_its_folder_can_be_read(monkeypatch):
    first = begun(storage="sqlite:///search.db", trials=1, name="joint")
    finish(first, signalled(6))
    steps = RunFolder(first.folder.run(0)).saved_steps()
    assert 0 < steps[-1] < TINY["steps"]
    second = begun(storage="sqlite:///search.db", trials=1, name="joint", out=Path("other"))
    monkeypatch.setattr(heartbeat, "STOPPED", 0.5)
    ended = finish(second)
    assert (ended[0].resumed, type(ended[-1])) == (True, Finished)
    sessions = RunFolder(second.folder.run(0)).info().sessions
    assert [session.from_step for session in sessions] == [steps[-1]]
    assert RunFolder(first.folder.run(0)).saved_steps() == steps  # its host may be at work again
    finish(begun(trials=1, out=Path("unbroken")))
    assert_same_arrays(arrays(Path("unbroken/trials/0000")), arrays(second.folder.run(0)))


def test_a_folder_of_the_same_path_on_another_disk_is_not_that_of_the_lost_host(monkeypatch):
    first = begun(storage="sqlite:///search.db", trials=1, name="joint")
    finish(first, signalled(6))
    (first.folder.path / "locks" / "id").write_text("of another host")
    second = begun(storage="sqlite:///search.db", trials=1, name="joint", out=Path("other"))
    monkeypatch.setattr(heartbeat, "STOPPED", 0.5)
    assert not finish(second)[0].resumed


def test_hosts_that_start_together_try_each_point_of_a_grid_once():
    one = begun(("learning-rate=0.01,0.02", "seed=0,1"), sampler="grid")
    opened = storage.opened(one.place)
    opened.create_new_trial(0)  # as another host does at the same moment
    values = [str(each.values) for each in finish(one) if isinstance(each, Begun)]
    assert len(values) == len(set(values)) == 4


def test_events_survive_a_pipe():
    event = Finished(3, {"a": 1}, "complete", 0.5, "loss", 8, rising=True)
    assert from_line(to_line(event)) == event


def test_the_command_prints_a_table_and_the_best_command(dlcli):
    given = [f"--{name.replace('_', '-')}={value}" for name, value in TINY.items()]
    code, out, err = dlcli("tune", "mlp", *given, "--param", RATES[0], "--trials", 2, "--out", "search")
    assert code == 0
    assert "dlcli train mlp --batch-size 16 --steps 8" in err
    assert (Path("search") / "search.png").exists()
    code, out, _ = dlcli("tune", "mlp", *given, "--param", RATES[0], "--trials", 2, "--out", "search", "--json")
    found = json.loads(out)
    assert [each["state"] for each in found["trials"]] == ["complete"] * 2
    assert found["best"]["command"].startswith("dlcli train mlp")


def test_a_search_from_python_is_that_of_the_command_line():
    params = {"learning_rate": "1e-3..1e-1:log", "seed": [0, 1, 2]}
    events = []
    found = dlcli_tune("mlp", params, trials=2, out="search", progress=events.append, **TINY)
    assert [each.state for each in found.trials] == ["complete"] * 2
    assert found.best.options.learning_rate == found.numbers["best"]["values"]["learning_rate"]
    assert found.figure().name == "search"
    assert [each.number for each in events if isinstance(each, Finished)] == [0, 1]
    assert [each.state for each in results.read(begun()).trials] == ["complete"] * 2  # one search
    with pytest.raises(UsageError, match="there is no option 'rate'"):
        dlcli_tune("mlp", {"rate": [1]})


def test_cmaes_searches_ranges_of_numbers():
    pytest.importorskip("cmaes")
    one = begun(
        ("learning-rate=1e-3..1e-1:log", "weight-decay=0..0.1"), {**TINY, "steps": 2}, sampler="cmaes", trials=6
    )
    found = [each.values for each in finish(one) if isinstance(each, Finished)]
    assert len({str(each) for each in found}) == 6
    assert all(1e-3 <= each["learning_rate"] <= 1e-1 and 0 <= each["weight_decay"] <= 0.1 for each in found)
    assert results.read(one).best.value == min(each.value for each in results.read(one).trials)


def test_hyperband_ends_bad_trials_at_its_rungs():
    fixed = {**TINY, "steps": 27, "validate_every": 1, "optimizer": "sgd"}
    one = begun(("learning-rate=0.3,1e-6", "seed=0,1,2,3,4,5"), fixed, sampler="grid", pruner="hyperband")
    ended = [each for each in finish(one) if isinstance(each, Finished)]
    assert {each.state for each in ended} == {"complete", "pruned"}
    pruned = [each for each in ended if each.state == "pruned"]
    assert all(each.step < 27 for each in pruned)
    assert results.read(one).best.values["learning_rate"] == 0.3


@pytest.mark.slow
def test_a_killed_worker_is_replaced_and_its_run_continues():
    kill_one_of_four(["--out", "search"])


@pytest.mark.slow
def test_four_workers_share_a_search_in_postgresql():
    with postgresql() as url:
        kill_one_of_four(["--out", "search", "--storage", url])


def kill_one_of_four(more):
    """Run twelve trials with four workers, kill one worker in its first run, and check what is left."""
    given = {**TINY, "steps": 600, "validate_every": 60, "save_every": 50}
    words = [f"--{name.replace('_', '-')}={value}" for name, value in given.items()]
    command = [sys.executable, "-m", "dlcli", "tune", "mlp", *words, "--param", RATES[0], "--trials", "12"]
    process = subprocess.Popen([*command, "--workers", "4", "--json", *more], stdout=subprocess.PIPE, text=True)
    victim = wait_for_worker(process.pid)
    os.kill(victim, signal.SIGKILL)
    out, _ = process.communicate(timeout=1200)
    assert process.returncode == 0
    found = json.loads(out)
    assert len(found["trials"]) == 12
    assert {each["state"] for each in found["trials"]} <= {"complete", "pruned"}
    folders = sorted(each.name for each in Path("search/trials").iterdir())
    assert folders == [f"{number:04d}" for number in range(12)]
    resumed = [each for each in folders if RunFolder(Path("search/trials", each)).info().sessions]
    assert resumed
    complete = next(each for each in found["trials"] if each["state"] == "complete")
    rate = f"--learning-rate={complete['values']['learning_rate']}"
    again = subprocess.run([*command[:3], "train", "mlp", *words, rate, "--out", "again"], timeout=600)
    assert again.returncode == 0
    [one, other] = (
        RunFolder(each).info().ended.best
        for each in (Path("again"), Path("search/trials", f"{complete['number']:04d}"))
    )
    assert one == other


def wait_for_worker(parent):
    """Return the process id of a worker of `parent` whose run has a checkpoint after the first one."""
    end = time.monotonic() + 300
    while time.monotonic() < end:
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        steps = [
            each for each in Path("search/trials").glob("*/checkpoints/*") if each.name.isdecimal() and int(each.name)
        ]
        if steps:
            folder = steps[0].parents[1].resolve()
            for child in children:
                for handle in Path(f"/proc/{child}/fd").iterdir():
                    if handle.exists() and Path(os.readlink(handle)) == folder:
                        return int(child)
        time.sleep(0.05)
    raise AssertionError("no worker has begun")


def test_a_database_without_its_driver_is_an_error_that_names_it():
    with pytest.raises(UsageError, match=r"oracle://nohost/x needs a driver that is not installed: \w+"):
        storage.opened("oracle://nohost/x")
