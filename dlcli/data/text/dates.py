"""Dates as people write them in several languages, and as ISO 8601 has them: "7. März 1999" and "1999-03-07".

An example is drawn from the days of two centuries, the locales and their forms. The days are divided among the
splits, so that no day of a held-out split was ever trained on. Forms in which day and month can be taken for each
other, or the century is missing, are left out: every source has one target.

Which characters of a source stand for the year, the month and the day is known (`Date.parts`), and so what an
attention from target to source should find.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools

import numpy as np

from dlcli.data import splits

FIRST, LAST = datetime.date(1900, 1, 1), datetime.date(2099, 12, 31)
LOCALES = ("en_US", "en_GB", "de", "fr", "es", "it", "nl", "sv", "pt", "pl", "da", "ja")
FORMS = ("full", "long", "medium")
COUNTS = {"train": 20_000, "validation": 1_000, "test": 2_000}
_LOWER = 0.2  # share of dates without capitals, as people type them
_PARTS = {"y": "year", "M": "month", "L": "month", "d": "day"}
# Where in YYYY-MM-DD each part stands.
TARGET_PARTS = ("year",) * 4 + ("",) + ("month",) * 2 + ("",) + ("day",) * 2


@dataclasses.dataclass(frozen=True)
class Date:
    """A date in two forms.

    Attributes:
        source: as people write it.
        target: as ISO 8601 has it.
        locale: of the source.
        parts: for each character of the source "year", "month" or "day", or "" where it tells none of them.
    """

    source: str
    target: str
    locale: str
    parts: tuple[str, ...]


def dates(split: str, seed: int = 0) -> list[Date]:
    """Return the dates of a split, `COUNTS[split]` of them; the same seed gives the same ones.

    Args:
        split: "train", "validation" or "test".
        seed: of the draws; which days a split has does not depend on it.
    """
    days = _days()[split]
    generator = np.random.default_rng([seed, *split.encode()])
    count = COUNTS[split]
    chosen = zip(
        generator.choice(days, count, replace=count > len(days)).tolist(),
        generator.integers(len(LOCALES), size=count).tolist(),
        generator.integers(len(FORMS), size=count).tolist(),
        (generator.random(count) < _LOWER).tolist(),
        strict=True,
    )
    return [
        write(FIRST + datetime.timedelta(day), LOCALES[where], FORMS[form], low) for day, where, form, low in chosen
    ]


def write(day: datetime.date, locale: str, form: str, lower: bool = False) -> Date:
    """Write a day in a form of a locale: "full", "long" or "medium"."""
    from babel.dates import DateTimeFormat

    values = DateTimeFormat(day, locale)
    source, parts = "", []
    for kind, token in _tokens(locale, form):
        text, part = (token, "") if kind == "chars" else (values[token[0] * token[1]], _PARTS.get(token[0], ""))
        # A space that must not break a line is a space to whoever types.
        text = text.replace("\N{NARROW NO-BREAK SPACE}", " ").replace("\N{NO-BREAK SPACE}", " ")
        source += text.lower() if lower else text
        parts += [part] * len(text)
    return Date(source, day.isoformat(), locale, tuple(parts))


@functools.cache
def _tokens(locale: str, form: str) -> list[tuple[str, object]]:
    from babel.dates import get_date_format, tokenize_pattern

    return tokenize_pattern(get_date_format(form, locale).pattern)


@functools.cache
def _days() -> dict[str, np.ndarray]:
    return splits.numbered((LAST - FIRST).days + 1)
