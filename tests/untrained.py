"""Runs of untrained weights, for tests that need a run but no training.

Compiling the training step takes most of the time of a short run, and here it is not compiled.
"""

from pathlib import Path

from dlcli import engine
from dlcli.options.common import FitOptions


def untrained_run(learner: type[engine.Learner], options: FitOptions) -> Path:
    """Create a run that ends before its first step; return its folder."""
    events = engine.fit(learner, options)
    next(event for event in events if event == engine.Compiling("training step"))  # the initial state is saved
    events.close()
    assert options.out is not None
    return options.out
