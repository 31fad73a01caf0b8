"""One run in two processes: the losses of one process, one writer, and a common end."""

import json
import os
import signal
import socket
import time
from types import MappingProxyType

import jax
import pytest

from dlcli.runs.checkpoints import Checkpoints
from tests.comparing import records
from tests.processes import Child, dlcli

TINY = ("--batch-size", "16", "--points", "60", "--hidden-sizes", "6,4", "--device", "cpu", "--dropout", "0.2")
SHORT = ("--steps", "6", "--report-every", "2", "--validate-every", "3")


def together(folder, *arguments, environment=MappingProxyType({}), functions=(dlcli, dlcli)):
    """Start the program in several processes; return them, process 0 first."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    variables = {**environment, "DLCLI_COORDINATOR": address, "DLCLI_PROCESSES": str(len(functions))}
    return [
        Child(folder, function, *arguments, environment={**variables, "DLCLI_PROCESS": str(index)})
        for index, function in enumerate(functions)
    ]


def codes(children):
    return [child.wait() for child in children]


def losses(folder):
    return {(each["step"], each["split"]): each["metrics"]["loss"] for each in records(folder)}


@pytest.fixture(scope="module")
def one_and_two(tmp_path_factory):
    """The folders of the same run in one process and in two, and the two processes."""
    folder = tmp_path_factory.mktemp("processes")
    children = together(folder / "said", "train", "mlp", *TINY, *SHORT, "--out", str(folder / "two"))
    alone = Child(folder / "alone", dlcli, "train", "mlp", *TINY, *SHORT, "--out", str(folder / "one"))
    assert [*codes(children), alone.wait()] == [0, 0, 0], "\n".join(child.err.read_text() for child in children)
    return folder / "one", folder / "two", children


def test_two_processes_give_the_losses_of_one(one_and_two):
    one, two = map(losses, one_and_two[:2])
    assert one == pytest.approx(two, rel=1e-5, abs=1e-5)
    assert len(two) == 5


def test_only_process_0_writes_to_the_terminal(one_and_two):
    first, second = one_and_two[2]
    assert "2 × cpu in 2 processes" in first.err.read_text()
    assert "Gloo" not in first.out.read_text()
    assert second.err.read_text() == second.out.read_text() == ""


def test_a_run_of_two_processes_is_resumed_by_one(one_and_two, tmp_path):
    resumed = Child(tmp_path, dlcli, "resume", str(one_and_two[1]), "--steps", "8")
    assert resumed.wait() == 0, resumed.err.read_text()
    assert Checkpoints(one_and_two[1] / "checkpoints").steps()[-1] == 8


@pytest.mark.parametrize("victim", [pytest.param(0, marks=pytest.mark.slow), 1])
def test_a_signal_to_one_process_stops_both_after_the_same_step(tmp_path, victim):
    run = tmp_path / "run"
    long = ("--steps", "1000000", "--report-every", "20", "--validate-every", "1000000")
    children = together(tmp_path, "train", "mlp", *TINY, *long, "--out", str(run))
    children[0].until(lambda: (run / "metrics.jsonl").exists())
    children[victim].send(signal.SIGTERM)
    assert codes(children) == [143, 143]
    assert Checkpoints(run / "checkpoints").steps()[-1] > 0
    assert "terminated at step" in children[0].err.read_text()


def test_a_failure_in_one_process_ends_both_with_its_exit_code(tmp_path):
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "file").write_text("")
    children = together(tmp_path / "said", "train", "mlp", *TINY, "--batch-size", "15", "--out", str(tmp_path / "new"))
    assert codes(children) == [2, 2]
    assert "must be a multiple of 2" in children[0].err.read_text()
    assert "--batch-size 16 is the nearest" in children[0].err.read_text()


def test_without_a_coordinator_the_program_ends_after_the_timeout(tmp_path):
    variables = {"DLCLI_COORDINATOR": "127.0.0.1:9", "DLCLI_PROCESSES": "2", "DLCLI_PROCESS": "1"}
    alone = Child(tmp_path, dlcli, "train", "mlp", *TINY, environment={**variables, "DLCLI_CONNECT_TIMEOUT": "1"})
    assert alone.wait() == 9
    assert "no coordinator at 127.0.0.1:9 within 1 s" in alone.err.read_text()


@pytest.mark.slow
def test_a_time_budget_ends_both_processes_after_the_same_step(tmp_path):
    run = tmp_path / "run"
    long = ("--steps", "1000000", "--report-every", "20", "--validate-every", "1000000", "--max-time", "2s")
    children = together(tmp_path, "train", "mlp", *TINY, *long, "--out", str(run))
    assert codes(children) == [0, 0], children[0].err.read_text()
    info = json.loads((run / "run.json").read_text())
    assert info["ended"]["reason"] == "time"
    assert Checkpoints(run / "checkpoints").steps()[-1] == info["ended"]["step"] > 0


def killed_while_connecting(*arguments):
    """Call the program, which is killed when it is known to the others and its devices are not; run by `Child`."""
    jax.devices = lambda: os.kill(os.getpid(), signal.SIGKILL)
    dlcli(*arguments)


@pytest.mark.slow
def test_a_process_that_is_lost_before_its_devices_are_connected_ends_the_other_within_a_minute(tmp_path):
    run = ("train", "mlp", *TINY, *SHORT, "--out", str(tmp_path / "run"))
    start = time.monotonic()
    children = together(tmp_path, *run, functions=(dlcli, killed_while_connecting))
    assert codes(children) == [9, -signal.SIGKILL]
    assert time.monotonic() - start < 60
    assert "process 1 " in children[0].err.read_text()
    assert "was lost" in children[0].err.read_text()


@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1])
def test_a_frozen_process_ends_the_other_within_half_a_minute(tmp_path, victim):
    run = tmp_path / "run"
    long = ("--steps", "1000000", "--report-every", "20", "--validate-every", "1000000")
    children = together(tmp_path, "train", "mlp", *TINY, *long, "--out", str(run))
    children[0].until(lambda: (run / "metrics.jsonl").exists())
    children[victim].send(signal.SIGSTOP)
    start = time.monotonic()
    try:
        assert children[1 - victim].wait() == 9
        assert time.monotonic() - start < 30
        assert f"process {victim} " in children[1 - victim].err.read_text()
    finally:
        children[victim].send(signal.SIGKILL)
