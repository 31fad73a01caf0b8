"""Exports a run to the formats of other tools; each format is a file in `formats/`, found by its name.

A format has a docstring whose first line is its summary, and:

- `OPTIONS`: names of the options it reads besides `--out` and `--overwrite`;
- `FOLDER`: whether it writes a folder with several files;
- `check(options, run)`: raises `UsageError` if the run cannot be written in this format; loads no jax;
- `export(options, run)`: writes the files, and returns what is worth reporting by name.

What formats share: `requirements.py` (of the run and the installation), `weights.py` (parameters by path) and
`destination.py` (files and folders).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dlcli import discovery
from dlcli.errors import UsageError
from dlcli.export import destination
from dlcli.export.options import FORMATS, Export
from dlcli.options.fields import flag
from dlcli.runs.trained import TrainedRun


@dataclasses.dataclass(frozen=True)
class Exported:
    """The result of an export.

    Attributes:
        run: folder of the run.
        format: name of the format.
        files: the written files.
        details: further facts by name, such as the number of parameters.
    """

    run: Path
    format: str
    files: tuple[Path, ...]
    details: Mapping[str, Any]

    def described(self) -> dict[str, Any]:
        """Return the result as JSON values."""
        files = [{"file": str(path), "bytes": path.stat().st_size} for path in self.files]
        return {"run": str(self.run), "format": self.format, "files": files, **self.details}


def reads(name: str) -> tuple[str, ...]:
    """Return the names of the options that a format reads besides `--out` and `--overwrite`."""
    found: tuple[str, ...] = discovery.load(FORMATS, name).OPTIONS
    return found


def check(options: Export, run: TrainedRun) -> None:
    """Check an export before any work is done for it; loads no jax.

    Raises:
        UsageError: an option has no effect, `--out` is in use, or the run cannot be written in the format.
    """
    for name in ("use", "dtype"):
        if getattr(options, name) != Export.model_fields[name].default and name not in reads(options.format):
            raise UsageError(f"{flag(name)} has no effect with --format {options.format}; omit it")
    module = discovery.load(FORMATS, options.format)
    destination.check(options.out, folder=module.FOLDER, overwrite=options.overwrite)
    module.check(options, run)


def export(options: Export, run: TrainedRun) -> Exported:
    """Write a run in a format of another tool, and return what was written.

    Raises:
        UserError: as `check` does, or the files cannot be written.
    """
    check(options, run)
    module = discovery.load(FORMATS, options.format)
    files, details = module.export(options, run)
    return Exported(run.folder, options.format, tuple(files), details)
