"""The pages of `dlcli serve` in a browser."""

import threading
import time

import pytest

from dlcli.serve.options import Serve
from dlcli.techniques.opening import open_run
from tests.browser.conftest import fits

uvicorn = pytest.importorskip("uvicorn")
pytestmark = pytest.mark.slow


@pytest.fixture
def served():
    """Serve a run; return the address."""
    from dlcli.serve.app import application

    servers = []

    def serve(folder):
        app = application(Serve(run=str(folder)), open_run(folder))
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.05)
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"

    yield serve
    for server, thread in servers:
        server.should_exit = True
        thread.join()


def test_a_drawing_is_classified_while_it_is_drawn(tab, cnn_run, served):
    tab.goto(served(cnn_run))
    frame = tab.locator("#canvas").bounding_box()
    tab.mouse.move(frame["x"] + 80, frame["y"] + 60)
    tab.mouse.down()
    tab.mouse.move(frame["x"] + 160, frame["y"] + 200, steps=4)
    tab.mouse.up()
    tab.locator("#result").wait_for(state="visible", timeout=120_000)
    assert tab.locator("#probabilities .bar").count() == 10
    assert tab.locator("#activations img").count() > 0
    tab.locator("#class").select_option("7")
    tab.wait_for_function("document.getElementById('explained').textContent === '7'", timeout=120_000)
    assert fits(tab, 400)
    assert not tab.problems


def test_a_text_gets_token_probabilities_and_a_continuation(tab, rnn_run, served):
    tab.goto(served(rnn_run))
    tab.locator("#text").fill("the slithy")
    tab.wait_for_function("document.querySelectorAll('#tokens .token').length === 10", timeout=120_000)
    tab.locator("#length").fill("5")
    tab.locator("#continue").click()
    tab.wait_for_function("document.getElementById('sample').textContent.startsWith('the slithy')", timeout=120_000)
    assert fits(tab, 400)
    assert not tab.problems


def test_a_translation_changes_with_the_text(tab, transformer_run, served):
    tab.goto(served(transformer_run))
    tab.locator("#attention-part").wait_for(state="visible", timeout=120_000)
    tab.locator("#text").fill("forty two")
    tab.wait_for_function("document.querySelectorAll('#attention .tokens')[1]?.children.length > 1", timeout=120_000)
    assert tab.locator("#answers .bar").count() >= 1
    assert fits(tab, 400)
    assert not tab.problems
