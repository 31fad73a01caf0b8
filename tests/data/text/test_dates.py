import datetime

import pytest
from babel.dates import format_date

from dlcli.data.text.dates import COUNTS, FIRST, FORMS, LOCALES, TARGET_PARTS, dates, write

DAY = datetime.date(1999, 3, 7)


@pytest.fixture(scope="module")
def drawn():
    return {split: dates(split) for split in COUNTS}


@pytest.mark.parametrize("locale", LOCALES)
def test_a_date_is_written_as_babel_writes_it(locale):
    for form in FORMS:
        expected = format_date(DAY, form, locale).replace("\u202f", " ").replace("\xa0", " ")
        assert write(DAY, locale, form).source == expected


def test_the_target_is_the_iso_form():
    assert write(DAY, "de", "long").target == "1999-03-07"


def test_each_character_knows_which_part_of_the_date_it_tells():
    date = write(DAY, "de", "full")
    assert date.source == "Sonntag, 7. März 1999"
    told = {part: "".join(c for c, p in zip(date.source, date.parts, strict=True) if p == part) for part in date.parts}
    assert told == {"": "Sonntag, .  ", "day": "7", "month": "März", "year": "1999"}


def test_the_parts_of_the_target_are_those_of_the_iso_form():
    found = {
        part: "".join(c for c, p in zip("1999-03-07", TARGET_PARTS, strict=True) if p == part) for part in TARGET_PARTS
    }
    assert found == {"year": "1999", "": "--", "month": "03", "day": "07"}


def test_capitals_may_be_missing_and_the_parts_stay():
    upper, lower = write(DAY, "en_US", "full"), write(DAY, "en_US", "full", lower=True)
    assert lower.source == upper.source.lower() != upper.source
    assert lower.parts == upper.parts


def test_the_splits_have_the_sizes_they_say_and_no_day_in_common(drawn):
    assert {split: len(found) for split, found in drawn.items()} == COUNTS
    train, validation, test = ({date.target for date in drawn[split]} for split in ("train", "validation", "test"))
    assert train.isdisjoint(validation)
    assert train.isdisjoint(test)
    assert validation.isdisjoint(test)


def test_every_source_has_one_target(drawn):
    targets = {}
    for date in (date for found in drawn.values() for date in found):
        assert targets.setdefault(date.source, date.target) == date.target


def test_no_two_days_are_written_alike_in_any_locales():
    seen = {}
    for day in (FIRST + datetime.timedelta(number) for number in range(0, 366 * 3, 5)):
        for locale in LOCALES:
            for form in FORMS:
                assert seen.setdefault(write(day, locale, form).source, day) == day


def test_the_same_seed_gives_the_same_dates_and_another_one_others(drawn):
    assert dates("validation") == drawn["validation"]
    assert dates("validation", seed=1) != drawn["validation"]


def test_all_locales_and_forms_occur(drawn):
    assert {date.locale for date in drawn["validation"]} == set(LOCALES)
