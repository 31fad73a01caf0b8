"""Runs and options that are checked before anything heavy is loaded."""

import pytest

from dlcli.errors import RunError, UsageError
from dlcli.techniques import opening


@pytest.fixture(scope="module")
def run(cnn_run):
    return opening.open_run(cnn_run)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": "ten"}, "--steps should be a valid integer"),
        ({"sampler": "ddim"}, "--sampler is not an option of train cnn"),
        ({"out": "elsewhere"}, "--out cannot change on resume"),
        ({"name": "other"}, "--name cannot change on resume"),
    ],
)
def test_an_invalid_change_is_refused_by_name(run, changes, message):
    with pytest.raises(UsageError, match=f"^{message}"):
        opening.check_changes(run, changes)


def test_a_valid_change_is_accepted(run):
    opening.check_changes(run, {"epochs": 2})


def test_a_run_without_steps_cannot_be_resumed(tokenizer_run):
    with pytest.raises(RunError, match="has no training steps"):
        opening.check_changes(opening.open_run(tokenizer_run), {})
