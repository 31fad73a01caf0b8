import datetime

import pytest
from babel.dates import format_date

from dlcli.data.text.sources.dates import COUNTS, FIRST, FORMS, LOCALES, TARGET_PARTS, dates, write

DAY = datetime.date(1999, 3, 7)


@pytest.fixture(scope="module")
def drawn():
    return {split: dates(split) for split in COUNTS}


@pytest.mark.parametrize("locale", LOCALES)
def test_a_date_is_written_as_babel_writes_it(locale):
    for form in FORMS:
        expected = format_date(DAY, form, locale).replace("\u202f", " ").replace("\xa0", " ")
        assert write(DAY, locale, form).source == expected


def test_the_target_is_the_iso_8601_date():
    assert write(DAY, "de", "long").target == "1999-03-07"


def test_parts_mark_the_characters_of_day_month_and_year():
    date = write(DAY, "de", "full")
    assert date.source == "Sonntag, 7. März 1999"
    found = {part: "".join(c for c, p in zip(date.source, date.parts, strict=True) if p == part) for part in date.parts}
    assert found == {"": "Sonntag, .  ", "day": "7", "month": "März", "year": "1999"}


def test_target_parts_mark_the_characters_of_the_iso_8601_date():
    found = {
        part: "".join(c for c, p in zip("1999-03-07", TARGET_PARTS, strict=True) if p == part) for part in TARGET_PARTS
    }
    assert found == {"year": "1999", "": "--", "month": "03", "day": "07"}


def test_a_date_in_lower_case_has_the_same_parts():
    upper, lower = write(DAY, "en_US", "full"), write(DAY, "en_US", "full", lower=True)
    assert lower.source == upper.source.lower() != upper.source
    assert lower.parts == upper.parts


def test_the_splits_have_no_day_in_common(drawn):
    train, validation, test = ({date.target for date in drawn[split]} for split in ("train", "validation", "test"))
    assert train.isdisjoint(validation)
    assert train.isdisjoint(test)
    assert validation.isdisjoint(test)


def test_the_splits_have_the_declared_sizes(drawn):
    assert {split: len(found) for split, found in drawn.items()} == COUNTS


def test_every_source_has_one_target(drawn):
    targets = {}
    for date in (date for found in drawn.values() for date in found):
        assert targets.setdefault(date.source, date.target) == date.target


def test_no_source_of_any_locale_is_ambiguous():
    seen = {}
    for day in (FIRST + datetime.timedelta(number) for number in range(0, 366 * 3, 5)):
        for locale in LOCALES:
            for form in FORMS:
                assert seen.setdefault(write(day, locale, form).source, day) == day


def test_the_dates_depend_on_the_seed(drawn):
    assert dates("validation") == drawn["validation"]
    assert dates("validation", seed=1) != drawn["validation"]


def test_all_locales_occur(drawn):
    assert {date.locale for date in drawn["validation"]} == set(LOCALES)
