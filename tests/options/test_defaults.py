"""Defaults that depend on other options."""

from dlcli.options.common import Epochs, OptimizerOptions, Steps
from dlcli.options.defaults import DependentDefaults


class Small(DependentDefaults, OptimizerOptions):
    """Options of which two depend on the momentum."""

    steps: Steps | None = None
    epochs: Epochs = None

    @classmethod
    def defaults_for(cls, given):
        return {"steps": 7, "learning_rate": 0.5} if given.get("optimizer") == "momentum" else {}


def test_a_default_depends_on_a_given_option():
    assert Small(optimizer="momentum").steps == 7
    assert Small().steps is None


def test_a_given_value_takes_precedence():
    assert Small(optimizer="momentum", steps=9).steps == 9


def test_given_epochs_replace_default_steps():
    assert Small(optimizer="momentum", epochs=2).steps is None


def test_a_dependent_default_takes_precedence_over_that_of_a_base_class():
    assert Small(optimizer="momentum").learning_rate == 0.5
