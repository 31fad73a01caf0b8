"""Generate an image, or a point, from a latent vector: a GAN, or the decoder of a variational autoencoder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import jax
import numpy as np
from pydantic import Field

from dlcli.data import domains
from dlcli.errors import UsageError
from dlcli.figures import subject
from dlcli.nn import functional
from dlcli.options.common import Options
from dlcli.runs.trained import TrainedRun
from dlcli.serve.action import Action, Kind, NoBody, Seed, Values, png, rounded, single

_SLIDERS = 8
_CLASSES = 12  # images of one latent vector, one per class
_BATCH = 4  # requests
_ROWS = 48  # latent vectors that are computed at once
_POINTS = 500  # samples of a density
_PROBED, _PROBES = 128, 12  # latent dimensions whose influence is measured, and samples of each
_LIMIT = 8.0  # largest absolute value of a latent dimension

Latent = Annotated[list[Annotated[float, Field(ge=-_LIMIT, le=_LIMIT)]], Field(max_length=4_096)]


class LatentBody(Options):
    """A latent vector."""

    seed: Annotated[Seed, Field(description="Seed of the latent vector, if none is given.")] = 0
    latent: Annotated[Latent, Field(description="The latent vector; default: that of the seed.")] = []  # noqa: RUF012


def kind(run: TrainedRun) -> Kind:
    """Return what is served of a generator."""
    generator = _Generator(run)
    actions = {
        "generate": Action("Generate from a latent vector, once per class.", LatentBody, generator.generate, _BATCH),
        "influence": Action(
            "Return the latent dimensions that change the output most.", NoBody, single(generator.influence)
        ),
    }
    if generator.is_density:
        sample = Action("Return points generated from random latent vectors.", NoBody, single(generator.points))
        actions["points"] = sample
    return Kind("generator", actions, {"density": generator.is_density, "limit": _LIMIT})


class _Generator:
    """A generator whose function is compiled once, for batches of one shape."""

    def __init__(self, run: TrainedRun):
        self._run = run
        conditional = run.technique == "gan" and run.options.conditional
        self._classes = list(run.facts.classes)[:_CLASSES] if conditional else []
        self.is_density = run.technique == "gan" and not run.facts.classes

    def generate(self, bodies: Sequence[LatentBody]) -> list[Values]:
        """Return the samples of each latent vector: one per class of a class-conditional run."""
        latents = [self._latent(each) for each in bodies]
        each = max(1, len(self._classes))
        found = self._computed(np.repeat(np.stack(latents), each, axis=0))
        found = found.reshape(len(bodies), each, *found.shape[1:])
        return [
            {"latent": rounded(latent), "classes": self._classes, **self._shown(samples)}
            for latent, samples in zip(latents, found, strict=True)
        ]

    def influence(self, body: NoBody) -> Values:
        """Return the dimensions whose increase by 1 changes the output most, on average; of the first `_PROBED`."""
        probed = min(self._size, _PROBED)
        probes = _PROBES - _PROBES % max(1, len(self._classes)) or len(self._classes)  # of all classes
        base = np.random.default_rng(0).standard_normal([probes, self._size]).astype(np.float32)
        before = self._computed(base).astype(np.float64)
        moved = base + np.eye(self._size, dtype=np.float32)[:probed, None]  # [dimension, probe, latent]
        after = self._computed(moved.reshape(-1, self._size)).reshape(probed, *before.shape)
        change = np.abs(after - before).reshape(probed, -1).mean(axis=1)
        order = np.argsort(-change, kind="stable")[:_SLIDERS]
        return {"dimensions": order.tolist(), "change": rounded(change[order]), "size": self._size}

    def points(self, body: NoBody) -> Values:
        """Return samples of a density, and its modes."""
        noise = np.random.default_rng(0).standard_normal([_POINTS, self._size]).astype(np.float32)
        return {"points": rounded(self._computed(noise), 3), "modes": rounded(self._run.learner.domain.modes, 3)}

    @property
    def _size(self) -> int:
        return int(self._run.options.latent_dim)

    def _latent(self, body: LatentBody) -> np.ndarray:
        if not body.latent:
            return np.asarray(jax.random.normal(jax.random.key(body.seed), [1, self._size]))[0]
        if len(body.latent) != self._size:
            raise UsageError(f"the latent vector must have {self._size} numbers, got {len(body.latent)}")
        return np.asarray(body.latent, np.float32)

    def _computed(self, latents: np.ndarray) -> np.ndarray:
        """Return the sample of each latent vector; if there are classes, those of a multiple of them, in turn."""
        draw = self._run.once("generate", self._compiled)
        labels = np.arange(len(latents), dtype=np.int32) % len(self._classes) if self._classes else None
        return domains.generate(lambda noise, label, _: draw(noise, label), latents, labels, _ROWS)

    def _compiled(self) -> Callable[..., Any]:
        learner = self._run.learner
        if self._run.technique == "gan":
            return functional.jit(type(learner).sample, learner)
        decode = functional.jit(type(learner).decode, learner)
        return lambda noise, _: decode(noise)

    def _shown(self, samples: np.ndarray) -> Values:
        if self.is_density:
            return {"point": rounded(samples[0], 4)}
        return {"images": [png(subject.drawable(image)) for image in samples]}
