"""Draws samples out of noise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from dlcli import engine
from dlcli.artifacts import Figure, Images
from dlcli.data.images import batches
from dlcli.errors import UsageError
from dlcli.plot import samples
from dlcli.techniques.diffusion.drawing import draw, manner
from dlcli.techniques.diffusion.learner import Learner
from dlcli.techniques.diffusion.options import Sample


def sample(options: Sample) -> Images | Figure:
    """Return images with the classes they were asked to be of, or a scatter of points; the seed says which ones."""
    learner = engine.load(Path(options.run), Learner, options.use)
    how, label = manner(learner, options, options.run), labels(learner, options.class_, options.count, options.run)
    drawn = draw(learner, options.count, label, how)
    title = f"{options.count} samples of {Path(options.run).name}, seed {options.seed}, {in_words(how.described())}"
    numbers = {"run": options.run, "use": options.use, **how.described()}
    classes = learner.domain.classes
    if classes:
        captions = [] if label is None else [classes[each] for each in label]
        return Images(drawn, captions, title, options.grid, numbers)
    return samples.scatter(drawn, np.asarray(learner.domain.modes), title=title, numbers=numbers)


def labels(learner: Learner, name: str, count: int, run: str) -> np.ndarray | None:
    """Return the number of the class of each sample, or None where the network knows none.

    Raises:
        UsageError: the class is none of those of the run.
    """
    classes = learner.domain.classes
    if not learner.conditional:
        if name:
            raise UsageError(
                f"--class {name} needs a conditional run, and {run} is none",
                hint="dlcli train diffusion --conditional makes one",
            )
        return None
    return batches.requested_labels(classes, name, count)


def in_words(how: dict[str, Any]) -> str:
    guided = f", guidance {how['guidance_scale']:g}" if how["guidance_scale"] != 1 else ""
    return f"{how['sampler_steps']} steps of {how['sampler']}{guided}"
