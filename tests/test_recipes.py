"""The header of each recipe is complete, and the command lines of recipes and of README.md are valid."""

import re
import shlex
from pathlib import Path

import pytest

from dlcli import api
from dlcli.cli import app, verbs
from dlcli.techniques import inheriting

ROOT = Path(__file__).parents[1]
RECIPES = sorted((ROOT / "recipes").glob("*.sh"))


def _commands(text):
    """The command lines of dlcli in a script, with the default or a placeholder for each of its variables."""
    text = re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)
    lines = re.findall(r"^ *(?:(?:mpirun|srun) .*?|)dlcli (.*)$", text, re.MULTILINE)
    return [shlex.split(re.sub(r'"?\$\{?\w+[^}\s"]*\}?"?', "stand-in", line), comments=True) for line in lines]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_the_header_states_data_machine_time_and_result(recipe):
    header = recipe.read_text().split("\nset -eu")[0]
    for entry in ("data", "machine"):
        assert re.search(rf"^#   {entry} +\S", header, re.MULTILINE), entry
    for entry in ("time", "result"):  # measured, so each has a number
        assert re.search(rf"^#   {entry} +(.*\d|not measured)", header, re.MULTILINE), entry


@pytest.fixture
def accepted(monkeypatch):
    """Replace what commands do by adding their calls to a list."""
    calls = []
    command, command_of_any = verbs.command, verbs.command_of_any

    def accept(*call):
        calls.append(call)

    monkeypatch.setattr(verbs, "command", lambda model, _, *rest, **more: command(model, accept, *rest, **more))
    monkeypatch.setattr(verbs, "command_of_any", lambda models, _, *rest: command_of_any(models, accept, *rest))
    # The run that a recipe starts from does not exist here.
    monkeypatch.setattr(inheriting, "inherited", lambda *_: {})
    return calls


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_the_commands_of_a_recipe_are_accepted(recipe, accepted):
    commands = _commands(recipe.read_text())
    for command in commands:
        app.build(command)(command, standalone_mode=False)
    assert len(accepted) == len(commands) > 0
    for options in (each for call in accepted for each in call if hasattr(each, "name")):
        api.refuse_name(options)


def test_the_commands_of_the_readme_are_accepted(accepted):
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    commands = [command for block in blocks for command in _commands(block)]
    for command in commands:
        app.build(command)(command, standalone_mode=False)
    assert len(accepted) == len(commands) > 0


def test_the_command_of_the_kubernetes_job_is_accepted(accepted):
    listed = re.search(r"command: \[dlcli, (.*)\]", (ROOT / "recipes" / "cluster-kubernetes.yaml").read_text())[1]
    words = [word.strip('"') for word in listed.split(", ")]
    app.build(words)(words, standalone_mode=False)
    assert len(accepted) == 1
