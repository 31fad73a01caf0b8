"""Generates images with the decoder of a variational autoencoder."""

from __future__ import annotations

from pathlib import Path

import jax
import numpy as np

from dlcli.artifacts import Images
from dlcli.data import domains
from dlcli.nn import functional
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.autoencoder.learner import Learner
from dlcli.techniques.autoencoder.options import Sample


def sample(options: Sample, run: TrainedRun) -> Images:
    """Decode codes that are drawn from the standard normal distribution."""
    learner: Learner = run.learner
    noise = np.asarray(jax.random.normal(jax.random.key(options.seed), [options.count, learner.latent_dim]))
    decode = functional.jit(Learner.decode, learner)
    generated = domains.generate(lambda codes, _, __: decode(codes), noise, None)
    title = f"{options.count} samples of {Path(options.run).name}, seed {options.seed}"
    numbers = {"run": options.run, "use": options.use, "seed": options.seed}
    images = Images(generated, [], title, options.grid, numbers)
    return domains.with_nearest(images, lambda: Learner.read(run.options)) if options.show_nearest else images
