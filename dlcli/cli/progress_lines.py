"""Formats the lines of a training run for a given width; nothing here prints."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from dlcli import formats

if TYPE_CHECKING:
    from dlcli.engine.initialization import Taken
    from dlcli.engine.range_test import RangeTest

# The most important metrics, in order.
_FIRST = ("loss", "accuracy", "frechet_distance", "total_variation", "generator_loss")
_GAP = "  "
_MAX_BAR = 40


@dataclasses.dataclass(frozen=True)
class TrainingState:
    """The progress of training.

    Attributes:
        step: finished steps.
        steps: total steps.
        rate: steps per second; None at the start.
        left: seconds until the end; None at the start.
        metrics: the latest means of the training metrics.
    """

    step: int
    steps: int
    rate: float | None = None
    left: float | None = None
    metrics: Mapping[str, float] = dataclasses.field(default_factory=dict)


def initialized(taken: Taken) -> list[str]:
    """Return what a run takes from another one: how many parameters, which are new, and which are not used."""
    total = len(taken.taken) + len(taken.new)
    partial = taken.partial.items()
    parts = [f"{name.removeprefix('network/')}: {some:,} of {every:,} entries" for name, (some, every) in partial]
    in_part = f" ({', '.join(parts)})" if parts else ""
    lines = [f"initialized {len(taken.taken)} of {total} parameters from {taken.source}{in_part}"]
    lines += [f"new: {formats.parameters(taken.new)}"] if taken.new else []
    return lines + ([f"not used: {formats.parameters(taken.left)}"] if taken.left else [])


def range_tested(test: RangeTest, width: int | None) -> list[str]:
    """Return the learning rate that a range test has chosen, and why."""
    why = f"a third of {test.lowest:.2g}, where the loss of a range test of {len(test.rates)} updates was lowest"
    return pack([f"learning rate {test.chosen:g}", why], width)


def fit(parts: Iterable[str], width: int | None, gap: str = _GAP) -> str:
    """Join the first parts that fit into `width` columns, at least one."""
    line = ""
    for number, part in enumerate(parts):
        longer = f"{line}{gap}{part}" if number else part
        if number and width is not None and len(longer) > width:
            break
        line = longer
    return line


def pack(parts: Iterable[str], width: int | None, gap: str = " · ") -> list[str]:
    """Join all parts to lines of at most `width` columns; a longer part has a line to itself."""
    lines: list[str] = []
    for part in parts:
        if lines and (width is None or len(lines[-1]) + len(gap) + len(part) <= width):
            lines[-1] += gap + part
        else:
            lines.append(part)
    return lines


def bar(at: TrainingState, width: int, glyphs: str = "━─") -> tuple[str, str, str]:
    """Return the finished part of the bar, the rest, and the text after it, in at most `width` columns.

    The text is step and total, rate, ETA and loss, shortened if the bar would not fit.
    """
    words = ""
    for form in (_long_words, _short_words):
        words = _GAP.join(filter(None, form(at)))
        room = width - len(words) - len(_GAP)
        if room >= 10:
            break
    length = max(3, min(room, _MAX_BAR))
    done = min(length, int(length * at.step / max(at.steps, 1)))
    return glyphs[0] * done, glyphs[1] * (length - done), words


def report(at: TrainingState, width: int | None = None) -> str:
    """Return one line with the content of the bar and of the line below it; `width` None: of any length."""
    return fit([f"step {at.step}/{at.steps}", *filter(None, _long_words(at)[1:]), *others(at.metrics)], width)


def validation(step: int, metrics: Mapping[str, float], *, best: bool, width: int | None = None) -> str:
    """Return the line of a validation, marked if it is the best so far."""
    mark = f"{_GAP}best" if best else ""
    parts = [f"step {step}{_GAP}validation", *entries(metrics)]
    return fit(parts, width and width - len(mark)) + mark


def activity(what: str, done: int, total: int | None, seconds: float, width: int | None = None) -> str:
    """Return the line of an activity, such as "decoding  120/5,000  0:12"; its name is shortened if necessary."""
    count = "" if total is None else f"{done:,}/{total:,}"
    rest = _GAP.join(filter(None, [count, clock(seconds)]))
    room = None if width is None else max(0, width - len(rest) - len(_GAP))
    return f"{cut(what, room)}{_GAP}{rest}"


def cut(text: str, width: int | None) -> str:
    """Return the words of a text that fit into `width` columns, with an ellipsis if some are cut."""
    if width is None or len(text) <= width:
        return text
    whole = text[: max(0, width - 1)].rpartition(" ")[0] or text[: max(0, width - 2)]
    return f"{whole} …"


def entries(metrics: Mapping[str, float]) -> list[str]:
    """Return each metric with its name, the most important first."""
    names = [*(name for name in _FIRST if name in metrics), *(name for name in metrics if name not in _FIRST)]
    return [f"{name.replace('_', ' ')} {number(metrics[name])}" for name in names]


def others(metrics: Mapping[str, float]) -> list[str]:
    """Return the entries of all metrics but the loss."""
    return entries({name: value for name, value in metrics.items() if name != "loss"})


def number(value: float) -> str:
    """Format a value in at most 9 characters."""
    return f"{value:.4f}" if 0.001 <= abs(value) < 1000 or value == 0 else f"{value:.2e}"


def clock(seconds: float) -> str:
    """Format seconds as 0:07, 12:34 or 1:02:03; from 100 hours on, in days."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 100:
        return f"{hours // 24} days"
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _long_words(at: TrainingState) -> list[str]:
    return [f"{at.step:,}/{at.steps:,}", _rate(at.rate, "steps/s"), _left(at.left), _loss(at.metrics)]


def _short_words(at: TrainingState) -> list[str]:
    return [f"{at.step}/{at.steps}", _rate(at.rate, "/s"), _left(at.left), _loss(at.metrics)]


def _rate(rate: float | None, unit: str) -> str:
    if not rate:
        return ""
    if rate < 1:
        return f"{1 / rate:.1f} s/step"
    value = f"{rate:.1f}" if rate < 1000 else f"{rate:.0f}"
    return f"{value} {unit}" if unit[0] != "/" else f"{value}{unit}"


def _left(left: float | None) -> str:
    return "" if left is None else f"ETA {clock(left)}"


def _loss(metrics: Mapping[str, float]) -> str:
    return f"loss {number(metrics['loss'])}" if "loss" in metrics else ""
