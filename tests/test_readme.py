"""README.md says what the program does."""

import re
from importlib import import_module
from pathlib import Path

from dlcli import checks, figures

ROOT = Path(__file__).parents[1]


def test_the_generated_parts_are_fresh():
    found = (ROOT / "README.md").read_text()
    assert import_module("tests.readme").renewed(found) == found, "run `make readme`"


def test_every_make_task_it_names_is_there():
    tasks = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    tasks |= {recipe.stem for recipe in (ROOT / "recipes").glob("*.sh")}
    named = set(re.findall(r"\bmake ([a-z0-9-]+)\b", (ROOT / "README.md").read_text()))
    assert named <= tasks


def test_every_picture_it_shows_is_one_of_the_gallery():
    shown = set(re.findall(r"\.gallery/([a-z-]+)\.png", (ROOT / "README.md").read_text()))
    drawn = set(re.findall(r'"\$out/([a-z-]+)\.png"', (ROOT / "recipes" / "gallery.sh").read_text()))
    assert shown <= drawn
    assert all((ROOT / ".gallery" / f"{name}.png").is_file() for name in shown)


def test_the_gallery_draws_every_figure():
    drawn = set(re.findall(r"dlcli viz ([a-z-]+)", (ROOT / "recipes" / "gallery.sh").read_text()))
    assert drawn == set(figures.catalogue())


def test_every_figure_and_check_of_the_course_is_there():
    text = (ROOT / "README.md").read_text()
    assert set(re.findall(r"`viz ([a-z-]+)`", text)) <= set(figures.catalogue())
    assert set(re.findall(r"`check ([a-z-]+)`", text)) <= set(checks.names())
