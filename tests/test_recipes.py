"""Each recipe says what it needs and reached, and its commands are commands of this version."""

import re
import shlex
from pathlib import Path

import pytest

from dlcli.cli import app, verbs

RECIPES = sorted((Path(__file__).parents[1] / "recipes").glob("*.sh"))


def _commands(recipe):
    """The command lines of dlcli in a script, with a stand-in for each of its variables."""
    text = re.sub(r"^\s*#.*$", "", recipe.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip().startswith("dlcli ")]
    return [shlex.split(re.sub(r'"?\$\{?\w+[^}\s"]*\}?"?', "stand-in", line))[1:] for line in lines]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_the_header_states_data_machine_time_and_result(recipe):
    header = recipe.read_text().split("\nset -eu")[0]
    for entry in ("data", "machine"):
        assert re.search(rf"^#   {entry} +\S", header, re.MULTILINE), entry
    for entry in ("time", "result"):  # measured, so each has a number
        assert re.search(rf"^#   {entry} .*\d", header, re.MULTILINE), entry


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_its_commands_are_accepted(recipe, monkeypatch):
    accepted = []
    run, run_any = verbs.command, verbs.command_of_any

    def accept(*call):
        accepted.append(call)

    monkeypatch.setattr(verbs, "command", lambda model, _, *rest, **more: run(model, accept, *rest, **more))
    monkeypatch.setattr(verbs, "command_of_any", lambda models, _, *rest: run_any(models, accept, *rest))
    commands = _commands(recipe)
    for command in commands:
        app.build(command)(command, standalone_mode=False)
    assert len(accepted) == len(commands) > 0
