"""A signal stops the server after the requests in progress."""

import contextlib
import http.client
import json
import signal
import threading
import time

import pytest

from dlcli.serve.action import Action, Kind, NoBody
from tests import processes
from tests.processes import Child

pytest.importorskip("uvicorn")


def serve_slowly(seconds, grace):
    """Serve an action that takes some seconds."""
    from dlcli.cli import serve
    from dlcli.serve import subject

    def call(bodies):
        print("computing", flush=True)
        time.sleep(seconds)
        return [{"done": True} for _ in bodies]

    slow = subject.Subject("slow", "", Kind("surface", {"wait": Action("Wait.", NoBody, call)}), {"example": ""})
    subject.surfaces = lambda: slow
    serve._STOP_SECONDS = grace
    processes.dlcli("serve", "optimizer-surface", "--port", "0")


class Request(threading.Thread):
    """A request to the slow action of a server; `found` is the status and the JSON of the response."""

    def __init__(self, child):
        super().__init__(daemon=True)
        self.port = int(child.out.read_text().split(":")[2].split("/")[0])
        self.found = None

    def run(self):
        address = http.client.HTTPConnection("127.0.0.1", self.port)
        with contextlib.closing(address) as connection, contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("POST", "/api/wait", "{}", {"Content-Type": "application/json"})
            with connection.getresponse() as response:
                self.found = response.status, json.loads(response.read())


def started(folder, seconds, grace):
    """A server whose slow action computes a request."""
    child = Child(folder, serve_slowly, seconds, grace)
    child.until(lambda: "http" in child.out.read_text())
    request = Request(child)
    request.start()
    child.until(lambda: "computing" in child.out.read_text())
    return child, request


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_request_in_progress_is_answered_before_the_server_stops(tmp_path, number, code):
    child, request = started(tmp_path, 1.0, 60.0)
    child.send(number)
    assert child.wait() == code
    request.join(10)
    assert request.found == (200, {"done": True})
    assert "stopping after the requests in progress" in child.err.read_text()
    assert "Traceback" not in child.err.read_text()


def test_a_request_that_takes_too_long_is_answered_with_an_error(tmp_path):
    child, request = started(tmp_path, 3.0, 0.2)
    child.send(signal.SIGTERM)
    assert child.wait() == 143
    request.join(10)
    assert request.found[0] == 503
    assert "Traceback" not in child.err.read_text()


def test_a_second_signal_stops_the_server_at_once(tmp_path):
    child, request = started(tmp_path, 600.0, 600.0)
    child.send(signal.SIGTERM)
    child.until_printed("stopping")
    time.sleep(0.5)  # a signal within 0.3 s counts as the same one
    child.send(signal.SIGINT)
    assert child.wait() == 130
    request.join(10)
    assert request.found is None
