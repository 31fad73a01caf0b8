"""Generates samples with a diffusion model."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from dlcli.artifacts import Figure, Images
from dlcli.data import domains
from dlcli.data.domains import ImageDomain, PointDomain
from dlcli.plot import samples
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.diffusion.editing import Source, edited
from dlcli.techniques.diffusion.learner import Learner
from dlcli.techniques.diffusion.options import Sample
from dlcli.techniques.diffusion.sampling import SamplerConfig, generator


def sample(options: Sample, run: TrainedRun) -> Images | Figure:
    """Return images with their classes, or a scatter plot of points."""
    learner: Learner = run.learner
    config, domain = SamplerConfig.of(learner, options), learner.domain
    labels = domains.sample_labels(domain, options.class_, options.count) if learner.conditional else None
    title = f"{options.count} samples of {Path(options.run).name}, seed {options.seed}, {config}"
    numbers = {"run": options.run, "use": options.use, **config.described()}
    if options.init_image is not None and isinstance(domain, ImageDomain):
        source = Source.read(options, domain)
        generated = edited(learner, options.count, labels, config, source)
        title += f", from {options.init_image.name}, {source}"
        numbers |= {"init_image": str(options.init_image), **source.described()}
    else:
        key = ("generator", dataclasses.replace(config, seed=0))
        generated = run.once(key, lambda: generator(learner, config))(options.count, labels, config.seed)
    if isinstance(domain, PointDomain):
        return samples.scatter(generated, domain.modes, title=title, numbers=numbers)
    captions = [] if labels is None else [domain.classes[label] for label in labels]
    images = Images(generated, captions, title, options.grid, numbers)
    return domains.with_nearest(images, lambda: Learner.read(run.options)) if options.show_nearest else images
