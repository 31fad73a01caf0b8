"""Samples of a generative model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlcli import techniques
from dlcli.artifacts import Images, joined
from dlcli.formats import command_line, option
from dlcli.options.fields import can_read, flag
from dlcli.options.text import TextSampleOptions
from dlcli.pages.elements import Code, Element, Paragraph
from dlcli.plot import page
from dlcli.plot.charts.tiles import album
from dlcli.plot.page.files import encoded
from dlcli.reports.budget import Budget
from dlcli.reports.options import Report
from dlcli.runs.trained import TrainedRun

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

_TEXTS = 3
_SETTINGS = ("temperature", "top_k", "top_p", "max_new_tokens")


def parts(run: TrainedRun, options: Report, budget: Budget) -> list[Element]:
    """Return a picture of samples, or a few texts, with the default options of `dlcli sample`."""
    if (found := drawing(run, options.use)) is not None:
        command = command_line("sample", run.technique, "--run", run.folder)
        return [budget.picture(encoded(found), "image/png", "samples", command)]
    several = texts(run, options.use, _TEXTS)
    if not several:
        return []
    chosen = _options(run, options.use)
    settings = [(flag(name), getattr(chosen, name)) for name in _SETTINGS if getattr(chosen, name) is not None]
    note = ", ".join(f"{name} {option(name, value)}" for name, value in settings)
    return [Paragraph(f"{_TEXTS} texts, seeds 0 to {_TEXTS - 1}, {note}", "note"), *map(Code, several)]


def drawing(run: TrainedRun, use: str) -> Drawing | None:
    """Return a drawing of samples of a generative model of images or points; None for other runs."""
    chosen = _options(run, use)
    if chosen is None or isinstance(chosen, TextSampleOptions):
        return None
    drawn = techniques.apply("sample", chosen, run)
    if isinstance(drawn, Images):
        return page.tiles.draw(album(drawn.pixels, drawn.captions, title=drawn.title, columns=drawn.columns))
    return drawn.drawing


def texts(run: TrainedRun, use: str, count: int) -> list[str]:
    """Return texts that a language model generates, one per seed; none for other runs."""
    if not isinstance(_options(run, use), TextSampleOptions):
        return []
    several = (techniques.apply("sample", _options(run, use, seed=seed), run) for seed in range(count))
    return [each["prompt"] + each["text"] for chunks in several for each in joined(chunks)]


def _options(run: TrainedRun, use: str, **more: Any) -> Any:
    """Return the default options of `dlcli sample`, or None if nothing can be sampled from the run."""
    model = techniques.options(run.technique, "sample")
    if model is None or not can_read(model, run.files.raw("options.json")):
        return None
    return model(run=str(run.folder), use=use, **more)
