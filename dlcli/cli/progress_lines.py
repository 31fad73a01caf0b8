"""What the lines of a training run hold at which width; nothing here prints."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

_FIRST = (
    "loss",
    "accuracy",
    "frechet_distance",
    "total_variation",
    "generator_loss",
)  # metrics by their importance; others follow as they come
_GAP = "  "
_LONGEST_BAR = 40


@dataclasses.dataclass(frozen=True)
class TrainingState:
    """How far training is.

    Attributes:
        step: steps that are computed.
        steps: steps in all.
        rate: in steps a second; None before it is known.
        left: seconds until the end; None before that is known.
        metrics: the latest means of the training metrics.
    """

    step: int
    steps: int
    rate: float | None = None
    left: float | None = None
    metrics: Mapping[str, float] = dataclasses.field(default_factory=dict)


def fit(parts: Iterable[str], width: int | None, gap: str = _GAP) -> str:
    """Join as many of the parts as stand in `width` columns, in their order; the first always stands."""
    line = ""
    for number, part in enumerate(parts):
        longer = f"{line}{gap}{part}" if number else part
        if number and width is not None and len(longer) > width:
            break
        line = longer
    return line


def pack(parts: Iterable[str], width: int | None, gap: str = " · ") -> list[str]:
    """Join all parts to lines of at most `width` columns, broken between parts; a part that is longer stays whole."""
    lines: list[str] = []
    for part in parts:
        if lines and (width is None or len(lines[-1]) + len(gap) + len(part) <= width):
            lines[-1] += gap + part
        else:
            lines.append(part)
    return lines


def bar(at: TrainingState, width: int, glyphs: str = "━─") -> tuple[str, str, str]:
    """Return the bar's part that is done, the part that is not, and the words beside it: `width` columns at most.

    The words are step and total, rate, time left, and loss; shorter ones where they would leave no room for the bar.
    """
    words = ""
    for form in (_long_words, _short_words):
        words = _GAP.join(filter(None, form(at)))
        room = width - len(words) - len(_GAP)
        if room >= 10:
            break
    length = max(3, min(room, _LONGEST_BAR))
    done = min(length, int(length * at.step / max(at.steps, 1)))
    return glyphs[0] * done, glyphs[1] * (length - done), words


def report(at: TrainingState, width: int | None = None) -> str:
    """Return a line of its own that says all that the bar and the line below it say; None: of any length."""
    return fit([f"step {at.step}/{at.steps}", *filter(None, _long_words(at)[1:]), *others(at.metrics)], width)


def validation(step: int, metrics: Mapping[str, float], *, best: bool, width: int | None = None) -> str:
    """Return the line of a validation, the best so far or not."""
    mark = f"{_GAP}best" if best else ""
    parts = [f"step {step}{_GAP}validation", *entries(metrics)]
    return fit(parts, width and width - len(mark)) + mark


def activity(what: str, done: int, total: int | None, seconds: float, width: int | None = None) -> str:
    """Return the line of something that is being done, such as "decoding  120/5,000  0:12"; its words are cut last."""
    count = "" if total is None else f"{done:,}/{total:,}"
    rest = _GAP.join(filter(None, [count, clock(seconds)]))
    room = None if width is None else max(0, width - len(rest) - len(_GAP))
    return f"{cut(what, room)}{_GAP}{rest}"


def cut(text: str, width: int | None) -> str:
    """Return the words of a text that stand in `width` columns, with an ellipsis where there are more."""
    if width is None or len(text) <= width:
        return text
    whole = text[: max(0, width - 1)].rpartition(" ")[0] or text[: max(0, width - 2)]
    return f"{whole} …"


def entries(metrics: Mapping[str, float]) -> list[str]:
    """Return each name with its value, the most important first."""
    names = [*(name for name in _FIRST if name in metrics), *(name for name in metrics if name not in _FIRST)]
    return [f"{name.replace('_', ' ')} {number(metrics[name])}" for name in names]


def others(metrics: Mapping[str, float]) -> list[str]:
    """Return the entries of all metrics but the loss."""
    return entries({name: value for name, value in metrics.items() if name != "loss"})


def number(value: float) -> str:
    """Return a value in at most 9 characters."""
    return f"{value:.4f}" if 0.001 <= abs(value) < 1000 or value == 0 else f"{value:.2e}"


def clock(seconds: float) -> str:
    """Return a time as 0:07, 12:34 or 1:02:03; from 100 hours on, in days."""
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
