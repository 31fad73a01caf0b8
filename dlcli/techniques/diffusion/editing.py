"""Generates variations of an image, or fills in a part of it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from dlcli.data import domains
from dlcli.data.domains import ImageDomain
from dlcli.data.images import batches
from dlcli.data.images.batches import ImageFacts
from dlcli.errors import DatasetError
from dlcli.nn import diffusion_editing, functional
from dlcli.nn.diffusion_editing import ReverseProcess
from dlcli.techniques.diffusion.learner import Learner
from dlcli.techniques.diffusion.options import DEFAULT_STRENGTH, Sample
from dlcli.techniques.diffusion.sampling import BATCH, SamplerConfig, initial_noise

_WHITE = 128  # pixel value from which on a pixel of a mask is white


@dataclasses.dataclass(frozen=True)
class Source:
    """What samples start from.

    Attributes:
        image: as the network processes it, float32 [height, width, channel].
        mask: True where an image is generated, bool [height, width, 1]; None: everywhere.
        strength: fraction of the sampling steps that are made, in (0, 1].
        resamplings: how often each step is made with a mask.
    """

    image: np.ndarray
    mask: np.ndarray | None
    strength: float
    resamplings: int

    @classmethod
    def read(cls, options: Sample, domain: ImageDomain) -> Source:
        """Read the image and the mask of the options, scaled to the size of the run's images.

        Raises:
            DatasetError: a file cannot be read, or the mask is black.
        """
        assert options.init_image is not None
        pixels = batches.decode(options.init_image, domain.facts)
        mask = None if options.inpaint is None else _mask(options.inpaint, domain.facts)
        default = DEFAULT_STRENGTH if mask is None else 1.0
        strength = default if options.strength is None else options.strength
        return cls(np.asarray(domain.encode({"image": pixels})), mask, strength, options.resamplings)

    def described(self) -> dict[str, object]:
        """Return the settings as JSON."""
        masked = self.mask is not None
        return {"strength": self.strength, "inpainted": masked, **({"resamplings": self.resamplings} if masked else {})}

    def __str__(self) -> str:
        """Return the settings in words, such as "strength 0.6"."""
        return f"strength {self.strength:g}" + (f", {self.resamplings} resamplings" if self.mask is not None else "")


def _mask(path: Path, facts: ImageFacts) -> np.ndarray:
    height, width, _ = facts.image
    mask = batches.decode(path, facts.model_copy(update={"image": (height, width, 1)})) >= _WHITE
    if not mask.any():
        raise DatasetError(f"{path} must have white pixels, where the image is generated, found none")
    return mask


def edited(learner: Learner, count: int, label: np.ndarray | None, config: SamplerConfig, source: Source) -> np.ndarray:
    """Generate samples from an image, uint8 [sample, height, width, channel].

    Args:
        learner: a trained learner of images.
        count: number of samples.
        label: class of each sample, int [count], or None for unconditional samples.
        config: how to sample.
        source: the image.
    """
    timesteps = diffusion_editing.last_timesteps(np.array(config.timesteps), source.strength)
    image, key = jnp.asarray(source.image), jax.random.key(config.seed)

    def sample(learner: Learner, noise: jax.Array, label: jax.Array | None, key: jax.Array) -> jax.Array:
        denoise, start = learner.denoiser(label, config.guidance_scale), image[None]
        process = ReverseProcess(config.sampler, denoise, learner.noise_schedule, timesteps)
        if source.mask is None:
            x0 = diffusion_editing.edit_loop(process, start, noise, key)
        else:
            mask = jnp.asarray(source.mask)[None]
            x0 = diffusion_editing.inpaint_loop(process, start, mask, noise, key, source.resamplings)
        return learner.domain.decode(x0)

    compiled = functional.jit(sample, learner)
    return domains.generate(
        lambda noise, label, number: compiled(noise, label, jax.random.fold_in(key, number)),
        initial_noise(learner, count, config.seed),
        label,
        min(BATCH, count),
    )
