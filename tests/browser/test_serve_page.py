"""The pages of `dlcli serve` in a browser."""

import threading
import time

import pytest

from dlcli.serve import subject
from dlcli.serve.options import SURFACES, Serve
from dlcli.techniques.opening import open_run
from tests.browser.conftest import fits, until

uvicorn = pytest.importorskip("uvicorn")
pytestmark = pytest.mark.slow


@pytest.fixture
def served():
    """Serve a run, or the surfaces; return the address."""
    from dlcli.serve.app import application

    servers = []

    def serve(folder):
        shown = subject.surfaces() if folder == SURFACES else subject.of_run(open_run(folder))
        app = application(Serve(run=str(folder)), shown)
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
    until(tab, "document.getElementById('explained').textContent === '7'")
    assert fits(tab, 400)
    assert not tab.problems


def test_a_text_gets_token_probabilities_and_a_continuation(tab, rnn_run, served):
    tab.goto(served(rnn_run))
    tab.locator("#text").fill("the slithy")
    until(tab, "document.querySelectorAll('#tokens .token').length === 10")
    tab.locator("#length").fill("5")
    tab.locator("#continue").click()
    until(tab, "document.getElementById('sample').textContent.startsWith('the slithy')")
    assert fits(tab, 400)
    assert not tab.problems


def test_a_translation_changes_with_the_text(tab, transformer_run, served):
    tab.goto(served(transformer_run))
    tab.locator("#attention-part").wait_for(state="visible", timeout=120_000)
    tab.locator("#text").fill("forty two")
    until(tab, "document.querySelectorAll('#attention .tokens')[1]?.children.length > 1")
    assert tab.locator("#answers .bar").count() >= 1
    assert fits(tab, 400)
    assert not tab.problems


def test_a_slider_changes_the_generated_image(tab, gan_run, served):
    tab.goto(served(gan_run))
    tab.locator("#sample img").wait_for(timeout=120_000)
    assert tab.locator("#sliders input").count() == 4
    assert tab.locator("#classes img").count() == 10
    before = tab.locator("#sample img").get_attribute("src")
    slider = tab.locator("#sliders input").first
    slider.evaluate("each => { each.value = 3; each.dispatchEvent(new Event('input')); }")
    until(tab, "before => document.querySelector('#sample img').src !== before", before)
    tab.locator("#class").select_option("7")
    assert fits(tab, 400)
    assert not tab.problems


def test_a_slider_changes_the_decoded_image_of_a_plain_autoencoder(tab, plain_autoencoder_run, served):
    tab.goto(served(plain_autoencoder_run))
    until(tab, "document.getElementById('error').textContent.startsWith('mean squared error')")
    assert tab.locator("#sliders input").count() == 3
    before = tab.locator("#decoded img").get_attribute("src")
    tab.locator("#sliders input").first.evaluate(
        "each => { each.value = each.value > (Number(each.min) + Number(each.max)) / 2 ? each.min : each.max; "
        "each.dispatchEvent(new Event('input')); }"
    )
    until(tab, "before => document.querySelector('#decoded img').src !== before", before)
    tab.locator("#index").fill("5")
    tab.locator("#index").dispatch_event("change")
    until(tab, "document.getElementById('error').textContent.startsWith('mean squared error')")
    assert fits(tab, 400)
    assert not tab.problems


def test_a_latent_vector_is_a_point_of_a_density(tab, gan_density_run, served):
    tab.goto(served(gan_density_run))
    until(tab, "document.getElementById('sample-value')?.textContent.includes('G(z)')")
    assert tab.locator("#sample circle").count() > 500
    assert fits(tab, 400)
    assert not tab.problems


@pytest.mark.parametrize("fixture", ["diffusion_run", "diffusion_density_run"])
def test_a_slider_steps_through_denoising(tab, fixture, served, request):
    tab.goto(served(request.getfixturevalue(fixture)))
    until(tab, "document.getElementById('frame-value').textContent.startsWith('25 of 25')")
    after = tab.locator("#x").inner_html()
    tab.locator("#frame").evaluate("each => { each.value = 0; each.dispatchEvent(new Event('input')); }")
    assert "t = 60" in tab.locator("#frame-value").inner_text()
    assert tab.locator("#x").inner_html() != after
    tab.locator("#steps").select_option("5")
    until(tab, "document.getElementById('frame-value').textContent.startsWith('5 of 5')")
    tab.locator("#play").click()
    until(tab, "document.getElementById('play').textContent === 'play'")
    assert fits(tab, 400)
    assert not tab.problems


def test_a_click_on_a_word_shows_its_nearest_words(tab, word2vec_run, served):
    tab.goto(served(word2vec_run))
    tab.locator("#answers .bar").first.wait_for(timeout=120_000)
    word = tab.locator("#answers .link").first.inner_text()
    tab.locator("#answers .link").first.click()
    until(tab, "word => document.getElementById('word').value === word", word)
    for name, text in zip(("first", "second", "third"), tab.evaluate("run.words.slice(0, 3)"), strict=True):
        tab.locator(f"#{name}").fill(text)
    tab.locator("#analogy button").click()
    tab.locator("#analogy-map path").first.wait_for(state="attached", timeout=120_000)
    assert tab.locator("#analogy-answers .bar").count() == 5
    assert fits(tab, 400)
    assert not tab.problems


def test_a_click_on_the_plane_changes_the_probabilities(tab, mlp_run, served):
    tab.goto(served(mlp_run))
    tab.locator("#plane image").wait_for(state="attached", timeout=120_000)
    before = tab.locator("#sliders").inner_text()
    tab.locator("#plane svg").click(position={"x": 100, "y": 100})
    until(tab, "before => document.getElementById('sliders').innerText !== before", before)
    assert tab.locator("#probabilities .bar").count() == 2
    assert fits(tab, 400)
    assert not tab.problems


def test_a_click_on_a_surface_drops_a_ball(tab, served):
    tab.goto(served(SURFACES))
    results = "[...document.querySelectorAll('.runner .note')].map(each => each.textContent).join()"
    until(tab, f"{results}.includes('f − min')")
    before = tab.evaluate(results)
    tab.locator("#plane svg").click(position={"x": 300, "y": 200})
    until(tab, f"before => {results} !== before", before)
    assert tab.locator("#gaps path").count() >= 4
    tab.locator("#surface").select_option("himmelblau")
    until(tab, "document.getElementById('title').textContent.startsWith('himmelblau')")
    until(tab, "document.querySelectorAll('#plane g path').length === 8")  # each path has an outline
    assert fits(tab, 400)
    assert not tab.problems
