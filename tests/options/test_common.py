"""Options from Python."""

import pytest
from pydantic import ValidationError

from dlcli.errors import UsageError
from dlcli.options.augmentations import AUGMENTATIONS, parse_augmentation
from dlcli.options.common import Epochs, FitOptions, TrainOptions
from dlcli.options.values import byte_count, bytes_text
from dlcli.techniques.cnn.options import Train
from dlcli.validation import validate


def test_augmentations_have_default_strengths():
    assert parse_augmentation("flip, rotate:15") == {"rotate": 15.0, "flip": AUGMENTATIONS["flip"]}
    assert list(parse_augmentation("flip,rotate")) == ["rotate", "flip"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("flip:1.5", "flip must be positive and at most 1, got 1.5"),
        ("rotate:0", "rotate must be positive, got 0"),
        ("rotate:inf", "rotate must be positive, got inf"),
        ("shift:0.5", "shift must be a whole number of pixels"),
        ("zoom:much", "zoom must be a number, got 'much'"),
        ("spin", "'spin' is not one of alternating-flip, crop, cutmix, cutout, flip"),
    ],
)
def test_an_augmentation_out_of_bounds_is_refused(text, reason):
    with pytest.raises(ValueError, match=reason):
        parse_augmentation(text)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("1.5h", 5400), (12, 12), ("12", 12)])
def test_durations_have_units(text, seconds):
    assert TrainOptions(dataset="digits", max_time=text).max_time == seconds


@pytest.mark.parametrize(("text", "size"), [("512M", 512 * 2**20), ("2G", 2 * 2**30), (7, 7), ("1.5k", 1536)])
def test_memory_limits_have_units(text, size):
    assert TrainOptions(dataset="digits", memory_limit=text).memory_limit == size


@pytest.mark.parametrize("changes", [{"steps": 3, "epochs": 1.0}, {"learning_rate": float("nan")}, {"stepz": 3}])
def test_invalid_options_are_refused(changes):
    with pytest.raises(ValidationError):
        TrainOptions(dataset="digits", **changes)


def test_options_are_immutable():
    options = TrainOptions(dataset="digits")
    with pytest.raises(ValidationError):
        options.steps = 3


class InEpochs(FitOptions):
    epochs: Epochs = 5.0


def test_steps_replace_default_epochs():
    assert InEpochs(dataset="pydocs").epochs == 5
    assert InEpochs(dataset="pydocs", steps=3).epochs is None
    with pytest.raises(ValidationError, match="--steps or --epochs"):
        InEpochs(dataset="pydocs", steps=3, epochs=5)
    resolved = InEpochs(dataset="pydocs").model_copy(update={"steps": 70, "epochs": None})
    assert InEpochs.model_validate_json(resolved.model_dump_json()) == resolved


@pytest.mark.parametrize(("count", "text"), [(2 * 2**30, "2G"), (512 * 2**20, "512M"), (1000, "1000"), (0, "0")])
def test_a_byte_count_is_written_as_it_is_read(count, text):
    assert bytes_text(count) == text
    assert int(byte_count(text)) == count


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("spin", "--augment spin is not one of alternating-flip, crop, .*randaugment, rotate, shift, zoom$"),
        ("flip,spin", "--augment spin is not one of .*, got 'flip,spin'$"),
    ],
)
def test_a_message_repeats_the_value_unless_it_names_it_already(given, message):
    with pytest.raises(UsageError, match=message):
        validate(Train, {"augment": given})
