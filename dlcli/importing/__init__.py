"""Imports a model of another tool as a run; each format is a file in `formats/`, found by its name.

A format has a docstring whose first line is its summary, and:

- `recognizes(path)`: whether a file or folder has the format, from its first bytes or its `config.json`;
- `read(path, options)`: returns an `Imported`; raises `RunError` if the model does not fit. Nothing that it reads is
  executed, and no pickle is loaded.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from dlcli import discovery
from dlcli.errors import RunError
from dlcli.importing.imported import Imported
from dlcli.importing.options import FORMATS, Import, format_names
from dlcli.importing.pickles import refuse_pickle


def read(options: Import) -> Imported:
    """Read the model that the options name.

    Raises:
        RunError: there is no such file, it has no known format, or its model does not fit.
    """
    path = options.path
    if not path.exists():
        raise RunError(f"{path} must be a file or folder with a model, found none")
    refuse_pickle(path)
    found = _format(path)
    imported: Imported = found.read(path, options)
    return imported


def _format(path: Path) -> ModuleType:
    for name in format_names():
        module = discovery.load(FORMATS, name)
        if module.recognizes(path):
            return module
    raise RunError(
        f"{path} must be a model in one of the formats {', '.join(format_names())}, found another",
        hint="a folder of Hugging Face has config.json and model.safetensors; word vectors are a text or a .bin file",
    )
