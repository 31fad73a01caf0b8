"""The training of a GAN: samples for fixed noise, and the curves of generator and discriminator."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from dlcli.artifacts import Figure
from dlcli.errors import RunError
from dlcli.figures import subject
from dlcli.figures.json_values import to_json
from dlcli.figures.options.generative import GanTraining
from dlcli.formats import printable
from dlcli.plot import page, terminal
from dlcli.plot.charts.gan_training import GanTrainingChart
from dlcli.plot.charts.lines import Line, Panel
from dlcli.plot.charts.scatter import ScatterChart
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.gan.learner import Learner

_LOGIT = "mean discriminator logit"
_PROBABILITY = "mean probability of being real"
# Label of each panel, and its lines: split and name of the metric, and its label.
_PANELS = {
    "loss": {("train", "loss"): "discriminator", ("train", "generator_loss"): "generator"},
    _PROBABILITY: {
        ("train", "real_probability"): "real images, D(x)",
        ("train", "generated_probability"): "generated, D(G(z))",
    },
    _LOGIT: {("train", "real_logit"): "real", ("train", "generated_logit"): "generated"},
    "Fréchet distance": {
        ("validation", "frechet_distance"): "generated to real",
        ("validation", "frechet_distance_floor"): "real to real (floor)",
    },
    "total variation distance": {
        ("validation", "total_variation"): "generated to real",
        ("validation", "total_variation_floor"): "real to real (floor)",
    },
}
History = Mapping[tuple[str, str], Sequence[tuple[int, float]]]


def draw(options: GanTraining, run: TrainedRun) -> Figure:
    """Draw the samples for fixed noise at several steps, and the curves of both networks."""
    learner: Learner = run.learner
    steps = [int(step) for step in learner.fixed_noise_steps[...]]
    drawn = {step: np.asarray(learner.fixed_noise_samples[place]) for place, step in enumerate(steps) if step}
    history = _history(run)
    if not drawn or not history:
        raise RunError(f"{run.folder} has no metrics: it ended before its first report")
    steps_and_samples = sorted(drawn.items())
    panels = [panel for name, lines in _PANELS.items() if (panel := _panel(name, lines, history)).lines]
    if any(panel.ylabel == _PROBABILITY for panel in panels):  # the logits are the same, without an upper bound
        panels = [panel for panel in panels if panel.ylabel != _LOGIT]
    title = f"GAN training of {printable(run.folder.name)}: samples for fixed noise, training curves"
    chart = GanTrainingChart(title, [(step, _shown(learner, each)) for step, each in steps_and_samples], panels)
    numbers = {
        "run": options.run,
        "samples": {str(step): to_json(each) for step, each in steps_and_samples},
        "curves": {
            f"{split} {name}": {"steps": [step for step, _ in line], "values": to_json([value for _, value in line])}
            for (split, name), line in history.items()
        },
    }
    sketch = functools.partial(terminal.gan_training.draw, chart)
    return Figure("gan-training", page.gan_training.draw(chart), numbers, sketch)


def _shown(learner: Learner, samples: np.ndarray) -> np.ndarray | ScatterChart:
    if learner.domain.classes:
        return np.stack([subject.drawable(image) for image in samples])
    return ScatterChart.around(samples, np.asarray(learner.domain.modes))


def _history(run: TrainedRun) -> History:
    """Return the steps and values of every metric, by split and name."""
    found: dict[tuple[str, str], list[tuple[int, float]]] = defaultdict(list)
    for record in run.files.metrics.read():
        for name, value in record["metrics"].items():
            found[record["split"], name].append((record["step"], value))
    return found


def _panel(name: str, lines: Mapping[tuple[str, str], str], history: History) -> Panel:
    drawn = []
    for index, (metric, label) in enumerate(lines.items()):
        if points := history.get(metric):
            steps, values = np.array(points).T
            drawn.append(Line(label, steps.astype(int), values, dashed=index > 0))
    if drawn and name == _PROBABILITY:
        half = np.full(len(drawn[0].steps), 0.5)
        drawn.append(Line("0.5: the best D of a perfect G", drawn[0].steps, half))
    return Panel(drawn, name)
