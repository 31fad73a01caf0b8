"""Studies: controlled experiments of many small runs. `options.py` is the catalogue; each study is a file of its name.

A study's file has a function `study`, a generator: it yields a `Cell` for each run that is done, and last a `Report`.
What they share: `cells.py` (runs whose results are kept) and `statistics.py`.
"""

import re
from importlib import import_module
from typing import Any

from dlcli.options.common import Options


def catalogue() -> dict[str, type[Options]]:
    """Return the options of every study by its name, in the order of the catalogue."""
    module = import_module("dlcli.studies.options")
    return {
        re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower(): model
        for name, model in vars(module).items()
        if isinstance(model, type) and issubclass(model, module.StudyOptions) and model is not module.StudyOptions
    }


def begin(name: str, options: Any) -> Any:
    """Return the events of a study; this loads what the study needs."""
    return import_module(f"dlcli.studies.{name.replace('-', '_')}").study(options)
