"""The Python interface: what the commands do, as functions and as methods of a run. Loads jax when first needed.

The command line uses `perform` and `draw_figure` as the functions here do, with the same options. An invalid input or
environment raises `dlcli.UserError`, with a `hint`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcli import export, figures, importing, techniques
from dlcli.artifacts import Figure, Images, Likelihood, Prediction, Tokenization, Vector, joined
from dlcli.errors import UsageError
from dlcli.export import Exported
from dlcli.export.options import Export
from dlcli.importing.options import Import
from dlcli.nearest import did_you_mean
from dlcli.notebook import DrawnFigure, Measured, NotebookProgress, in_notebook, run_html
from dlcli.options.fields import Options, cli
from dlcli.python_inputs import listed
from dlcli.reports.options import Report
from dlcli.runs import evaluations
from dlcli.runs.trained import TrainedRun
from dlcli.techniques import opening
from dlcli.techniques.inheriting import inherited
from dlcli.validation import validate

if TYPE_CHECKING:
    import numpy as np
    from flax import nnx

    from dlcli.engine import Event

Progress = Callable[["Event"], None] | bool


class Run(TrainedRun):
    """A trained run. `path`, `options` and `history` load no jax; the weights are loaded once."""

    @property
    def path(self) -> Path:
        """Its folder."""
        return self.folder

    @property
    def history(self) -> list[dict[str, Any]]:
        """The records of `metrics.jsonl`: step, split, metrics, rate and seconds of each report."""
        return list(self.files.metrics.read())

    @property
    def model(self) -> nnx.Module:
        """The trained network, in evaluation mode, with the weights that `use` selects."""
        return self.learner.trained_model()

    def evaluate(self, **options: Any) -> dict[str, Any]:
        """Return the numbers of `dlcli eval --json`: metrics of the test split by name."""
        return Measured(self._perform("eval", options))

    def predict(self, inputs: Any = None, **options: Any) -> list[Prediction | Tokenization | Vector]:
        """Return a prediction for each input.

        Args:
            inputs: for cnn, images: paths, or arrays, uint8 [height, width] or [height, width, channel], also stacked;
                for mlp, rows: strings such as "5.1,3.5", or numbers [feature] or [row, feature]; for techniques of
                text, strings; one or several. None for word2vec, whose options are the queries.
            options: of `dlcli predict`.
        """
        model = self._model("predict")
        name = next((name for name, field in model.model_fields.items() if cli(field).argument), None)
        if name is None or inputs is None:
            return list(self._perform("predict", options))
        values = listed(inputs, self.technique)
        # Arrays cannot be values of an option: a placeholder is validated instead.
        checkable = ["-" if hasattr(each, "shape") else each for each in values]
        checked = self._options("predict", {**options, name: checkable})
        return list(perform("predict", checked.model_copy(update={name: values}), self.using(_use(checked))))

    def sample(self, **options: Any) -> np.ndarray | list[str]:
        """Return samples: images, uint8 [sample, height, width, channel]; points, float32 [sample, 2]; or texts."""
        drawn = self._perform("sample", options)
        if isinstance(drawn, Images):
            return drawn.pixels
        if isinstance(drawn, Figure):
            import numpy as np

            return np.asarray(drawn.numbers["points"], np.float32)
        return [each["prompt"] + each["text"] for each in joined(drawn)]

    def score(self, texts: str | Sequence[str], **options: Any) -> list[Likelihood]:
        """Return the likelihood of each text, token by token."""
        return list(self._perform("score", {**options, "text": [texts] if isinstance(texts, str) else list(texts)}))

    def export(self, format: str, out: str | Path, **options: Any) -> Exported:
        """Write the run in a format of another tool, as `dlcli export` does; return what was written.

        Args:
            format: such as "safetensors".
            out: file or folder.
            options: of `dlcli export`.
        """
        given = {"format": format, "out": out, "run": str(self.folder), **options}
        checked = validate(Export, given, flags=options)
        if "use" not in options and "use" in export.reads(checked.format):
            checked = checked.model_copy(update={"use": self.use})
        return export_run(checked, self)

    def report(self, out: str | Path = "report.html", **options: Any) -> Path:
        """Write one HTML page about the run: see `dlcli.report`."""
        return report(self, out, **{"use": self.use, **options})

    def resume(self, *, progress: Progress = False, **changes: Any) -> Run:
        """Continue training, with changes to its options; return the run with its new weights."""
        opening.check_changes(self, changes)
        from dlcli import engine
        from dlcli.trackers.tracking import tracked

        events = engine.resume(techniques.learner(self.technique), self.folder, changes)
        _show(tracked(events, changes.get("track", self.options.track)), progress)
        return Run(self.folder, self.reader, self.use)

    def _repr_html_(self) -> str:
        return run_html(self)

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r}, technique={self.technique!r}, use={self.use!r})"

    def _perform(self, verb: str, given: Mapping[str, Any]) -> Any:
        options = self._options(verb, given)
        return perform(verb, options, self.using(_use(options)))

    def _options(self, verb: str, given: Mapping[str, Any]) -> Any:
        """Return the options of a verb for this run; raise as `dlcli.techniques.opening.options_of` does."""
        model = self._model(verb)
        use = {"use": self.use} if "use" in model.model_fields else {}
        return opening.options_of(self, verb, {**use, **given}, flags=given)

    def _model(self, verb: str) -> type[Options]:
        model: type[Options] | None = techniques.options(self.technique, verb)
        if model is None:
            verbs = ", ".join(each for each in ("eval", "sample", "predict", "score") if self._has(each))
            raise UsageError(f"a run of {self.technique} has no {verb}", hint=f"it has {verbs}")
        return model

    def _has(self, verb: str) -> bool:
        return techniques.options(self.technique, verb) is not None


def train(technique: str, *, progress: Progress = False, **options: Any) -> Run:
    """Train a new run, as `dlcli train` does, and return it.

    Args:
        technique: such as "cnn".
        progress: called with each event of training (see `dlcli.engine.events`); True prints a line per report.
        options: of `dlcli train TECHNIQUE`.

    Raises:
        UserError: an option, the data or the machine does not allow it.
    """
    name = technique.replace("_", "-")
    if name not in techniques.names():
        raise UsageError(f"there is no technique {technique!r}{did_you_mean(name, techniques.names())}")
    model = techniques.options(name, "train")
    taken = inherited(name, model, options)
    folder = new_run(name, validate(model, {**taken, **options}, flags=options, kept=taken), progress)
    return load(folder)


def load(run: str | Path = "", *, use: str = "best") -> Run:
    """Open a run.

    Args:
        run: its folder, its name under `runs/`, or a technique's name for its latest run; empty: the latest of all.
        use: which weights: "best" (of the best validation) or "last".

    Raises:
        RunError: there is no such run.
    """
    if use not in ("best", "last"):
        raise UsageError(f"use must be 'best' or 'last', got {use!r}")
    found = opening.open_run(run, use=use)
    return Run(found.folder, found.reader, use)


def import_model(path: str | Path, **options: Any) -> Run:
    """Import a model of another tool as a run, as `dlcli import` does, and return the run.

    Args:
        path: file or folder.
        options: of `dlcli import`.

    Raises:
        RunError: the file is missing, or its model does not fit.
    """
    checked = validate(Import, {"path": path, **options}, flags=options)
    refuse_name(checked)
    found = importing.read(checked)
    from dlcli.importing.run_folder import write

    return load(write(found, checked).folder)


def evaluate(run: Run | str | Path, **options: Any) -> dict[str, Any]:
    """Measure a run on the test split of its data, or of other data: see `Run.evaluate`."""
    return _run(run).evaluate(**options)


def predict(run: Run | str | Path, inputs: Any = None, **options: Any) -> list[Prediction | Tokenization | Vector]:
    """Apply a run to inputs: see `Run.predict`."""
    return _run(run).predict(inputs, **options)


def sample(run: Run | str | Path, **options: Any) -> np.ndarray | list[str]:
    """Draw samples from a generative run: see `Run.sample`."""
    return _run(run).sample(**options)


def score(run: Run | str | Path, texts: str | Sequence[str], **options: Any) -> list[Likelihood]:
    """Return the likelihood of texts: see `Run.score`."""
    return _run(run).score(texts, **options)


def draw(
    figure: str,
    *,
    run: Run | str | Path | Sequence[Run | str | Path] | None = None,
    out: str | Path | None = None,
    **options: Any,
) -> Figure:
    """Draw a figure of `dlcli viz`.

    Args:
        figure: its name, such as "attention".
        run: to draw it of; several for figures that compare runs.
        out: file to save it in; the extension chooses the format.
        options: of `dlcli viz FIGURE`.

    Returns:
        The figure: `drawing` is a matplotlib figure, `numbers` are its data.

    Raises:
        UserError: an option or the run does not allow it.
    """
    models = figures.catalogue()
    name = figure.replace("_", "-")
    if name not in models:
        raise UsageError(f"there is no figure {figure!r}{did_you_mean(name, models)}")
    from dlcli.plot.page.files import check, is_animation, save

    given = dict(options)
    if run is not None:
        runs = [run] if isinstance(run, str | Path | TrainedRun) else list(run)
        folders = tuple(str(each.folder if isinstance(each, TrainedRun) else each) for each in runs)
        field = models[name].model_fields.get("run")
        given["run"] = folders if field is not None and isinstance(field.default, tuple) else folders[0]
    checked = validate(models[name], given, flags=options)
    if out is not None:
        check(Path(out), animated=checked.animated)
    checked, opened = figures.opened(name, checked, run if isinstance(run, TrainedRun) else None)
    drawn = draw_figure(name, checked, opened)
    if out is not None:
        save(drawn.animation() if drawn.animation and is_animation(Path(out)) else drawn.drawing, Path(out))
    return DrawnFigure.of(drawn)


def report(
    runs: Run | str | Path | Sequence[Run | str | Path], out: str | Path = "report.html", **options: Any
) -> Path:
    """Write one HTML page about one or several runs, as `dlcli report` does, and return its path.

    Args:
        runs: one or several.
        out: HTML file.
        options: of `dlcli report`.
    """
    listed = [runs] if isinstance(runs, str | Path | TrainedRun) else list(runs)
    names = [str(each.folder if isinstance(each, TrainedRun) else each) for each in listed]
    checked = validate(Report, {"runs": names, "out": out, **options}, flags=options)
    check_report(checked)
    opened = [opening.open_run(name, use=checked.use) for name in names]
    return write_report(checked, opened)


def check_report(options: Report) -> None:
    """Raise an error if the file of a report cannot be written, before any work is done."""
    export.destination.check(options.out, folder=False, overwrite=True)


def write_report(options: Report, runs: Sequence[TrainedRun]) -> Path:
    """Write the page about the runs that the options name."""
    _prepare(options)
    from dlcli.reports.compose import report as compose

    [path] = export.destination.write_file(options.out, compose(runs, options).encode())
    return path


def draw_figure(name: str, options: Any, opened: Any) -> Figure:
    """Draw a figure of the runs that `figures.opened` returned."""
    _prepare(options)
    if "device" not in type(options).model_fields and figures.computes(name):
        from dlcli.compiling import cache_compilations

        cache_compilations()
    drawn: Figure = figures.draw(name, options, opened)
    return drawn


def perform(verb: str, options: Any, run: TrainedRun) -> Any:
    """Apply a verb of a run's technique to the run, and return what it makes: an artifact, or an iterator of them.

    An evaluation is also kept in the run.

    Args:
        verb: "eval", "sample", "predict" or "score".
        options: of the verb.
        run: that they name.
    """
    _prepare(options)
    found = techniques.apply(verb, options, run)
    if verb == "eval":
        evaluations.record(run.files, options, found)
    return found


def export_run(options: Export, run: TrainedRun) -> Exported:
    """Write a run in the format that the options name."""
    export.check(options, run)
    from dlcli.engine.devices import prepare

    prepare("auto")
    return export.export(options, run.using(options.use))


def new_run(technique: str, options: Any, progress: Progress = False) -> Path:
    """Train a new run, and return its folder."""
    refuse_name(options)
    if technique in techniques.having("resume"):
        from dlcli import engine
        from dlcli.trackers.tracking import tracked

        return _show(tracked(engine.fit(techniques.learner(technique), options), options.track), progress)
    from dlcli.engine import direct

    trainer = techniques.trainer(technique)
    return direct.train(trainer, direct.prepare(technique, trainer, options)).folder


def refuse_name(options: Any) -> None:
    """Raise `UsageError` where a new run would have the name of a technique, which means the latest run of it."""
    if options.name in techniques.names():
        raise UsageError(f"--name must not be that of a technique, which stands for its latest run, got {options.name}")


def _prepare(options: Any) -> None:
    if "device" in type(options).model_fields:
        from dlcli.engine.devices import prepare

        prepare(options.device)


def _show(events: Iterator[Event], progress: Progress) -> Path:
    """Pass through the events of a run, and return its folder."""
    lines = NotebookProgress() if in_notebook() else _print
    show = lines if progress is True else progress or (lambda event: None)
    event: Any = None
    for event in events:
        show(event)
    folder: Path = event.folder
    return folder


def _print(event: Event) -> None:
    """Print reports and validations to standard error."""
    from dlcli.engine import Reported, Validated

    if isinstance(event, Reported | Validated):
        split = "train" if isinstance(event, Reported) else "validation"
        line = "  ".join(f"{name} {value:.4g}" for name, value in event.metrics.items())
        print(f"step {event.step:,}  {split}  {line}", file=sys.stderr, flush=True)


def _run(run: Run | str | Path) -> Run:
    return run if isinstance(run, Run) else load(run)


def _use(options: Any) -> str:
    return str(getattr(options, "use", "best"))
