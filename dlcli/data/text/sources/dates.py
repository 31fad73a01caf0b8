"""Dates as people write them in several languages, and in ISO 8601: "7. März 1999" and "1999-03-07".

An example is a random day of two centuries in a random format of a random locale. The days are divided among the
splits, so that no day of a held-out split is ever trained on. Formats with an ambiguous order of day and month, or
without the century, are left out: every source has one target.

`Date.parts` marks the characters of a source that write the year, the month and the day, and thus the characters that
attention from target to source should find.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
from typing import Any

import numpy as np

from dlcli.data import splits
from dlcli.data.problems import Problem
from dlcli.data.text.builder import PairBuilder
from dlcli.data.text.columns import ReadOptions
from dlcli.data.text.pairs import Found, PairSet, pair_set

FIRST, LAST = datetime.date(1900, 1, 1), datetime.date(2099, 12, 31)
LOCALES = ("en_US", "en_GB", "de", "fr", "es", "it", "nl", "sv", "pt", "pl", "da", "ja")
FORMS = ("full", "long", "medium")
COUNTS = {"train": 20_000, "validation": 1_000, "test": 2_000}
_LOWERCASE = 0.2  # probability that a date is in lower case, as people type it
_PARTS = {"y": "year", "M": "month", "L": "month", "d": "day"}
# The part that each character of YYYY-MM-DD belongs to.
TARGET_PARTS = ("year",) * 4 + ("",) + ("month",) * 2 + ("",) + ("day",) * 2


@dataclasses.dataclass(frozen=True)
class Date:
    """A date in two formats.

    Attributes:
        source: as people write it.
        target: in ISO 8601.
        locale: locale of the source.
        parts: "year", "month", "day" or "" for each character of the source.
    """

    source: str
    target: str
    locale: str
    parts: tuple[str, ...]


def find(dataset: str, options: ReadOptions) -> tuple[PairSet, list[Problem]]:
    """Generate the dates of all splits."""
    found: dict[str, Found] = {
        split: ([(f"date {n} of {split}", each.source, each.target) for n, each in enumerate(dates(split))], [])
        for split in COUNTS
    }
    return pair_set(dataset, found)


def dates(split: str, seed: int = 0) -> list[Date]:
    """Return the `COUNTS[split]` dates of a split.

    Args:
        split: "train", "validation" or "test".
        seed: seed of the draws; the days of a split do not depend on it.
    """
    days = _days()[split]
    generator = np.random.default_rng([seed, *split.encode()])
    count = COUNTS[split]
    chosen = zip(
        generator.choice(days, count, replace=count > len(days)).tolist(),
        generator.integers(len(LOCALES), size=count).tolist(),
        generator.integers(len(FORMS), size=count).tolist(),
        (generator.random(count) < _LOWERCASE).tolist(),
        strict=True,
    )
    return [
        write(FIRST + datetime.timedelta(day), LOCALES[locale], FORMS[form], lower)
        for day, locale, form, lower in chosen
    ]


def write(day: datetime.date, locale: str, form: str, lower: bool = False) -> Date:
    """Write a day in a format of a locale: "full", "long" or "medium"."""
    from babel.dates import DateTimeFormat

    values = DateTimeFormat(day, locale)
    source, parts = "", []
    for kind, token in _tokens(locale, form):
        text, part = (token, "") if kind == "chars" else (values[token[0] * token[1]], _PARTS.get(token[0], ""))
        # People type ordinary spaces instead of no-break spaces.
        text = text.replace("\N{NARROW NO-BREAK SPACE}", " ").replace("\N{NO-BREAK SPACE}", " ")
        source += text.lower() if lower else text
        parts += [part] * len(text)
    return Date(source, day.isoformat(), locale, tuple(parts))


@functools.cache
def _tokens(locale: str, form: str) -> list[tuple[str, Any]]:
    from babel.dates import get_date_format, tokenize_pattern

    return tokenize_pattern(get_date_format(form, locale).pattern)


@functools.cache
def _days() -> dict[str, np.ndarray]:
    return splits.numbered((LAST - FIRST).days + 1)


BUILDER = PairBuilder(
    "dates",
    lambda dataset: dataset == "dates",
    find,
    embedded={"dates": f"{sum(COUNTS.values()):,} dates in {len(LOCALES)} locales, with their ISO 8601 form"},
)
