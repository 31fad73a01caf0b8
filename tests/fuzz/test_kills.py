"""Programs killed at random moments: the next command completes what they began."""

import signal
import time

from tests.fuzz.comparison import differences, drafts
from tests.fuzz.harness import problems, with_command
from tests.fuzz.sample_data import write_samples
from tests.fuzz.small_runs import STUDY, flags

ENDINGS = {0, -signal.SIGKILL}  # exit codes of a command that is killed, perhaps too late


def killed(process, moment):
    """Kill a process `moment` seconds after its start; return its result."""
    if not process.ended(process.started + moment - time.monotonic()):
        process.send(signal.SIGKILL)
    return process.wait()


def test_a_run_killed_at_random_moments_equals_an_uninterrupted_one(campaign, runs):
    def run_case(random, sandbox):
        name = random.choice(runs.resumable)
        train = words = runs.train_words(name, out="run")
        wrong, history = [], []
        for _ in range(random.choice([1, 2, 4])):
            moment = random.uniform(0, runs.seconds[name])
            process = sandbox.start(*words)
            result = killed(process, moment)
            history.append(f"{process.command()}  # killed after {moment:.2f} s")
            wrong += problems(result, ENDINGS)
            words = ["resume", "run"] if (sandbox.work / "run" / "options.json").exists() else train
            if result.code == 0:
                break
        if not finished(sandbox.work / "run"):
            result = sandbox.run(*words)
            wrong += with_command(result, problems(result, {0}))
        wrong = wrong or differences(runs.path(name), sandbox.work / "run") + drafts(sandbox.work / "run")
        return [*history, *wrong] if wrong else []

    campaign(run_case, 14)


def finished(folder):
    path = folder / "run.json"
    return path.exists() and '"reason": "steps"' in path.read_text()


def test_a_tokenizer_killed_in_training_can_be_trained_again(campaign, runs):
    names = [name for name in runs.techniques if name not in runs.resumable]

    def run_case(random, sandbox):
        name = random.choice(names)
        words = runs.train_words(name, out="run")
        result = killed(sandbox.start(*words), random.uniform(0, runs.seconds[name]))
        wrong = problems(result, ENDINGS)
        if not (sandbox.work / "run" / "options.json").exists():
            second = sandbox.run(*words)
            wrong += with_command(second, problems(second, {0}))
        for path in (runs.path(name) / each for each in ("facts.json", "tokenizer.json")):
            if not wrong and path.exists() and path.read_bytes() != (sandbox.work / "run" / path.name).read_bytes():
                wrong.append(f"{path.name} differs from that of an uninterrupted run")
        return wrong

    campaign(run_case, 10)


def test_a_command_works_after_the_same_command_was_killed(campaign, runs):
    commands = [
        ["study", "optimizers", *flags(STUDY), "--no-show"],
        ["predict", "cnn", "--run", runs.path("cnn"), "images/a"],
        ["data", "show", "folder:images"],
        ["viz", "confusion", "--run", "runs/cnn", "--no-show"],
        ["export", runs.path("word2vec"), "--format", "word2vec", "--overwrite", "--out", "vectors.txt"],
    ]

    def run_case(random, sandbox):
        write_samples(sandbox.work)
        runs.copy(sandbox, ["cnn"])
        words = random.choice(commands)
        first = killed(sandbox.start(*words), random.uniform(0, 2))
        second = sandbox.run(*words)
        return with_command(second, problems(first, ENDINGS) + problems(second, {0}))

    campaign(run_case, 10)
