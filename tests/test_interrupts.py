"""Signals end the program at once, or after it has saved its state."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dlcli.interrupts import SIGNALS, exit_message, handled
from tests.processes import Child


def wait_in_c():
    """Block as the main thread does in the compiler: no Python signal handler runs meanwhile."""
    import ctypes

    ctypes.CDLL(None).sleep(60)


def sleep_unless_told():
    with handled():
        print("ready", flush=True)
        for _ in range(2):  # a signal ends the first call
            wait_in_c()


def save_first():
    with handled() as signals, exit_message("step 7 is saved"):
        signals.on_signal = lambda name: print(f"{name}: saving", file=sys.stderr, flush=True)
        print("ready", flush=True)
        for _ in range(100):
            time.sleep(0.1)


def fork_and_wait():
    with handled():
        child = os.fork()
        if child == 0:
            wait_in_c()
            os._exit(0)
        os.kill(child, signal.SIGTERM)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def wait_with_json():
    SIGNALS.as_json = True
    with handled(), exit_message("step 7 is saved"):
        print("ready", file=sys.stderr, flush=True)
        for _ in range(2):  # a signal ends the first call
            wait_in_c()


def caught(process):
    """The signals that a process catches, as a bit mask."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.split("SigCgt:")[1].split()[0], 16)


@pytest.mark.parametrize(("number", "code", "word"), [(2, 130, "interrupted"), (15, 143, "terminated")])
def test_a_signal_ends_the_process_while_its_main_thread_runs_native_code(tmp_path, number, code, word):
    child = Child(tmp_path, sleep_unless_told)
    child.until(lambda: "ready" in child.out.read_text())
    child.send(number)
    assert child.wait() == code
    assert child.err.read_text() == f"{word}\n"


def test_with_json_the_output_is_one_object_that_names_the_signal(tmp_path):
    child = Child(tmp_path, wait_with_json)
    child.until(lambda: "ready" in child.err.read_text())
    child.send(signal.SIGTERM)
    assert child.wait() == 143
    error = json.loads(child.out.read_text())["error"]
    assert error == {"kind": "terminated", "message": "terminated by SIGTERM", "hint": "step 7 is saved"}


def test_the_second_signal_ends_the_process_with_its_exit_message(tmp_path):
    child = Child(tmp_path, save_first)
    child.until(lambda: "ready" in child.out.read_text())
    child.send(signal.SIGTERM)
    child.until_printed("SIGTERM: saving\n")
    child.send(signal.SIGTERM)  # at the same moment: from the process that passes it on
    time.sleep(0.5)
    child.send(signal.SIGINT)
    assert child.wait() == 130
    assert child.err.read_text().endswith("interrupted; step 7 is saved\n")


def test_a_forked_process_has_the_default_signal_handlers(tmp_path):
    child = Child(tmp_path, fork_and_wait)
    assert child.wait() == 0
    assert child.out.read_text() == f"{-signal.SIGTERM}\n"


def test_the_previous_signal_handlers_are_restored():
    before = signal.getsignal(signal.SIGINT)
    with handled():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before
    assert SIGNALS.caught is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_recorded_while_there_is_something_to_save(number):
    with handled() as signals:
        said = []
        signals.on_signal = said.append
        os.kill(os.getpid(), number)
        while not said:
            time.sleep(0.01)
        assert said == [signals.caught] == [number.name]


@pytest.mark.parametrize("arguments", [["--help"], ["runs", "list"], ["train", "cnn", "--steps", "1000000"]])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_during_start_up_ends_the_program_without_a_traceback(tmp_path, arguments, number, code):
    for seconds in (0.0, 0.3, 1.2):
        process = subprocess.Popen([sys.executable, "-m", "dlcli", *arguments], cwd=tmp_path, stderr=subprocess.PIPE)
        while process.poll() is None and not caught(process.pid) >> (signal.SIGTERM - 1) & 1:
            time.sleep(0.005)  # until Python itself has started
        time.sleep(seconds)
        process.send_signal(number)
        said = process.communicate()[1].decode()
        assert process.returncode in (code, -number, 0)
        assert process.returncode or "train" not in arguments
        assert "Traceback" not in said
        assert "Exception" not in said
