"""The figures of a technique, drawn of a run."""

from __future__ import annotations

from typing import Any

from dlcli import figures
from dlcli.artifacts import Figure
from dlcli.errors import UserError
from dlcli.formats import command_line
from dlcli.options.fields import can_read
from dlcli.pages.elements import Element, Paragraph
from dlcli.plot.page.files import encoded
from dlcli.report.budget import Budget
from dlcli.report.options import Report
from dlcli.report.tokens import example
from dlcli.runs.trained import TrainedRun

_WIDGETS = {"confusion", "attention", "token-probabilities"}  # figures that are widgets of their own sections


def parts(run: TrainedRun, options: Report, budget: Budget) -> list[Element]:
    """Return each figure that can be drawn of the run, and below a note on those that cannot."""
    if not options.figures:
        return []
    models = figures.catalogue()
    found: list[Element] = []
    missing: list[str] = []
    for name in (each for each in figures.of(run.technique) if each not in _WIDGETS):
        if not can_read(models[name], run.files.raw("options.json")):
            continue
        try:
            chosen, opened = figures.opened(name, models[name](**_given(models[name], run, options)), run)
            found.append(_picture(figures.draw(name, chosen, opened), name, run, budget))
        except UserError as error:
            missing.append(f"{name} ({error})")
    if missing:
        found.append(Paragraph(f"not drawn: {'; '.join(missing)}", "note"))
    return found


def _given(model: Any, run: TrainedRun, options: Report) -> dict[str, Any]:
    given: dict[str, Any] = {"run": str(run.folder)}
    if "use" in model.model_fields:
        given["use"] = options.use
    if "text" in model.model_fields and model.model_fields["text"].is_required():
        given["text"] = example(run)
    return given


def _picture(figure: Figure, name: str, run: TrainedRun, budget: Budget) -> Element:
    command = command_line("viz", name, "--run", run.folder)
    if figure.animation is not None:
        return budget.picture(encoded(figure.animation(), ".gif"), "image/gif", name, command)
    return budget.picture(encoded(figure.drawing), "image/png", name, command)
