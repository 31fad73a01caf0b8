"""Several programs at once: on one folder, in one second, on one cache."""

import json
import shutil
import time

from dlcli import techniques
from tests.comparing import assert_same_run
from tests.fuzz.files import scatter
from tests.fuzz.harness import faults, said
from tests.fuzz.trained import FURTHER, flags


def at_once(random, place, lines, **how):
    """Start commands within half a second, and return how they ended."""
    begun = []
    for words in lines:
        begun.append(place.start(*words, **how))
        time.sleep(random.choice([0, 0, random.uniform(0, 0.5)]))
    return [process.wait() for process in begun]


def same(left, right):
    try:
        assert_same_run(left, right)
    except Exception as error:
        return [f"{right} is not bit for bit {left}: {type(error).__name__} {str(error)[:200]}"]
    return []


def test_of_several_that_train_in_one_folder_one_does_and_the_others_are_refused(campaign, trained):
    names = [name for name, technique in trained.names.items() if technique in techniques.having("resume")]

    def attempt(random, place):
        name = random.choice(names)
        words = ["train", trained.names[name], *flags({**trained.options[name], "out": "run"})]
        found = at_once(random, place, [words] * random.choice([2, 3]))
        wrong = [each for one in found for each in said(one, faults(one, {0, 2, 4}))]
        if [one.code for one in found].count(0) != 1:
            wrong.append(f"one must win, found the exit codes {[one.code for one in found]}")
        return wrong or same(trained.path(name), place.work / "run")

    campaign(attempt, 10)


def test_runs_that_begin_in_the_same_second_have_folders_of_their_own(campaign, trained):
    def attempt(random, place):
        name = random.choice(["cnn", "rnn", "tokenizer", "word2vec"])
        words = ["train", trained.names[name], *flags(trained.options[name])]
        found = at_once(random, place, [words] * 3)
        wrong = [each for one in found for each in said(one, faults(one, {0}))]
        there = sorted((place.work / "runs").iterdir())
        if len(there) != len(found):
            wrong.append(f"{len(found)} runs, found the folders {[path.name for path in there]}")
        if not wrong and trained.names[name] in techniques.having("resume"):
            wrong += [each for path in there for each in same(trained.path(name), path)]
        return wrong

    campaign(attempt, 8)


def test_those_that_share_an_empty_cache_all_get_what_one_alone_gets(campaign, trained):
    def attempt(random, place):
        scatter(place.work)
        place.cache = place.folder / "cache"
        options = {**trained.options["cnn"], "batch_size": 4, "steps": 2}
        dataset = random.choice(["folder:pictures", "images.npz", "moods.tsv"])
        lines = [["data", "show", dataset, "--json"], ["data", "show", dataset, "--json"], ["data", "check", dataset]]
        if dataset != "moods.tsv" and random.random() < 0.5:
            lines += [["train", "cnn", *flags({**options, "dataset": dataset, "out": f"run{n}"})] for n in range(2)]
        random.shuffle(lines)
        found = at_once(random, place, lines)
        wrong = [each for one in found for each in said(one, faults(one, {0, 3} if "check" in one.command else {0}))]
        shown = {one.text for one in found if "show" in one.command}
        wrong += ["they do not show the same"] if len(shown) > 1 else []
        if not wrong and (place.work / "run1").exists():
            wrong += same(place.work / "run0", place.work / "run1")
        return wrong

    campaign(attempt, 15)


def test_readers_never_trip_over_a_run_that_is_being_trained_copied_or_removed(campaign, trained):
    def attempt(random, place):
        trained.copy(place, ["cnn", "rnn"])
        options = {**trained.options["cnn"], "steps": 40, "save_every": 1, "keep": 1, "out": "runs/new"}
        writer = place.start("train", "cnn", *flags(options))
        wrong = []
        for _ in range(4):
            words = random.choice(
                [["runs", "list", "--json"], ["eval", "runs/new"], ["runs", "show", "runs/new"], ["resume", "runs/new"]]
            )
            found = place.run(*words)
            each = faults(found, {0} if words[1] == "list" else {0, 2, 4})
            if words[1] == "list" and not each:
                there = {run["run"] for run in json.loads(found.text)["runs"]}
                each += [] if {"cnn", "rnn"} <= there else [f"it lists only {there}"]
            wrong += said(found, each)
            if random.random() < 0.2:
                shutil.rmtree(place.work / "runs" / "rnn", ignore_errors=True)
                trained.copy(place, ["rnn"])
        ended = writer.wait()
        return wrong + said(ended, faults(ended, {0, 2, 4}))

    campaign(attempt, 10)


def test_a_run_resumed_by_two_at_once_goes_on_as_if_by_one(campaign, trained):
    names = [name for name, technique in trained.names.items() if technique in techniques.having("resume")]

    def attempt(random, place):
        name = random.choice(names)
        trained.copy(place, [name])
        found = at_once(random, place, [["resume", f"runs/{name}", "--steps", FURTHER]] * 2)
        wrong = [each for one in found for each in said(one, faults(one, {0, 2, 4}))]
        if 0 not in [one.code for one in found]:
            wrong.append(f"one must go on, found the exit codes {[one.code for one in found]}")
        return wrong or same(trained.resumed(name), place.work / "runs" / name)

    campaign(attempt, 10)
