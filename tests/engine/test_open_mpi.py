"""`mpirun -n 2` with Open MPI: a run is trained, stopped, resumed and evaluated as in one process."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from dlcli.runs.checkpoints import Checkpoints
from dlcli.runs.folder import RunFolder
from tests.comparing import records

TINY = ("--batch-size", "16", "--points", "60", "--hidden-sizes", "6,4", "--device", "cpu", "--dropout", "0.2")
SHORT = ("--steps", "6", "--report-every", "2", "--validate-every", "3")
LONG = ("--steps", "1000000", "--report-every", "20", "--validate-every", "1000000")
PATIENCE = 600  # seconds

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("mpirun") is None, reason="Open MPI is not installed"),
]


def started(*arguments, count=2):
    """Start the program under mpirun, with one thread per core shared by all processes."""
    command = ["mpirun", "-n", str(count), "--oversubscribe", "--mca", "odls_base_sigkill_timeout", "60"]
    root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}  # of a container
    program = [sys.executable, "-m", "dlcli", *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*command, *program], env={**os.environ, **root}, **pipes)


def ran(*arguments, count=2):
    """Return what the program has written on standard output and standard error; it must have succeeded."""
    process = started(*arguments, count=count)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    return out, err


def losses(folder):
    return {(each["step"], each["split"]): each["metrics"]["loss"] for each in records(folder)}


def test_two_processes_of_mpirun_give_the_losses_of_one(tmp_path):
    _, err = ran("train", "mlp", *TINY, *SHORT, "--out", tmp_path / "two")
    assert "2 × cpu in 2 processes" in err
    ran("train", "mlp", *TINY, *SHORT, "--out", tmp_path / "one", count=1)
    one, two = losses(tmp_path / "one"), losses(tmp_path / "two")
    assert len(one) == 5
    assert one == pytest.approx(two, rel=1e-5, abs=1e-5)
    out, _ = ran("eval", tmp_path / "two", "--json")
    assert json.loads(out)["split"] == "test"  # one object: process 0 alone prints


def test_a_run_of_mpirun_is_stopped_by_sigterm_and_resumed(tmp_path):
    run = tmp_path / "run"
    process = started("train", "mlp", *TINY, *LONG, "--out", run)
    end = time.monotonic() + PATIENCE
    while not (run / "metrics.jsonl").exists():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < end
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)  # mpirun sends it to all its processes
    _, err = process.communicate(timeout=PATIENCE)
    assert "terminated at step" in err
    stopped = Checkpoints(run / "checkpoints").steps()[-1]
    assert stopped > 0
    assert RunFolder(run).info().ended.reason == "SIGTERM"
    ran("resume", run, "--steps", stopped + 4)
    assert Checkpoints(run / "checkpoints").steps()[-1] == stopped + 4
