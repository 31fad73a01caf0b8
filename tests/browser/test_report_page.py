"""Reports in a browser: from a file, without a request, with clicks."""

import json
import shutil

import pytest

import dlcli
from tests.browser.conftest import fits

pytestmark = pytest.mark.slow


def opened(tab, path):
    tab.goto(f"file://{path}")
    requests = [each for each in tab.requests if not each.startswith("data:")]
    assert requests == [f"file://{path}"]
    return tab


def test_a_click_on_a_cell_shows_its_examples(tab, cnn_run, tmp_path):
    page = opened(tab, dlcli.report(cnn_run, tmp_path / "cnn.html"))
    cells = page.locator("[data-cell]")
    heading = page.locator('[data-widget="confusion"] h4')
    before = heading.inner_text()
    wrong = next(
        cells.nth(index)
        for index in range(cells.count())
        if len(set(cells.nth(index).get_attribute("data-cell").split(","))) == 2
        and ": 0 (" not in cells.nth(index).get_attribute("aria-label")
    )
    wrong.click()
    assert heading.inner_text() != before
    assert " of " in heading.inner_text()
    assert page.locator(".example img").count() >= 1
    assert not page.problems


def test_a_click_on_a_curve_hides_it_and_hovering_shows_its_value(tab, cnn_run, tmp_path):
    page = opened(tab, dlcli.report(cnn_run, tmp_path / "cnn.html", figures=False))
    curves = page.locator('path[data-line="train"]')
    assert curves.count() > 0
    page.locator('button[data-line="train"]').click()
    assert curves.count() == 0
    page.locator('[data-widget="curves"] svg').first.hover()
    assert "at step" in page.locator(".tooltip").inner_text()
    assert not page.problems


def test_a_token_shows_its_alternatives(tab, rnn_run, tmp_path):
    run = shutil.copytree(rnn_run, tmp_path / "run")
    about = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**about, "example": "the slithy toves"}))
    page = opened(tab, dlcli.report(run, tmp_path / "rnn.html", figures=False))
    page.locator('[data-widget="tokens"] .token').nth(2).click()
    assert page.locator('[data-widget="tokens"] h4').inner_text().startswith("token 3:")
    assert not page.problems


def test_a_layer_shows_its_attention(tab, transformer_run, tmp_path):
    page = opened(tab, dlcli.report(transformer_run, tmp_path / "attention.html", figures=False))
    summary = page.locator('[data-widget="attention"] [aria-live]')
    before = summary.inner_text()
    page.locator('[data-widget="attention"] select').first.select_option("0")  # the first layer
    assert summary.inner_text() != before
    assert not page.problems


@pytest.mark.parametrize("width", [1280, 400])
def test_a_report_of_several_runs_fits_a_window(tab, cnn_run, mlp_run, width, tmp_path):
    page = opened(tab, dlcli.report([cnn_run, mlp_run], tmp_path / "two.html", figures=False))
    assert fits(page, width)
    assert not page.problems
