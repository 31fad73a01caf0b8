"""Samples of a generative model."""

from __future__ import annotations

import itertools
from typing import Any

from dlcli import techniques
from dlcli.artifacts import Figure, Images, joined
from dlcli.formats import command_line, option
from dlcli.options.fields import can_read, flag
from dlcli.pages.elements import Code, Element, Paragraph
from dlcli.plot import page
from dlcli.plot.charts.tiles import album
from dlcli.plot.page.files import encoded
from dlcli.report.budget import Budget
from dlcli.report.options import Report
from dlcli.runs.trained import TrainedRun

_TEXTS = 3
_SETTINGS = ("temperature", "top_k", "top_p", "max_new_tokens", "seed")


def parts(run: TrainedRun, options: Report, budget: Budget) -> list[Element]:
    """Return a picture of samples, or a few texts, with the default options of `dlcli sample`."""
    model = techniques.options(run.technique, "sample")
    if model is None or not can_read(model, run.files.raw("options.json")):
        return []
    chosen = model(run=str(run.folder), use=options.use)
    drawn = techniques.apply("sample", chosen, run)
    if isinstance(drawn, Images):
        tiles = album(drawn.pixels, drawn.captions, title=drawn.title, columns=drawn.columns)
        return [_picture(page.tiles.draw(tiles), drawn.title, run, budget)]
    if isinstance(drawn, Figure):
        return [_picture(drawn.drawing, "samples", run, budget)]
    several = itertools.chain.from_iterable(
        _texts(model(run=str(run.folder), use=options.use, seed=seed), run) for seed in range(_TEXTS)
    )
    settings = [(flag(name), getattr(chosen, name)) for name in _SETTINGS if getattr(chosen, name) is not None]
    note = ", ".join(f"{name} {option(name, value)}" for name, value in settings if name != "--seed")
    return [Paragraph(f"{_TEXTS} texts, seeds 0 to {_TEXTS - 1}, {note}", "note"), *map(Code, several)]


def _texts(chosen: Any, run: TrainedRun) -> list[str]:
    return [each["prompt"] + each["text"] for each in joined(techniques.apply("sample", chosen, run))]


def _picture(drawing: Any, title: str, run: TrainedRun, budget: Budget) -> Element:
    command = command_line("sample", run.technique, "--run", run.folder)
    return budget.picture(encoded(drawing), "image/png", title, command)
