"""Generates samples with the averaged generator."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np

from dlcli.artifacts import Figure, Images
from dlcli.data import domains
from dlcli.data.domains import PointDomain
from dlcli.nn import functional
from dlcli.plot import samples
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.gan.learner import Learner
from dlcli.techniques.gan.options import Sample


def sample(options: Sample, run: TrainedRun) -> Images | Figure:
    """Return images with their classes, or a scatter plot of points."""
    learner: Learner = run.learner
    domain = learner.domain
    labels = domains.sample_labels(domain, options.class_, options.count) if learner.conditional else None
    noise = np.asarray(jax.random.normal(jax.random.key(options.seed), [options.count, learner.latent_dim]))
    generated = run.once("generator", lambda: generator(learner))(noise, labels)
    title = f"{options.count} samples of {Path(options.run).name}, seed {options.seed}"
    numbers = {"run": options.run, "use": options.use, "seed": options.seed}
    if isinstance(domain, PointDomain):
        return samples.scatter(generated, domain.modes, title=title, numbers=numbers)
    captions = [] if labels is None else [domain.classes[label] for label in labels]
    images = Images(generated, captions, title, options.grid, numbers)
    return domains.with_nearest(images, lambda: Learner.read(run.options)) if options.show_nearest else images


def generate(learner: Learner, noise: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
    """Generate a sample for each row of noise, [sample, latent], as `Learner.sample` does."""
    return generator(learner)(noise, labels)


def generator(learner: Learner) -> Callable[[np.ndarray, np.ndarray | None], np.ndarray]:
    """Return `generate` of this learner, compiled once."""
    compiled = functional.jit(Learner.sample, learner)
    return lambda noise, labels: domains.generate(lambda noise, label, _: compiled(noise, label), noise, labels)
