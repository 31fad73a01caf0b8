"""Kills at random moments, after which every run ends as if nothing had happened."""

import signal
import time

from dlcli import techniques
from tests.comparing import assert_same_run
from tests.fuzz.harness import faults, said
from tests.fuzz.trained import flags


def test_a_run_killed_at_random_moments_ends_bit_for_bit_as_one_that_was_not(campaign, trained):
    names = [name for name, technique in trained.names.items() if technique in techniques.having("resume")]

    def attempt(random, place):
        name = random.choice(names)
        begin = ["train", trained.names[name], *flags({**trained.options[name], "out": "run"})]
        wrong, told, words = [], [], begin
        for _ in range(random.choice([1, 2, 4])):
            moment = random.uniform(0, trained.seconds[name])
            process = place.start(*words)
            ended = killed(process, moment)
            told.append(f"{process.command()}  # killed after {moment:.2f} s")
            wrong += faults(ended, {0, -signal.SIGKILL})
            words = begin if not (place.work / "run" / "options.json").exists() else ["resume", "run"]
            if ended.code == 0:
                break
        if not finished(place.work / "run"):
            found = place.run(*words)
            wrong += said(found, faults(found, {0}))
        wrong = wrong or compared(trained.path(name), place.work / "run")
        return [*told, *wrong] if wrong else []

    campaign(attempt, 30)


def killed(process, moment):
    """Kill a process after so many seconds, and return how it ended."""
    if not process.ended(process.began + moment - time.monotonic()):
        process.send(signal.SIGKILL)
    return process.wait()


def finished(folder):
    path = folder / "run.json"
    return path.exists() and '"reason": "steps"' in path.read_text()


def compared(reference, folder):
    """Return how a run that was killed differs from one that was not, and what it left behind."""
    wrong = [f"left behind: {path.relative_to(folder)}" for path in folder.rglob(".*")]
    try:
        assert_same_run(reference, folder)
    except Exception as error:
        wrong.append(f"not bit for bit {reference}: {type(error).__name__} {str(error)[:300]}")
    return wrong


def test_a_tokenizer_killed_in_training_is_there_as_a_whole_or_can_be_trained_again(campaign, trained):
    names = [name for name, technique in trained.names.items() if technique not in techniques.having("resume")]

    def attempt(random, place):
        name = random.choice(names)
        words = ["train", trained.names[name], *flags({**trained.options[name], "out": "run"})]
        ended = killed(place.start(*words), random.uniform(0, trained.seconds[name]))
        wrong = faults(ended, {0, -signal.SIGKILL})
        if not (place.work / "run" / "options.json").exists():
            found = place.run(*words)
            wrong += said(found, faults(found, {0}))
        kept = ("facts.json", "tokenizer.json")
        for path in (trained.path(name) / each for each in kept):
            if not wrong and path.exists() and path.read_bytes() != (place.work / "run" / path.name).read_bytes():
                wrong.append(f"{path.name} is not what it is without a kill")
        return wrong

    campaign(attempt, 20)


def test_a_killed_study_and_a_killed_reader_leave_nothing_that_the_next_call_trips_over(campaign, trained):
    lines = {
        "study": [
            "study",
            "optimizers",
            "--optimizer",
            "sgd",
            "--rates",
            "1",
            "--seeds",
            "2",
            "--steps",
            "2",
            "--no-show",
        ],
        "predict": ["predict", "cnn", "--run", trained.path("cnn"), "pictures/a"],
        "data": ["data", "show", "folder:pictures"],
        "viz": ["viz", "confusion", "--run", "runs/cnn", "--no-show"],
        "vectors": ["predict", "word2vec", "--run", trained.path("word2vec"), "--vectors", "vectors.txt"],
    }

    def attempt(random, place):
        from tests.fuzz.files import scatter

        scatter(place.work)
        trained.copy(place, ["cnn"])
        words = lines[random.choice(list(lines))]
        ended = killed(place.start(*words), random.uniform(0, 2))
        found = place.run(*words)
        return said(found, faults(ended, {0, -signal.SIGKILL}) + faults(found, {0}))

    campaign(attempt, 20)
