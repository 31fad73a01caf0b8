"""The training engine: one loop for every technique."""

from dlcli.engine.events import Compiled, Compiling, Ended, Event, Saved, Scored, Started, Stepped, Trained, Validating
from dlcli.engine.learner import Learner
from dlcli.engine.load import load
from dlcli.engine.loop import fit, resume
from dlcli.metrics.metric import Calibration, Confusion, Frechet, Mean, Metrics, Rate

__all__ = [
    "Calibration",
    "Compiled",
    "Compiling",
    "Confusion",
    "Ended",
    "Event",
    "Frechet",
    "Learner",
    "Mean",
    "Metrics",
    "Rate",
    "Saved",
    "Scored",
    "Started",
    "Stepped",
    "Trained",
    "Validating",
    "fit",
    "load",
    "resume",
]
