"""The figures of a technique, drawn of a run."""

from __future__ import annotations

from typing import Any

from dlcli import figures
from dlcli.artifacts import Figure
from dlcli.errors import UserError
from dlcli.formats import command_line
from dlcli.options.fields import can_read, flag
from dlcli.pages.elements import Element, Paragraph
from dlcli.plot.page.files import encoded
from dlcli.reports.budget import Budget
from dlcli.reports.options import Report
from dlcli.reports.tokens import example
from dlcli.runs.trained import TrainedRun

_WIDGETS = {"confusion", "attention", "token-probabilities"}  # figures that are widgets of their own sections
# Figures that take over a minute: coarser than `dlcli viz` draws them.
_COARSER: dict[str, dict[str, int | str]] = {
    "loss-landscape": {"points": 11, "batches": 2},
    "curvature": {"iterations": 12, "batches": 2},
    "sampler-quality": {"samples": 200, "steps": "5,10,20"},
}
# Figures that take minutes even so: a product with the Hessian of a U-Net takes seconds.
_SLOW = {"diffusion": ("curvature",)}


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
        if name in _SLOW.get(run.technique, ()):
            missing.append(f"{name} (takes minutes: {command_line('viz', name, '--run', run.folder)})")
            continue
        try:
            chosen, opened = figures.opened(
                name, models[name](**given(name, run, options.use), **_COARSER.get(name, {})), run
            )
            found.append(_picture(figures.draw(name, chosen, opened), name, run, budget))
        except UserError as error:
            missing.append(f"{name} ({error})")
    if missing:
        found.append(Paragraph(f"not drawn: {'; '.join(missing)}", "note"))
    return found


def given(name: str, run: TrainedRun, use: str) -> dict[str, Any]:
    """Return the options that a figure needs to be drawn of a run: the run, its weights, and a text."""
    fields = figures.catalogue()[name].model_fields
    found: dict[str, Any] = {"run": (str(run.folder),) if isinstance(fields["run"].default, tuple) else str(run.folder)}
    if "use" in fields:
        found["use"] = use
    if "text" in fields and fields["text"].is_required():
        found["text"] = example(run)
    return found


def _picture(figure: Figure, name: str, run: TrainedRun, budget: Budget) -> Element:
    changed = [word for option, value in _COARSER.get(name, {}).items() for word in (flag(option), value)]
    command = command_line("viz", name, "--run", run.folder, *changed)
    caption = " ".join(map(str, [name, *changed]))
    if figure.animation is not None:
        return budget.picture(encoded(figure.animation(), ".gif"), "image/gif", caption, command)
    return budget.picture(encoded(figure.drawing), "image/png", caption, command)
