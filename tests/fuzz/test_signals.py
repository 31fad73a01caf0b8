"""Signals to a new interpreter, from the first moment of the program."""

import signal
import time

from tests.fuzz.harness import problems, with_command

# The console script, which also prints when the program's own code starts; before that Python handles signals.
SCRIPT = "from dlcli.__main__ import main; import sys; sys.stderr.write('started\\n'); sys.stderr.flush(); main()"
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}


def commands(runs):
    """Return commands, each with the seconds within which the signal is sent."""
    train = runs.train_words("cnn", steps=10**6, max_time=60, out="run")
    return [
        (["--help"], 1),
        (["runs", "list"], 1),
        (["data", "show", "digits"], 4),
        (["eval", str(runs.path("cnn"))], 5),
        (["predict", "tokenizer", "--run", str(runs.path("tokenizer")), "a", "b"], 3),
        (["sample", "rnn", "--run", str(runs.path("rnn"))], 5),
        (["viz", "schedule", "--no-show"], 4),
        (train, 8),
        (train, 8),
        (["resume", "runs/cnn", "--steps", "1000000", "--max-time", "60"], 8),
    ]


def test_a_signal_at_any_moment_ends_the_program_quickly(campaign, runs):
    choices = commands(runs)

    def run_case(random, sandbox):
        runs.copy(sandbox, ["cnn"])
        words, seconds = random.choice(choices)
        number, moment = random.choice([signal.SIGINT, signal.SIGTERM]), random.uniform(0, seconds)
        process = sandbox.start(*words, interpreter=["-c", SCRIPT])
        wait_for_start(process)
        alive = not process.ended(moment) and process.send(number)
        sent = time.monotonic()
        if random.random() < 0.2:
            time.sleep(random.uniform(0, 0.5))
            process.send(number)
        result = process.wait()
        took = time.monotonic() - sent
        wrong = problems(result, {0, CODES[number], -number})
        if alive and result.code == 0 and "train" in words:
            wrong.append("the signal was ignored")
        if alive and took > 20:
            wrong.append(f"it ended {took:.0f} s after the signal")
        wrong = [f"{number.name} {moment:.2f} s after the start", *wrong] if wrong else []
        return with_command(result, wrong or resume_problems(sandbox, result))

    campaign(run_case, 25)


def wait_for_start(process):
    """Wait until the program's own code starts."""
    end = time.monotonic() + 60
    while b"started" not in process.stderr() and time.monotonic() < end:
        time.sleep(0.002)


def resume_problems(sandbox, result):
    """Resume a run whose command printed how to resume it; return what is wrong with that."""
    run = sandbox.work / "run"
    if "dlcli resume" not in result.stderr or not (run / "options.json").exists():
        return []
    step = max(int(each.name) for each in (run / "checkpoints").iterdir() if each.name.isdecimal())
    second = sandbox.run("resume", "run", "--steps", step + 1)
    return with_command(second, problems(second, {0}))
