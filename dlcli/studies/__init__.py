"""Studies: each is an options class in `options.py` and a file of the same name with a function `study`.

`study` is a generator: it yields a `Cell` for each finished run and ends with a `Report`. What studies share:
`cells.py` (runs whose results are stored) and `statistics.py`.
"""

from typing import Any

from dlcli import discovery
from dlcli.options.common import Options


def catalogue() -> dict[str, type[Options]]:
    """Return the options of every study by its name, in the order of `options.py`."""
    module = discovery.load(__name__, "options")
    return discovery.models(module.__name__, module.StudyOptions)


def run(name: str, options: Any) -> Any:
    """Return the events of a study; this loads what the study needs."""
    return discovery.load(__name__, name).study(options)
