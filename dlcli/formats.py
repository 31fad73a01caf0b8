"""Text formats of numbers, durations, options and command lines: one rule for each kind.

Rates are percentages with two decimals, losses have four decimals, counts have thousands separators. A value that is
not zero is never written as zero, and a rate below 1 is never written as 100 %.
"""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dlcli.files import size_text

MISSING = "–"
# Right-aligned cells of a table: a number with a sign, a bound or a unit, two joined by a dash, or none.
_ONE = r"[<>±~]? ?[-+]?[\d,]*\.?\d+(e[-+]?\d+)?( ?[%×a-zµ]{1,3})?( \*)?"
_NUMBER = re.compile(rf"{_ONE}( – {_ONE})?|[–∞]|none")


def percent(rate: float | None, places: int = 2) -> str:
    """Format a rate in [0, 1] as a percentage: 97.22 %, < 0.01 %, > 99.99 %; a dash if it is None or NaN."""
    if rate is None or math.isnan(rate):
        return MISSING
    written = f"{rate:.{places}%}"
    if rate > 0 and float(written[:-1]) == 0:
        return f"< {10**-places:.{places}f} %"
    if rate < 1 and float(written[:-1]) == 100:
        return f"> {100 - 10**-places:.{places}f} %"
    return f"{written[:-1]} %"


def interval(rate: Mapping[str, Any]) -> str:
    """Format the 95 % interval and the number of trials of `metrics.Rate.describe()`."""
    return f"95 % interval {percent(rate['low'])} – {percent(rate['high'])}, N = {count(rate['n'])}"


def loss(value: float | None) -> str:
    """Format a loss or an error with four decimals: 0.4321, < 0.0001; a dash if it is None or NaN."""
    if value is None or math.isnan(value):
        return MISSING
    if 0 < abs(value) < 5e-5:
        return "< 0.0001" if value > 0 else "> -0.0001"
    return f"{value:,.4f}" if abs(value) < 1e6 else f"{value:.4e}"


def perplexity(loss: float) -> str:
    """Format the exponential of a loss in nats: 12.34, 1,234.50, 2.69e+43."""
    if loss > 700:
        return "∞"  # beyond the range of a float
    return f"{math.exp(loss):,.2f}" if loss < 20 else f"{math.exp(loss):.2e}"


def count(number: float | None) -> str:
    """Format a count with thousands separators; a dash for None."""
    return MISSING if number is None else f"{number:,.0f}"


def sizes(counts: Mapping[str, int], validated: int | None = None) -> str:
    """Write the sizes of splits: 1,203 train, 297 validation.

    Args:
        counts: number of examples by split.
        validated: number of validation examples that are measured, if not all: 100 of 297 validation.
    """
    used = {} if validated in (None, counts.get("validation")) else {"validation": f"{count(validated)} of "}
    return ", ".join(f"{used.get(name, '')}{count(size)} {name}" for name, size in counts.items())


def duration(seconds: float | None, units: int = 2) -> str:
    """Format a duration in its largest units: 3 min 20 s; a dash for None."""
    if seconds is None or not seconds >= 0:
        return MISSING
    if seconds < 10 and units > 1:
        return f"{seconds:.1f} s"
    left = round(min(seconds, 1e12))
    parts: list[str] = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or parts or unit == "s":
            parts.append(f"{count} {unit}")
    return " ".join(part for part in parts[:units] if not part.startswith("0 ") or len(parts) == 1)


def scaled(number: float | None) -> str:
    """Format a large amount with three digits and the SI prefix of a unit that the caller appends: "1.23 M"."""
    if number is None:
        return "? "
    for prefix in ("", "k", "M", "G"):
        if number < 999.5:
            return f"{number:.3g} {prefix}"
        number /= 1000
    return f"{number:.3g} T"


def column(values: Sequence[float | None], digits: int = 3) -> list[str]:
    """Format the numbers of a column the same way: all as counts, with the same decimals, or in scientific notation.

    Args:
        values: of the column; None and NaN become a dash.
        digits: significant digits of the smallest nonzero value.
    """
    known = [value for value in values if value is not None and math.isfinite(value)]
    if all(isinstance(value, int) for value in known):
        return [_finite(value, "{:,}") for value in values]
    sizes = [abs(value) for value in known if value]
    lowest, highest = min(sizes, default=1.0), max(sizes, default=1.0)
    if lowest < 1e-4 or highest >= 1e7:
        return [_finite(value, f"{{:.{digits - 1}e}}") for value in values]
    places = max(0, digits - 1 - math.floor(math.log10(lowest)))
    return [_finite(value, f"{{:,.{min(places, 6)}f}}") for value in values]


def cells(values: Sequence[Any]) -> list[str]:
    """Format the cells of a column of a table; a column of numbers as `column` does."""
    if all(value is None or type(value) in (int, float) for value in values):
        return column(values)
    return [_cell(value) for value in values]


def all_numbers(cells: Sequence[str]) -> bool:
    """Return whether the cells of a column are numbers, apart from empty ones, and so right-aligned."""
    return any(cells) and all(map(_NUMBER.fullmatch, filter(None, cells)))


def _cell(value: Any) -> str:
    if value is None:
        return MISSING
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _finite(value: float | None, pattern: str) -> str:
    if value is None or math.isnan(value):
        return MISSING
    return pattern.format(value) if math.isfinite(value) else ("∞" if value > 0 else "-∞")


def printable(text: object) -> str:
    """Escape the unprintable characters of a text, such as line ends and terminal control codes in file names."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in str(text))


def metric(name: str) -> str:
    """Return the name of a metric in words, such as "Fréchet distance" of `frechet_distance`."""
    return name.replace("_", " ").replace("frechet", "Fréchet")


def option(name: str, value: Any) -> str:
    """Format the value of an option as on the command line, with its unit; a dash if it is unset."""
    if value is None or value == "" or value == []:
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name in _UNITS and isinstance(value, int | float):
        return _UNITS[name](value)
    if isinstance(value, list | tuple):
        return printable(", ".join(map(str, value)))
    return f"{value:g}" if isinstance(value, float) else printable(value)


def command_line(*words: object) -> str:
    """Return a command line of dlcli that can be pasted into a shell."""
    # A path that starts with a dash would be parsed as an option.
    shown = [f"./{word}" if isinstance(word, Path) and str(word).startswith("-") else str(word) for word in words]
    return shlex.join(["dlcli", *shown])


_UNITS: dict[str, Callable[[float], str]] = {"memory_limit": size_text, "max_time": duration}


def parameters(paths: Sequence[str], shown: int = 3) -> str:
    """Format paths of parameters: the first ones, without "network/", and how many more there are."""
    first = ", ".join(path.removeprefix("network/") for path in paths[:shown])
    return first if len(paths) <= shown else f"{first} and {len(paths) - shown} more"
