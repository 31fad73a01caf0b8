"""Signals from the first moment of a program on, in a new interpreter."""

import signal
import time

from tests.fuzz.harness import faults, said
from tests.fuzz.trained import flags

# The console script, that says when the program's own first lines have run: what comes before is Python's.
SCRIPT = "from dlcli.__main__ import main; import sys; sys.stderr.write('begun\\n'); sys.stderr.flush(); main()"
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}


def lines(trained):
    """Return commands with the exit codes they have when nobody interrupts them, and how long they take."""
    endless = {**trained.options["cnn"], "steps": 10**6, "max_time": 60, "out": "run"}
    return [
        (["--help"], 1),
        (["runs", "list"], 1),
        (["data", "show", "digits"], 4),
        (["eval", str(trained.path("cnn"))], 5),
        (["predict", "tokenizer", "--run", str(trained.path("tokenizer")), "a", "b"], 3),
        (["sample", "rnn", "--run", str(trained.path("rnn"))], 5),
        (["viz", "schedule", "--no-show"], 4),
        (["train", "cnn", *flags(endless)], 8),
        (["train", "cnn", *flags(endless)], 8),
        (["resume", "runs/cnn", "--steps", "1000000", "--max-time", "60"], 8),
    ]


def test_a_signal_at_any_moment_ends_the_program_at_once_without_a_traceback(campaign, trained):
    every = lines(trained)

    def attempt(random, place):
        trained.copy(place, ["cnn"])
        words, span = random.choice(every)
        number, moment = random.choice([signal.SIGINT, signal.SIGTERM]), random.uniform(0, span)
        process = place.start(*words, fresh=["-c", SCRIPT])
        begun(process)
        alive = not process.ended(moment) and process.send(number)
        sent = time.monotonic()
        if random.random() < 0.2:
            time.sleep(random.uniform(0, 0.5))
            process.send(number)
        found = process.wait()
        took = time.monotonic() - sent
        wrong = faults(found, {0, CODES[number], -number} if not alive else {CODES[number], -number, 0})
        if alive and found.code == 0 and "train" in words:
            wrong.append("the signal was swallowed")
        if alive and took > 20:
            wrong.append(f"it took {took:.0f} s to end")
        wrong = [f"{number.name} {moment:.2f} s after the program began", *wrong] if wrong else []
        return said(found, wrong or resumable(place, found))

    campaign(attempt, 50)


def begun(process):
    """Wait until the program's own code begins."""
    end = time.monotonic() + 60
    while b"begun" not in process.error() and time.monotonic() < end:
        time.sleep(0.002)


def resumable(place, found):
    """Check that a run which says how to go on does go on."""
    run = place.work / "run"
    if "dlcli resume" not in found.told or not (run / "options.json").exists():
        return []
    step = max(int(each.name) for each in (run / "checkpoints").iterdir() if each.name.isdecimal())
    again = place.run("resume", "run", "--steps", step + 1)
    return said(again, faults(again, {0}))
