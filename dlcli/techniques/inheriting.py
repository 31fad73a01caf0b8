"""Options of the model that a new run takes from the run it is initialized from. Loads no jax."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dlcli.options.fields import Options, flag
from dlcli.runs.folder import RunFolder
from dlcli.runs.lookup import find

_TOKENIZER = {"tokenizer", "vocab_size"}


def inherited(technique: str, model: type[Options], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of options that are not given: those of the run of `init_from`, or of `backbone_from`.

    Of the former they are the architecture and the tokenizer, of the latter the architecture of the backbone.

    Args:
        technique: name of the technique.
        model: its training options.
        given: the values of the command line and of its file.

    Raises:
        RunError: there is no such run of the technique.
    """
    for source, names in (("init_from", model.architecture), ("backbone_from", model.backbone)):
        if given.get(source):
            folder = find(str(given[source]), technique, flag(source))
            trained = RunFolder(folder).read("options.json", model)
            found = {name: getattr(trained, name) for name in names if name not in given}
            if source == "init_from" and "tokenizer" in model.model_fields and not given.keys() & _TOKENIZER:
                found["tokenizer"] = str(folder.absolute())
            return {name: value for name, value in found.items() if value is not None}
    return {}
