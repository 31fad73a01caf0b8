"""`mpirun -n 2` with Open MPI: a run is trained, stopped, resumed and evaluated as in one process."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dlcli.runs.checkpoints import Checkpoints
from dlcli.runs.folder import RunFolder
from tests.comparing import records
from tests.engine.every_technique import LEARNERS, STEPS, STOPPED

TINY = ("--batch-size", "16", "--points", "60", "--hidden-sizes", "6,4", "--device", "cpu", "--dropout", "0.2")
SHORT = ("--steps", "6", "--report-every", "2", "--validate-every", "3")
LONG = ("--steps", "1000000", "--report-every", "20", "--validate-every", "1000000")
PATIENCE = 1800  # seconds, on a busy machine

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("mpirun") is None, reason="Open MPI is not installed"),
]


def started(*arguments, count=2, module="dlcli"):
    """Start a program under mpirun, with one thread per core shared by all processes."""
    command = ["mpirun", "-n", str(count), "--oversubscribe", "--mca", "odls_base_sigkill_timeout", "60"]
    root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}  # of a container
    program = [sys.executable, "-m", module, *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    path = {"PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen([*command, *program], env={**os.environ, **root, **path}, **pipes)


def ran(*arguments, count=2, module="dlcli"):
    """Return what a program has written on standard output and standard error; it must have succeeded."""
    process = started(*arguments, count=count, module=module)
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


@pytest.fixture(scope="module")
def every_technique(tmp_path_factory):
    """The folders of runs of each technique: in one process, and in two that are stopped once and resumed."""
    folder = tmp_path_factory.mktemp("every-technique")
    ran(folder / "two", STOPPED, module="tests.engine.every_technique")
    ran(folder / "one", count=1, module="tests.engine.every_technique")
    return folder / "one", folder / "two"


@pytest.mark.parametrize("name", LEARNERS)
def test_a_run_of_two_processes_that_was_stopped_has_the_losses_of_one(every_technique, name):
    one, two = (
        {(each["step"], each["split"]): each["metrics"] for each in records(folder / name)}
        for folder in every_technique
    )
    sessions = RunFolder(every_technique[1] / name).info().sessions
    assert [STOPPED <= session.from_step < STEPS for session in sessions] == [True]
    assert one.keys() == two.keys()
    assert len(one) == STEPS / 10 + 2
    for place, metrics in one.items():
        losses = {metric: value for metric, value in metrics.items() if "loss" in metric}
        assert losses == pytest.approx({metric: two[place][metric] for metric in losses}, rel=1e-5, abs=1e-5), place


@pytest.mark.parametrize("name", LEARNERS)
def test_both_processes_measure_what_one_does(every_technique, name):
    files = [every_technique[0] / "measured-0.json", *(every_technique[1] / f"measured-{n}.json" for n in (0, 1))]
    one, first, second = (json.loads(file.read_text())[name] for file in files)
    assert first == second
    assert one.keys() == first.keys()
    for metric, described in one.items():
        if "loss" in metric:
            assert described["value"] == pytest.approx(first[metric]["value"], rel=1e-4, abs=1e-4)
