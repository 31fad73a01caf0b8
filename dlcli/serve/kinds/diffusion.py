"""The reverse process of a diffusion model, step by step."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from dlcli.data import domains
from dlcli.errors import UsageError
from dlcli.figures import subject
from dlcli.options.common import Options
from dlcli.runs.trained import TrainedRun
from dlcli.serve.action import Action, ClassName, Kind, Seed, Values, png, rounded, single
from dlcli.techniques.diffusion.options import SamplerOptions
from dlcli.techniques.diffusion.sampling import SamplerConfig, initial_noise, trajectories

# Each pair of these is compiled, so there are few.
_SAMPLERS = ("ddim", "ddpm", "euler", "heun")
_STEPS = (5, 10, 25, 50)
_SCALES = (1, 2, 4)
_POINTS = 300  # samples of a density
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
    return Kind("diffusion", {"denoise": Action(summary, DenoiseBody, single(lambda body: _denoise(body, run)))}, data)


def _denoise(body: DenoiseBody, run: TrainedRun) -> Values:
    learner, conditional = run.learner, run.options.conditional
    if not conditional and (body.class_ or body.guidance_scale != 1):
        raise UsageError("a class and a guidance scale need a run that was trained with --conditional")
    options = SamplerOptions(
        sampler=body.sampler, sampler_steps=body.sampler_steps, guidance_scale=body.guidance_scale, seed=body.seed
    )
    options.require_fit(run)
    config = SamplerConfig.of(learner, options)
    key = ("trajectories", body.sampler, body.sampler_steps, body.guidance_scale)
    compute = run.once(key, lambda: trajectories(learner, config))
    count = 1 if learner.domain.classes else _POINTS
    label = domains.sample_labels(learner.domain, body.class_, count) if conditional else None
    states, x0 = compute(initial_noise(learner, count, body.seed), label, body.seed)
    x0 = np.concatenate([x0, states[-1:]])  # the last state is x_0
    shown = _frames(states)
    timesteps = [config.timesteps[each] for each in shown]
    found = {"timesteps": timesteps, "x": _shown(learner, states[shown]), "x0": _shown(learner, x0[shown])}
    return found if learner.domain.classes else {**found, "modes": rounded(learner.domain.modes, 3)}


def _frames(states: np.ndarray) -> list[int]:
    """Return the numbers of the states that are shown."""
    most = max(6, min(len(states), _PIXELS // (2 * states[0].size)))
    return [int(each) for each in np.unique(np.rint(np.linspace(0, len(states) - 1, most)))]


def _shown(learner: Any, states: np.ndarray) -> list[Any]:
    """Return each state, [step, sample, ...], as an image or as points."""
    if not learner.domain.classes:
        return [rounded(learner.domain.decode(points), 3) for points in states]
    return [png(subject.drawable(np.asarray(learner.domain.decode(images))[0])) for images in states]
