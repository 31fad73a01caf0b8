"""How runs, figures and tables show themselves in a notebook, and the progress of training there."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING, Any

from dlcli import formats
from dlcli.artifacts import Figure, Table
from dlcli.formats import printable
from dlcli.pages.elements import Element, Grid, Heading, Paragraph, escape, render
from dlcli.runs.description import described
from dlcli.runs.summary import summarize
from dlcli.runs.trained import TrainedRun

if TYPE_CHECKING:
    from dlcli.engine import Event

_SHOWN = ("technique", "data", "parameters", "state", "best", "took", "device", "note")


class DrawnFigure(Figure):
    """A figure that shows itself as a picture."""

    @classmethod
    def of(cls, figure: Figure) -> DrawnFigure:
        """Return a figure that shows itself."""
        return cls(**{field.name: getattr(figure, field.name) for field in dataclasses.fields(figure)})

    def _repr_png_(self) -> bytes:
        from dlcli.plot.page.files import encoded

        return encoded(self.drawing)


class Measured(dict[str, Any]):
    """The numbers of an evaluation, which show themselves as the tables of `dlcli eval`."""

    def __init__(self, table: Table):
        super().__init__(table.numbers)
        self.table = table

    def _repr_html_(self) -> str:
        return render(list(_grids(self.table)))


def run_html(run: TrainedRun) -> str:
    """Return the description of a run as HTML."""
    about = described(summarize(run.folder), run.files.raw("run.json"))
    rows = [(name, about[name]) for name in _SHOWN if about.get(name) not in (None, "", formats.MISSING)]
    parts: list[Element] = [Heading(printable(run.folder)), Grid("", (), rows)]
    return render(parts)


def in_notebook() -> bool:
    """Return whether this process is the kernel of a notebook; loads nothing."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return shell is not None and hasattr(shell, "kernel")


class NotebookProgress:
    """Shows the progress of training below a cell: a bar, and a line for each validation."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._steps, self._step, self._metrics = 1, 0, ""
        self._validations: list[str] = []

    def __call__(self, event: Event) -> None:
        """Show one event."""
        kind = type(event).__name__
        if kind == "Started":
            self._steps, self._step = event.steps, event.step  # type: ignore[union-attr]
        elif kind in ("Stepped", "Reported"):
            self._step = event.step  # type: ignore[union-attr]
            self._metrics = _line(event.metrics) or self._metrics  # type: ignore[union-attr]
        elif kind == "Validated":
            best = "  best" if event.best else ""  # type: ignore[union-attr]
            self._validations.append(f"step {event.step:,}  validation  {_line(event.metrics)}{best}")  # type: ignore[union-attr]
        elif kind != "Ended":
            return
        self._show()

    def _show(self) -> None:
        content = _Html(
            f'<progress value="{self._step}" max="{self._steps}"></progress> '
            f"step {self._step:,} of {self._steps:,}  {escape(self._metrics)}"
            + "".join(f"<br>{escape(line)}" for line in self._validations)
        )
        if self._handle is None:
            from IPython.display import display

            self._handle = display(content, display_id=True)
        else:
            self._handle.update(content)


@dataclasses.dataclass(frozen=True)
class _Html:
    text: str

    def _repr_html_(self) -> str:
        return self.text


def _line(metrics: Any) -> str:
    return "  ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in (metrics or {}).items())


def _grids(table: Table) -> list[Element]:
    own: Element = Grid.of(table) if table.columns else Paragraph(table.title)
    return [own, *(each for part in table.below for each in _grids(part))]
