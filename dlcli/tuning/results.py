"""The results of a search: its trials, its best run, the command that repeats it, tables and values for JSON."""

from __future__ import annotations

import collections
import dataclasses
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dlcli import formats
from dlcli.artifacts import Table
from dlcli.formats import command_line
from dlcli.options.fields import flag
from dlcli.runs.trials import storage
from dlcli.tuning import sampling
from dlcli.tuning.search import Search

_SHOWN = 10  # trials in the table


@dataclasses.dataclass(frozen=True)
class Trial:
    """A trial of a search.

    Attributes:
        number: from 0.
        state: "complete", "pruned", "diverged", "out of memory", "invalid", "running" or "waiting".
        values: of its parameters, by name.
        value: the best validation of the metric; None if there is none.
        step: the last step; None if it has not ended.
        seconds: from its first start to its end; None if it has not ended.
        message: why it failed; "" if it did not.
    """

    number: int
    state: str
    values: Mapping[str, Any]
    value: float | None
    step: int | None
    seconds: float | None
    message: str


@dataclasses.dataclass(frozen=True)
class Results:
    """The trials of a search.

    Attributes:
        search: the search.
        metric: that runs are validated by; "" before the first run.
        rising: whether a higher value is better.
        trials: by number.
        importance: share of the variance of the values that a parameter explains (fANOVA), by its name; {} if there are
            too few trials.
    """

    search: Search
    metric: str
    rising: bool
    trials: Sequence[Trial]
    importance: Mapping[str, float]

    @property
    def best(self) -> Trial | None:
        """The complete trial of the best value."""
        return next(iter(self.ranked), None)

    @property
    def ranked(self) -> list[Trial]:
        """The complete trials, the best first."""
        found = [(each.value, each) for each in self.trials if each.state == "complete" and each.value is not None]
        return [trial for _, trial in sorted(found, key=lambda pair: -pair[0] if self.rising else pair[0])]

    def folder(self, trial: Trial) -> Path:
        """Return the run of a trial."""
        return self.search.folder.run(trial.number)


def read(search: Search) -> Results:
    """Read the results of a search from its storage."""
    opened = storage.opened(search.place)
    study = sampling.study(opened, search.folder.name)
    monitor = str(study.user_attrs.get("metric", ""))
    rising = monitor.startswith("-")
    trials = [_trial(each, rising) for each in study.get_trials(deepcopy=False) if each.number < search.count]
    return Results(search, monitor.lstrip("-"), rising, trials, sampling.importance(study))


def train_command(results: Results, trial: Trial) -> str:
    """Return the command that trains the run of a trial again."""
    words: list[object] = ["train", results.search.space.technique]
    options = results.search.space.options(trial.values)
    given = {**results.search.space.fixed, **trial.values}
    for name in [*given, *(["validate_every"] if "validate_every" not in given else [])]:
        value = getattr(options, name)
        if isinstance(value, bool):
            words.append(flag(name) if value else f"--no-{flag(name)[2:]}")
        elif value is not None:
            words += [flag(name), *(value if isinstance(value, tuple) else [repr_of(value)])]
    return command_line(*words)


def table(results: Results) -> Table:
    """Return the best trials with their values, and the counts of the others."""
    names = list(results.search.space.ranges)
    ranked = results.ranked
    rows = [_row(each, names) for each in ranked[:_SHOWN]]
    columns = ["trial", results.metric or "value", *(flag(name) for name in names), "step"]
    first = f", the best {len(rows)} complete ones" if len(ranked) > len(rows) else ""
    title = f"search of {results.search.space.technique}, {states(results)}{first}"
    failed = [each for each in results.trials if each.message]
    below = [Table(f"trial {failed[0].number}: {failed[0].message}", [], [], {})] if failed else []
    return Table(title, columns if rows else [], rows, numbers(results), below)


def states(results: Results) -> str:
    """Return the number of trials in each state: "40 trials (31 complete, 9 pruned)"."""
    counts = collections.Counter(each.state for each in results.trials)
    return f"{len(results.trials)} trials ({', '.join(f'{count} {state}' for state, count in counts.items())})"


def numbers(results: Results) -> dict[str, Any]:
    """Return the results as values for JSON."""
    best, search = results.best, results.search
    found: dict[str, Any] = {
        "technique": search.space.technique,
        "metric": results.metric,
        "higher_is_better": results.rising,
        "folder": str(search.folder.path),
        "storage": storage.shown(search.place),
        "params": {name: each.text for name, each in search.space.ranges.items()},
        "options": search.options.model_dump(mode="json", include=set(search.space.fixed)),
        "importance": dict(results.importance),
        "trials": [dataclasses.asdict(each) for each in results.trials],
        "best": None,
    }
    if best is not None:
        run = str(results.folder(best))
        found["best"] = {**dataclasses.asdict(best), "run": run, "command": train_command(results, best)}
    return found


def repr_of(value: Any) -> str:
    """Return a value as a flag takes it, without losing digits."""
    return f"{value!r}" if isinstance(value, float) else str(value)


def next_commands(results: Results) -> list[str]:
    """Return the commands that continue from here, ready to paste."""
    if results.best is None:
        return []
    return [command_line("eval", results.folder(results.best)), train_command(results, results.best)]


def continue_command(argv: Sequence[str]) -> str:
    """Return the command that continues the search: the same one."""
    return shlex.join(["dlcli", *argv[1:]])


def _row(trial: Trial, names: Sequence[str]) -> tuple[Any, ...]:
    values = [formats.option(name, trial.values[name]) if name in trial.values else "" for name in names]
    return trial.number, trial.value, *values, trial.step


def _trial(frozen: Any, rising: bool) -> Trial:
    result = frozen.user_attrs.get("result", {})
    state = str(result.get("state", frozen.state.name.lower())) if frozen.state.is_finished() else ""
    value = result.get("value")
    ended = frozen.datetime_complete
    return Trial(
        number=frozen.number,
        state=state or frozen.state.name.lower(),
        values=result.get("values", frozen.params),
        value=None if value is None else (-value if rising else value),
        step=result.get("step"),
        seconds=(ended - frozen.datetime_start).total_seconds() if ended and frozen.datetime_start else None,
        message=str(result.get("message", "")),
    )
