"""The pictures and the samples of a run that go along with its metrics."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dlcli import figures
from dlcli.errors import UserError
from dlcli.files import read_bytes
from dlcli.notices import warn
from dlcli.plot.page.files import encoded
from dlcli.reports import samples
from dlcli.reports.pictures import given
from dlcli.techniques.opening import open_run

_LARGEST = 16 * 2**20  # bytes of a picture
_USE = "best"


def pictures(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the PNG files that `dlcli viz` wrote into the run folder, the main figure of the technique, and samples."""
    found = sorted((folder / "figures").glob("*.png"))
    for path in found:
        try:
            yield path.stem, read_bytes(path, _LARGEST)
        except (OSError, ValueError) as error:
            warn(f"skipped {path}: {error}")
    run = open_run(folder, use=_USE)
    name = figures.main_figure(run.technique, run.files.raw("options.json"))
    try:
        if name not in {path.stem for path in found}:
            chosen, opened = figures.opened(name, figures.catalogue()[name](**given(name, run, _USE)), run)
            yield name, encoded(figures.draw(name, chosen, opened).drawing)
        if (drawing := samples.drawing(run, _USE)) is not None:
            yield "samples", encoded(drawing)
    except UserError as error:
        warn(f"{folder}: no picture of {name}: {error}")


def texts(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield a sample of a language model."""
    run = open_run(folder, use=_USE)
    for number, text in enumerate(samples.texts(run, _USE, 1)):
        yield f"sample-{number}", text
