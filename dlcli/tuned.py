"""Hyperparameter search from Python: `dlcli.tune` does what `dlcli tune` does."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dlcli import techniques
from dlcli.api import Run, load
from dlcli.artifacts import Figure
from dlcli.errors import UsageError
from dlcli.nearest import did_you_mean
from dlcli.tuning import options as search_options
from dlcli.tuning import results
from dlcli.tuning.events import Event, Finished
from dlcli.tuning.options import TuneOptions
from dlcli.tuning.results import Results, Trial
from dlcli.tuning.search import begin, require, space_of
from dlcli.validation import validate

Values = str | Sequence[Any]


class Tuned:
    """A search that was run: its trials, and the best run."""

    def __init__(self, found: Results):
        self._results = found

    @property
    def trials(self) -> list[Trial]:
        """All trials by number: state, values of the parameters, value of the metric."""
        return list(self._results.trials)

    @property
    def best(self) -> Run:
        """The run of the complete trial with the best validation.

        Raises:
            UsageError: no trial is complete.
        """
        if self._results.best is None:
            raise UsageError("the search has no complete trial", hint="give it more trials, or another pruner")
        return load(self._results.folder(self._results.best))

    @property
    def numbers(self) -> dict[str, Any]:
        """The values of `dlcli tune --json`."""
        return results.numbers(self._results)

    def figure(self) -> Figure | None:
        """Return history, importance of the parameters and slices; None if no trial has a value."""
        from dlcli.tuning.figure import figure

        return figure(self._results)

    def __repr__(self) -> str:
        return f"Tuned({results.states(self._results)}, folder={str(self._results.search.folder.path)!r})"


def tune(
    technique: str,
    params: Mapping[str, Values],
    *,
    progress: Callable[[Event], None] | bool = False,
    **options: Any,
) -> Tuned:
    """Search the options of a technique, as `dlcli tune` does; the same call continues the search.

    Args:
        technique: such as "cnn".
        params: the values of each option to search: a range such as "1e-4..1e-1:log", or a list.
        progress: called with each event of the search (see `dlcli.tuning.events`); True prints a line per trial.
        options: of `dlcli tune TECHNIQUE`: trials, workers, storage, …, and those of `dlcli train TECHNIQUE`.

    Raises:
        UserError: an option, a range, the data or the machine does not allow it.
    """
    name = technique.replace("_", "-")
    if name not in techniques.having("resume"):
        raise UsageError(f"there is no search of {technique!r}{did_you_mean(name, techniques.having('resume'))}")
    texts = [f"{option}={_text(values)}" for option, values in params.items()]
    chosen: TuneOptions = validate(search_options.model(name), {"param": texts, **options}, flags=options)
    fixed = {each: getattr(chosen, each) for each in options if each not in TuneOptions.model_fields}
    space = space_of(name, chosen, fixed)
    require(chosen)
    from dlcli.tuning.workers import work_together

    deadline = None if chosen.time is None else time.time() + chosen.time
    search = begin(space, chosen)
    show = _print if progress is True else progress or (lambda event: None)
    for event in work_together(search, lambda: None, deadline):
        show(event)
    return Tuned(results.read(search))


def _text(values: Values) -> str:
    if isinstance(values, str):
        return values
    parts = [str(each) for each in values]
    return ("|" if any("," in part for part in parts) else ",").join(parts)


def _print(event: Event) -> None:
    """Print finished trials to standard error."""
    if isinstance(event, Finished):
        value = event.state if event.value is None else f"{event.metric} {event.value:.4g}"
        values = "  ".join(f"{name} {each}" for name, each in event.values.items())
        print(f"trial {event.number}  {value}  {values}", file=sys.stderr, flush=True)
