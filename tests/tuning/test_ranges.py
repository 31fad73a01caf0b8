"""Ranges are checked against the options before anything runs, and conditional options are left out of trials."""

import pytest

from dlcli import techniques
from dlcli.errors import UsageError
from dlcli.tuning.ranges import Choices, Interval, parse
from dlcli.tuning.space import Space


def parsed(*texts, technique="cnn", **given):
    return parse(techniques.options(technique, "train"), texts, given)


def space(*texts, technique="cnn", **fixed):
    return Space.of(technique, fixed, parsed(*texts, technique=technique, **fixed))


def test_a_range_of_numbers_has_the_type_of_the_option():
    rate, batch = parsed("learning-rate=1e-4..1e-1:log", "batch-size=16..64")
    assert rate == Interval("learning_rate", 1e-4, 1e-1, log=True)
    assert batch == Interval("batch_size", 16, 64, log=False)
    assert (rate.whole, batch.whole) == (False, True)


def test_listed_values_have_the_type_of_the_option():
    depth, augment, frozen = parsed("depth=8,20", "augment=flip|shift,flip", "remat=yes,no")
    assert depth == Choices("depth", (8, 20))
    assert augment.values == ("flip", "shift,flip")
    assert frozen.values == (True, False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("learning-rate=0..1", "should be greater than 0"),
        ("dropout=0.5..1", "should be less than 1"),
        ("depth=8,21", "should be 8, 18"),
        ("depth=8..20", "is not a number with a range"),
        ("optimizer=sgd,nadamax", "should be"),
        ("nothing=1,2", "there is no option 'nothing' to search"),
        ("out=a,b", "there is no option 'out' to search"),
        ("learning-rate", "must be NAME=RANGE"),
        ("learning-rate=0.2..0.1", "the range must rise"),
        ("dropout=0..0.5:log", "must start above 0"),
        ("dropout=0..0.5:linear", "the scale must be log"),
        ("optimizer=adam..sgd", "is not a number with a range"),
    ],
)
def test_a_wrong_range_is_refused(text, message):
    with pytest.raises(UsageError, match=message):
        parsed(text)


def test_an_option_is_searched_or_given():
    with pytest.raises(UsageError, match="not both"):
        parsed("channels=2,4", channels=8)
    with pytest.raises(UsageError, match="found --channels twice"):
        parsed("channels=2,4", "channels=8,16")


def test_an_option_that_has_no_effect_in_any_trial_is_refused():
    with pytest.raises(UsageError, match="needs --optimizer momentum"):
        space("momentum=0.5..0.9").check()


def test_a_parameter_is_left_out_where_it_has_no_effect():
    found = space("momentum=0.5,0.9", "optimizer=adam,momentum")
    found.check()
    assert list(found.ranges) == ["optimizer", "momentum"]
    assert found.assigned(lambda each: each.ends[0]) == {"optimizer": "adam"}
    assert found.assigned(lambda each: each.ends[1]) == {"optimizer": "momentum", "momentum": 0.9}


def test_a_grid_has_each_possible_combination_once():
    points = space("momentum=0.5,0.9", "optimizer=adam,momentum", "dropout=0,0.5").grid()
    assert len(points) == 6
    assert all(("momentum" in point) == (point["optimizer"] == "momentum") for point in points)


def test_a_grid_of_a_range_is_refused():
    with pytest.raises(UsageError, match="needs values"):
        space("learning-rate=0.1..0.2").grid()


def test_options_that_no_trial_can_have_are_refused():
    with pytest.raises(UsageError, match="needs --vocab-size 260 or more"):
        space("vocab-size=16,64", technique="rnn", tokenizer="bpe").check()


def test_chosen_numbers_have_few_digits_and_stay_in_the_range():
    rate = Interval("learning_rate", 0.00012345, 0.1, log=True)
    assert rate.rounded(0.012345678) == 0.01235
    assert rate.rounded(0.00012345) == 0.00012345
    assert Interval("batch_size", 2, 64, log=True).rounded(7) == 7


def test_short_runs_are_validated_at_least_ten_times():
    assert space("channels=2,4", steps=60).options({}).validate_every == 6
    assert space("channels=2,4", steps=60, validate_every=30).options({}).validate_every == 30
    assert space("channels=2,4").options({}).validate_every == 200
