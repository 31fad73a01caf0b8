"""Draws samples from the averaged generator."""

from __future__ import annotations

from pathlib import Path

import jax
import numpy as np
from flax import nnx

from dlcli import engine
from dlcli.artifacts import Figure, Images
from dlcli.data.images import batches as images
from dlcli.errors import UsageError
from dlcli.plot import samples
from dlcli.techniques.gan.learner import Learner
from dlcli.techniques.gan.options import Sample

_BATCH = 100  # samples drawn at once


def sample(options: Sample) -> Images | Figure:
    """Return images with the classes they were asked to be of, or a scatter of points; the seed says which ones."""
    learner = engine.load(Path(options.run), Learner, options.use)
    labels = _labels(learner, options)
    noise = np.asarray(jax.random.normal(jax.random.key(options.seed), [options.count, learner.latent_dim]))
    drawn = draw(learner, noise, labels)
    name = Path(options.run).name
    title = f"{options.count} samples of {name}, seed {options.seed}"
    numbers = {"run": options.run, "use": options.use, "seed": options.seed}
    if learner.domain.classes:
        captions = [] if labels is None else [learner.domain.classes[label] for label in labels]
        return Images(drawn, captions, title, options.grid, numbers)
    return samples.scatter(drawn, np.asarray(learner.domain.modes), title=title, numbers=numbers)


def draw(learner: Learner, noise: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
    """Draw a sample for each row of noise [sample, latent], batch by batch: as `Learner.sample` has them."""
    graph, state = nnx.split(learner)
    sampled = jax.jit(lambda state, noise, label: nnx.merge(graph, state).sample(noise, label))
    batches = []
    for start in range(0, len(noise), _BATCH):
        rows = slice(start, start + _BATCH)
        missing = _BATCH - len(noise[rows])  # filled up, so that there is one shape to compile
        label = None if labels is None else np.pad(labels[rows], (0, missing))
        drawn = sampled(state, np.pad(noise[rows], [(0, missing), (0, 0)]), label)
        batches.append(np.asarray(drawn)[: _BATCH - missing])
    return np.concatenate(batches)


def _labels(learner: Learner, options: Sample) -> np.ndarray | None:
    """Return the number of the class of each sample, or None where the generator knows none."""
    classes = learner.domain.classes
    if not learner.conditional:
        if options.class_:
            raise UsageError(
                f"--class {options.class_} needs a conditional run, and {options.run} is none",
                hint="dlcli train gan --conditional makes one",
            )
        return None
    return images.requested_labels(classes, options.class_, options.count)
