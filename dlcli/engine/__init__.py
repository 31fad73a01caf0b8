"""The training engine: one loop for every technique."""

from dlcli.engine.events import (
    Compiled,
    Compiling,
    Ended,
    Event,
    Initialized,
    RangeTested,
    Reported,
    Saved,
    Started,
    Stepped,
    Validated,
    Validating,
)
from dlcli.engine.inference import Inference, Input
from dlcli.engine.learner import Learner
from dlcli.engine.load import load
from dlcli.engine.loop import fit, resume
from dlcli.engine.start_or_resume import PAUSED, start_or_resume
from dlcli.metrics.calibration import Calibration
from dlcli.metrics.confusion import Confusion
from dlcli.metrics.frechet import Frechet
from dlcli.metrics.metric import Mean, Metrics, Rate

__all__ = [
    "PAUSED",
    "Calibration",
    "Compiled",
    "Compiling",
    "Confusion",
    "Ended",
    "Event",
    "Frechet",
    "Inference",
    "Initialized",
    "Input",
    "Learner",
    "Mean",
    "Metrics",
    "RangeTested",
    "Rate",
    "Reported",
    "Saved",
    "Started",
    "Stepped",
    "Validated",
    "Validating",
    "fit",
    "load",
    "resume",
    "start_or_resume",
]
