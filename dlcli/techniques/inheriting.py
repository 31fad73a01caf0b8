"""Options of the model that a new run takes from the run it is initialized from. Loads no jax."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dlcli.options.fields import Options
from dlcli.runs.folder import RunFolder
from dlcli.runs.lookup import find


def inherited(technique: str, model: type[Options], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of options that are not given: the architecture and the tokenizer of `init_from`.

    Args:
        technique: name of the technique.
        model: its training options.
        given: the values of the command line and of its file.

    Raises:
        RunError: there is no such run of the technique.
    """
    if not given.get("init_from"):
        return {}
    folder = find(str(given["init_from"]), technique, "--init-from")
    trained = RunFolder(folder).read("options.json", model)
    found = {name: getattr(trained, name) for name in model.architecture if name not in given}
    if "tokenizer" in model.model_fields and not given.keys() & {"tokenizer", "vocab_size"}:
        found["tokenizer"] = str(folder.absolute())
    return {name: value for name, value in found.items() if value is not None}
