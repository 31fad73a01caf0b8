"""README.md says what the program does."""

import re
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_generated_parts_are_fresh():
    found = (ROOT / "README.md").read_text()
    assert import_module("tests.readme").renewed(found) == found, "run `make readme`"


def test_every_make_task_it_names_is_there():
    tasks = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z0-9-]+)\b", (ROOT / "README.md").read_text()))
    assert named <= tasks
