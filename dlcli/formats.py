"""How numbers are written in every table: one rule for each kind of number.

Shares are percentages with two decimals, losses have four decimals, counts have thousands separators. A value that is
not zero is never written as zero, and one that is not everything never as 100 %.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dlcli.files import size_text

MISSING = "–"


def percent(share: float | None, places: int = 2) -> str:
    """Write a share in [0, 1] as a percentage: 97.22 %, < 0.01 %, > 99.99 %; a dash where there is none."""
    if share is None or math.isnan(share):
        return MISSING
    written = f"{share:.{places}%}"
    if share > 0 and float(written[:-1]) == 0:
        return f"< {10**-places:.{places}f} %"
    if share < 1 and float(written[:-1]) == 100:
        return f"> {100 - 10**-places:.{places}f} %"
    return f"{written[:-1]} %"


def interval(rate: Mapping[str, Any]) -> str:
    """Write the 95 % interval and the trials of a described rate (see `engine.metrics.Rate`)."""
    return f"95 % interval {percent(rate['low'])} – {percent(rate['high'])}, N = {count(rate['n'])}"


def loss(value: float | None) -> str:
    """Write a loss or an error with four decimals: 0.4321, < 0.0001; a dash where there is none."""
    if value is None or math.isnan(value):
        return MISSING
    if 0 < abs(value) < 5e-5:
        return "< 0.0001" if value > 0 else "> -0.0001"
    return f"{value:,.4f}" if abs(value) < 1e6 else f"{value:.4e}"


def perplexity(value: float) -> str:
    """Write the exponential of a loss in nats with two decimals: 12.34, 1,234.50, 2.69e+43."""
    if value > 700:
        return "∞"  # no float holds it
    return f"{math.exp(value):,.2f}" if value < 20 else f"{math.exp(value):.2e}"


def count(number: float | None) -> str:
    """Write a number of things with thousands separators."""
    return MISSING if number is None else f"{number:,.0f}"


def sizes(counts: Mapping[str, int]) -> str:
    """Write the sizes of splits: 1,203 train, 297 validation."""
    return ", ".join(f"{count(size)} {name}" for name, size in counts.items())


def duration(seconds: float | None, units: int = 2) -> str:
    """Write a duration in its largest units: 3 min 20 s; a dash for None."""
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
    """Write a large amount with three digits and the prefix of its unit, which the caller adds: "1.23 M"."""
    if number is None:
        return "? "
    for prefix in ("", "k", "M", "G"):
        if number < 999.5:
            return f"{number:.3g} {prefix}"
        number /= 1000
    return f"{number:.3g} T"


def column(values: Sequence[float | None], digits: int = 3) -> list[str]:
    """Write the numbers of one column alike: all as counts, all with the same decimals, or all as powers of ten.

    Args:
        values: of the column; None and NaN become a dash.
        digits: significant digits of the smallest value that is not zero.
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


def _finite(value: float | None, pattern: str) -> str:
    if value is None or math.isnan(value):
        return MISSING
    return pattern.format(value) if math.isfinite(value) else ("∞" if value > 0 else "-∞")


def printable(text: object) -> str:
    """Return a text without characters that steer a terminal, end a line or are no characters, as in odd file names."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in str(text))


def option(name: str, value: Any) -> str:
    """Write the value of an option as it would be given, with its unit; a dash where there is none."""
    if value is None or value == "" or value == []:
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name in _UNITS and isinstance(value, int | float):
        return _UNITS[name](value)
    if isinstance(value, list | tuple):
        return printable(", ".join(map(str, value)))
    return f"{value:g}" if isinstance(value, float) else printable(value)


_UNITS: dict[str, Callable[[float], str]] = {"memory_limit": size_text, "max_time": duration}
