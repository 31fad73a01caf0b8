"""README.md describes this version of the program."""

import re
from pathlib import Path

from dlcli import checks, figures
from tests.readme import stale

ROOT = Path(__file__).parents[1]


def test_the_generated_documentation_is_up_to_date():
    assert not stale(), "run `make readme`"


def test_every_make_task_that_it_names_exists():
    tasks = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    tasks |= {recipe.stem for recipe in (ROOT / "recipes").glob("*.sh")}
    named = set(re.findall(r"\bmake ([a-z0-9-]+)\b", (ROOT / "README.md").read_text()))
    assert named <= tasks


def test_every_picture_that_it_shows_is_in_the_gallery():
    shown = set(re.findall(r"\.gallery/([a-z-]+)\.png", (ROOT / "README.md").read_text()))
    drawn = set(re.findall(r'"\$out/([a-z-]+)\.png"', (ROOT / "recipes" / "gallery.sh").read_text()))
    assert shown <= drawn
    assert all((ROOT / ".gallery" / f"{name}.png").is_file() for name in shown)


def test_the_gallery_draws_every_figure():
    drawn = set(re.findall(r"dlcli viz ([a-z-]+)", (ROOT / "recipes" / "gallery.sh").read_text()))
    assert drawn == set(figures.catalogue())


def test_every_figure_and_check_that_it_names_exists():
    text = (ROOT / "README.md").read_text()
    assert set(re.findall(r"`viz ([a-z-]+)`", text)) <= set(figures.catalogue())
    assert set(re.findall(r"`check ([a-z-]+)`", text)) <= set(checks.names())
