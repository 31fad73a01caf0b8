"""The reverse process of a diffusion model, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from dlcli.data import domains
from dlcli.errors import UsageError
from dlcli.figures import subject
from dlcli.options.common import Options
from dlcli.runs.trained import TrainedRun
from dlcli.serve.action import Action, ClassName, Kind, Seed, Values, png, rounded
from dlcli.techniques.diffusion.options import SamplerOptions
from dlcli.techniques.diffusion.sampling import SamplerConfig, initial_noise, trajectories

# Each combination of these is compiled, so there are few.
_SAMPLERS = ("ddim", "ddpm", "euler", "heun")
_STEPS = (5, 10, 25, 50)
_SCALES = (1, 2, 4)
_POINTS = 300  # samples of a density
_BATCH = 4  # requests that are computed together
_PIXELS = 1_500_000  # numbers in the frames of a response; larger images have fewer frames


class DenoiseBody(Options):
    """How a sample is generated."""

    seed: Seed = 0
    class_: Annotated[ClassName, Field(description="Class to sample, of a class-conditional run.")] = ""
    sampler: Literal["ddim", "ddpm", "euler", "heun"] = "ddim"
    sampler_steps: Annotated[Literal[5, 10, 25, 50], Field(description="Sampling steps.")] = 25
    guidance_scale: Annotated[Literal[1, 2, 4], Field(description="Classifier-free guidance scale, 1 = none.")] = 1


def kind(run: TrainedRun) -> Kind:
    """Return what is served of a diffusion model."""
    trained = run.options
    data = {
        "density": not run.facts.classes,
        "classes": list(run.facts.classes) if trained.conditional else [],
        "samplers": [each for each in _SAMPLERS if each != "ddpm" or trained.parameterization != "flow"],
        "steps": [each for each in _STEPS if each <= trained.timesteps] or [],
        "scales": list(_SCALES) if trained.conditional else [1],
    }
    if not data["steps"]:
        raise UsageError(f"dlcli serve needs a run of at least {_STEPS[0]} --timesteps, {run.folder} has fewer")
    summary = "Generate a sample, with x_t and the predicted x_0 of each step."
    return Kind(
        "diffusion", {"denoise": Action(summary, DenoiseBody, lambda bodies: _denoise(bodies, run), _BATCH)}, data
    )


def _denoise(bodies: Sequence[DenoiseBody], run: TrainedRun) -> list[Values]:
    """Return the response to each body; those of the same sampler are computed together."""
    groups: dict[object, list[int]] = {}
    for number, body in enumerate(bodies):
        _require_fit(body, run)
        groups.setdefault((body.sampler, body.sampler_steps, body.guidance_scale), []).append(number)
    found: dict[int, Values] = {}
    for key, numbers in groups.items():
        found.update(zip(numbers, _samples(key, [bodies[number] for number in numbers], run), strict=True))
    return [found[number] for number in range(len(bodies))]


def _require_fit(body: DenoiseBody, run: TrainedRun) -> None:
    if not run.options.conditional and (body.class_ or body.guidance_scale != 1):
        raise UsageError("a class and a guidance scale need a run that was trained with --conditional")
    _sampler(body).require_fit(run)


def _sampler(body: DenoiseBody) -> SamplerOptions:
    return SamplerOptions(
        sampler=body.sampler, sampler_steps=body.sampler_steps, guidance_scale=body.guidance_scale, seed=body.seed
    )


def _samples(key: object, bodies: Sequence[DenoiseBody], run: TrainedRun) -> list[Values]:
    """Return the samples of bodies whose sampler is the same.

    Args:
        key: of the sampler; its program is compiled for one body and for `_BATCH`.
        bodies: at most `_BATCH`.
        run: a diffusion model.
    """
    learner = run.learner
    config = SamplerConfig.of(learner, _sampler(bodies[0]))
    compute = run.once(("trajectories", key), lambda: trajectories(learner, config))
    rows = [*bodies, *[bodies[-1]] * ((1 if len(bodies) == 1 else _BATCH) - len(bodies))]
    count = 1 if learner.domain.classes else _POINTS
    noise = np.stack([initial_noise(learner, count, each.seed) for each in rows])
    labels = [domains.sample_labels(learner.domain, each.class_, count) for each in rows if run.options.conditional]
    states, x0 = compute(noise, np.stack(labels) if labels else None, np.array([each.seed for each in rows]))
    return [_frames(learner, config, *each) for each in zip(states[: len(bodies)], x0, strict=False)]


def _frames(learner: Any, config: SamplerConfig, states: np.ndarray, x0: np.ndarray) -> Values:
    """Return the states and the predicted x_0, [step, sample, ...] each, as images or as points."""
    x0 = np.concatenate([x0, states[-1:]])  # the last state is x_0
    chosen = _chosen(states)
    timesteps = [config.timesteps[each] for each in chosen]
    found = {"timesteps": timesteps, "x": _shown(learner, states[chosen]), "x0": _shown(learner, x0[chosen])}
    return found if learner.domain.classes else {**found, "modes": rounded(learner.domain.modes, 3)}


def _chosen(states: np.ndarray) -> list[int]:
    """Return the numbers of the states that are shown."""
    most = max(6, min(len(states), _PIXELS // (2 * states[0].size)))
    return [int(each) for each in np.unique(np.rint(np.linspace(0, len(states) - 1, most)))]


def _shown(learner: Any, states: np.ndarray) -> list[Any]:
    """Return each state, [step, sample, ...], as an image or as points."""
    if not learner.domain.classes:
        return [rounded(learner.domain.decode(points), 3) for points in states]
    return [png(subject.drawable(np.asarray(learner.domain.decode(images))[0])) for images in states]
