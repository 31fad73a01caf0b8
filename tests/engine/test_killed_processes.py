"""One run in two processes, either of which is killed again and again, equals an uninterrupted one."""

import random
import signal
import time

import pytest

from dlcli.runs.checkpoints import Checkpoints
from tests.comparing import assert_same_run
from tests.engine.test_processes import TINY, codes, together

KILLS = 10
STEPS = 200 * KILLS  # more than are made before the last kill
LONGEST = 60.0  # seconds until the other process has ended


def run_of(folder, shard):
    """The command that trains a run, or resumes it where it was killed."""
    often = ("--report-every", "20", "--validate-every", "100", "--save-every", "50", "--schedule", "constant")
    model = (*TINY, "--hidden-sizes", "64,32", "--shard", shard)
    return "train", "mlp", *model, "--steps", str(STEPS), *often, "--out", str(folder), "--resume-if-exists"


def killed(said, folder, shard, victim, moment, *, after_saving):
    """Start or continue a run, and kill a process; return the seconds until the other has ended."""
    before = Checkpoints(folder / "checkpoints").steps()[-1:]
    children = together(said, *run_of(folder, shard), environment={"DLCLI_CONNECT_TIMEOUT": "20"})
    if after_saving:
        children[0].until(lambda: Checkpoints(folder / "checkpoints").steps()[-1:] > before)
    time.sleep(moment)
    children[victim].send(signal.SIGKILL)
    start = time.monotonic()
    assert children[1 - victim].wait() == 9, children[1 - victim].err.read_text()
    error = children[1 - victim].err.read_text()
    assert error.count("error: ") == 1, error
    return time.monotonic() - start


@pytest.mark.slow
@pytest.mark.parametrize("shard", ["none", "fsdp"])
def test_a_run_whose_processes_are_killed_at_random_times_equals_an_uninterrupted_one(tmp_path, shard):
    draws = random.Random(shard)
    run, seconds = tmp_path / "killed", []
    for number in range(KILLS):
        # Otherwise most would fall into the start, and the run would make no progress.
        after_saving = bool(number % 2)
        moment = draws.uniform(0, 0.3 if after_saving else 3.0)
        victim = draws.randrange(2)
        seconds.append(killed(tmp_path / "said", run, shard, victim, moment, after_saving=after_saving))
        print(f"kill {number + 1} of process {victim}: {seconds[-1]:.1f} s, {Checkpoints(run / 'checkpoints').steps()}")
    assert max(seconds) < LONGEST
    assert 0 < Checkpoints(run / "checkpoints").steps()[-1] < STEPS
    last = together(tmp_path / "last", *run_of(run, shard))
    assert codes(last) == [0, 0], last[0].err.read_text()
    unbroken = together(tmp_path / "said", *run_of(tmp_path / "unbroken", shard))
    assert codes(unbroken) == [0, 0]
    assert_same_run(tmp_path / "unbroken", run)
    assert not list(run.rglob(".*"))  # nothing is left of a draft or a part
