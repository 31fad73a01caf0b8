"""Several programs at the same time: on one run folder, in one second, on one cache."""

import json
import shutil
import time

from tests.fuzz.comparison import differences
from tests.fuzz.harness import problems, with_command
from tests.fuzz.sample_data import write_samples
from tests.fuzz.small_runs import RESUMED_STEPS


def run_together(random, sandbox, commands):
    """Start commands within half a second each; return their results."""
    processes = []
    for words in commands:
        processes.append(sandbox.start(*words))
        time.sleep(random.choice([0, 0, random.uniform(0, 0.5)]))
    return [process.wait() for process in processes]


def every_problem(results, codes):
    return [each for result in results for each in with_command(result, problems(result, codes))]


def test_exactly_one_of_several_programs_trains_in_a_given_folder(campaign, runs):
    def run_case(random, sandbox):
        name = random.choice(runs.resumable)
        results = run_together(random, sandbox, [runs.train_words(name, out="run")] * random.choice([2, 3]))
        wrong = every_problem(results, {0, 2, 4})
        codes = [result.code for result in results]
        if codes.count(0) != 1:
            wrong.append(f"one program must train, found the exit codes {codes}")
        return wrong or differences(runs.path(name), sandbox.work / "run")

    campaign(run_case, 6)


def test_runs_that_start_in_the_same_second_have_different_folders(campaign, runs):
    def run_case(random, sandbox):
        name = random.choice(["cnn", "rnn", "tokenizer", "word2vec"])
        results = run_together(random, sandbox, [runs.train_words(name)] * 3)
        wrong = every_problem(results, {0})
        folders = sorted((sandbox.work / "runs").iterdir())
        if len(folders) != len(results):
            wrong.append(f"{len(results)} runs, found the folders {[path.name for path in folders]}")
        if not wrong and name in runs.resumable:
            wrong += [each for path in folders for each in differences(runs.path(name), path)]
        return wrong

    campaign(run_case, 6)


def test_programs_that_share_an_empty_cache_have_the_results_of_one_alone(campaign, runs):
    def run_case(random, sandbox):
        write_samples(sandbox.work)
        sandbox.cache = sandbox.folder / "cache"
        dataset = random.choice(["folder:images", "images.npz", "moods.tsv"])
        commands = [
            ["data", "show", dataset, "--json"],
            ["data", "show", dataset, "--json"],
            ["data", "check", dataset],
        ]
        if dataset != "moods.tsv" and random.random() < 0.5:
            changes = {"dataset": dataset, "batch_size": 4, "steps": 2}
            commands += [runs.train_words("cnn", **changes, out=f"run{number}") for number in range(2)]
        random.shuffle(commands)
        results = run_together(random, sandbox, commands)
        checks = [result for result in results if "data check" in result.command]
        others = [result for result in results if "data check" not in result.command]
        wrong = every_problem(checks, {0, 3}) + every_problem(others, {0})
        if len({result.stdout for result in others if "data show" in result.command}) > 1:
            wrong.append("`data show` printed two different results")
        if not wrong and (sandbox.work / "run1").exists():
            wrong += differences(sandbox.work / "run0", sandbox.work / "run1")
        return wrong

    campaign(run_case, 6)


def test_readers_work_while_a_run_is_trained_copied_or_removed(campaign, runs):
    def run_case(random, sandbox):
        runs.copy(sandbox, ["cnn", "rnn"])
        writer = sandbox.start(*runs.train_words("cnn", steps=40, save_every=1, keep=1, out="runs/new"))
        wrong = []
        for _ in range(4):
            words = random.choice(
                [["runs", "list", "--json"], ["eval", "runs/new"], ["runs", "show", "runs/new"], ["resume", "runs/new"]]
            )
            result = sandbox.run(*words)
            found = problems(result, {0} if words[1] == "list" else {0, 2, 4})
            if words[1] == "list" and not found:
                listed = {run["run"] for run in json.loads(result.stdout)["runs"]}
                found += [] if {"cnn", "rnn"} <= listed else [f"it lists only {listed}"]
            wrong += with_command(result, found)
            if random.random() < 0.2:
                shutil.rmtree(sandbox.work / "runs" / "rnn", ignore_errors=True)
                runs.copy(sandbox, ["rnn"])
        return wrong + every_problem([writer.wait()], {0, 2, 4})

    campaign(run_case, 5)


def test_a_run_resumed_by_two_programs_equals_one_resumed_by_one(campaign, runs):
    def run_case(random, sandbox):
        name = random.choice(runs.resumable)
        runs.copy(sandbox, [name])
        results = run_together(random, sandbox, [["resume", f"runs/{name}", "--steps", RESUMED_STEPS]] * 2)
        wrong = every_problem(results, {0, 2, 4})
        if 0 not in (codes := [result.code for result in results]):
            wrong.append(f"one program must resume it, found the exit codes {codes}")
        return wrong or differences(runs.resumed(name), sandbox.work / "runs" / name)

    campaign(run_case, 5)
