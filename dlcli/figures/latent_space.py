"""The codes of an autoencoder in the plane, and images decoded from a grid of codes."""

from __future__ import annotations

import functools

import numpy as np

from dlcli.artifacts import Figure
from dlcli.data import domains
from dlcli.figures import held_out
from dlcli.figures.json_values import to_json
from dlcli.figures.options.representation import LatentSpace
from dlcli.figures.subject import drawable
from dlcli.formats import percent, printable
from dlcli.metrics.projection import Projection, principal_components
from dlcli.nn import functional
from dlcli.plot import page, terminal
from dlcli.plot.charts.groups import GroupPanel, GroupsChart
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.autoencoder.learner import Learner

_LINE = 110  # gray of the lines between images
_REACH = 2.5  # half of the side of the grid, in standard deviations of the codes along each axis


def draw(options: LatentSpace, run: TrainedRun) -> Figure:
    """Project the codes of held-out images to two dimensions, and decode a grid of that plane."""
    learner: Learner = run.learner
    examples = held_out.examples(options, run, options.count)
    encode = functional.jit(Learner.encode, learner)
    codes = domains.generate(lambda images, _, __: encode(images), examples["image"], None)
    found = _plane(codes)
    reach = _REACH * np.maximum(found.positions.std(axis=0), 1e-6)
    steps = np.linspace(-1, 1, options.grid)
    # Rows from the top to the bottom.
    places = np.stack(np.meshgrid(steps * reach[0], -steps * reach[1]), axis=-1).reshape(-1, 2)
    decode = functional.jit(Learner.decode, learner)
    decoded = domains.generate(lambda z, _, __: decode(z), found.inverse(places).astype(np.float32), None)
    names = ("component 1", "component 2") if codes.shape[1] > 2 else ("code 1", "code 2")
    explained = " + ".join(percent(each, 0) for each in found.explained)
    caption = f"codes, {explained} of the variance" if codes.shape[1] > 2 else "codes"
    if codes.shape[1] <= 2:
        names = ("code 1 − mean", "code 2 − mean")
    title = f"latent space of {printable(run.folder.name)}: {len(codes):,} images, {codes.shape[1]} latent dimensions"
    chart = GroupsChart(
        title,
        [GroupPanel(caption, found.positions, names)],
        examples["label"],
        learner.facts.classes,
        _mosaic(decoded, options.grid),
        (-reach[0], reach[0], -reach[1], reach[1]),
        "images decoded from a grid of codes",
    )
    numbers = {
        "run": options.run,
        "classes": list(learner.facts.classes),
        "labels": examples["label"].tolist(),
        "codes": to_json(codes),
        "positions": to_json(found.positions),
        "explained_variance": to_json(found.explained),
    }
    return Figure("latent-space", page.groups.draw(chart), numbers, functools.partial(terminal.groups.draw, chart))


def _plane(codes: np.ndarray) -> Projection:
    """Return the plane of the codes themselves if they have two dimensions, else of their principal components."""
    if codes.shape[1] != 2:
        return principal_components(codes)
    mean, variances = codes.mean(axis=0), codes.var(axis=0)
    return Projection(mean, np.eye(2), codes - mean, variances / max(float(variances.sum()), 1e-300))


def _mosaic(images: np.ndarray, across: int) -> np.ndarray:
    """Return images [image, height, width, channel] in rows of `across`, a gray line between them, as one picture."""
    gap = [(0, 0), (0, 1), (0, 1), (0, 0)]
    shown = np.pad(np.stack([drawable(each) for each in images]), gap, constant_values=_LINE)
    _, height, width, channel = shown.shape
    grid = shown.reshape(-1, across, height, width, channel).transpose(0, 2, 1, 3, 4)
    return grid.reshape(-1, across * width, channel)[:-1, :-1]
