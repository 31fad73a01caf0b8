"""Each recipe says what it needs and reached, and its commands are commands of this version."""

import re
import shlex
from pathlib import Path

import pytest

from dlcli.cli import app

RECIPES = sorted((Path(__file__).parents[1] / "recipes").glob("*.sh"))


def _commands(recipe):
    """The command lines of dlcli in a script, with a stand-in for each of its variables."""
    text = re.sub(r"^\s*#.*$", "", recipe.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    lines = re.findall(r"^ *(?:(?:mpirun|srun) .*?|)dlcli (.*)$", text, re.MULTILINE)
    return [shlex.split(re.sub(r'"?\$\{?\w+[^}\s"]*\}?"?', "stand-in", line)) for line in lines]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_the_header_states_data_machine_time_and_result(recipe):
    header = recipe.read_text().split("\nset -eu")[0]
    for entry in ("data", "machine"):
        assert re.search(rf"^#   {entry} +\S", header, re.MULTILINE), entry
    for entry in ("time", "result"):  # measured, so each has a number
        assert re.search(rf"^#   {entry} +(.*\d|not measured)", header, re.MULTILINE), entry


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_its_commands_are_accepted(recipe, monkeypatch):
    accepted = []
    run, run_any = app.command, app.command_of_any

    def accept(*call):
        accepted.append(call)

    monkeypatch.setattr(app, "command", lambda model, _, *rest, **more: run(model, accept, *rest, **more))
    monkeypatch.setattr(app, "command_of_any", lambda models, _, *rest: run_any(models, accept, *rest))
    commands = _commands(recipe)
    for command in commands:
        app.build()(command, standalone_mode=False)
    assert len(accepted) == len(commands) > 0


def test_the_command_of_the_kubernetes_job_is_accepted(monkeypatch):
    recipe = RECIPES[0].parent / "cluster-kubernetes.yaml"
    listed = re.search(r"command: \[dlcli, (.*)\]", recipe.read_text())[1]
    accepted = []
    run = app.command
    monkeypatch.setattr(
        app, "command", lambda model, _, *rest, **more: run(model, lambda *call: accepted.append(call), *rest, **more)
    )
    app.build()([word.strip('"') for word in listed.split(", ")], standalone_mode=False)
    assert len(accepted) == 1
