"""The quality of a diffusion model's samples against the number of sampling steps, for each sampler."""

from __future__ import annotations

import functools
from typing import get_args

import numpy as np

from dlcli import activity
from dlcli.artifacts import Figure
from dlcli.errors import UsageError
from dlcli.figures.json_values import to_json
from dlcli.figures.options.generative import SamplerQuality, parse_counts
from dlcli.formats import printable
from dlcli.nn.diffusion_samplers import Sampler
from dlcli.plot import page, terminal
from dlcli.plot.charts.lines import Line, LinesChart, Panel
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.diffusion import eval as measure
from dlcli.techniques.diffusion.options import Eval

# The measure of images, and that of points of a density, with the name of its floor.
_MEASURES = {
    "frechet_distance": "Fréchet distance to validation images",
    "total_variation": "total variation distance of the modes",
}


def draw(options: SamplerQuality, run: TrainedRun) -> Figure:
    """Generate samples with each sampler and number of steps, and compare them with the validation split."""
    flow = run.options.parameterization == "flow"
    samplers = [name for name in get_args(Sampler) if not (flow and name == "ddpm")]
    steps = [each for each in parse_counts(options.steps) if each <= run.options.timesteps]
    if not steps:
        raise UsageError(f"--steps must be at most {run.options.timesteps}, the timesteps of {run.folder}")
    found: dict[str, list[float]] = {name: [] for name in samplers}
    floor, measured, done = 0.0, "", 0
    for name in samplers:
        for count in steps:
            activity.report("measuring samplers", done, len(samplers) * len(steps))
            asked = Eval(run=str(run.folder), sampler=name, sampler_steps=count, samples=options.samples,
                         seed=options.seed, use=options.use)  # fmt: skip
            numbers = measure.evaluate(asked, run, split="validation").numbers
            measured = next(each for each in _MEASURES if each in numbers)
            found[name].append(float(numbers[measured]["value"]))
            floor, done = float(numbers[f"{measured}_floor"]["value"]), done + 1
    activity.report("")
    evaluations = {name: [2 * each - 1 if name == "heun" else each for each in steps] for name in samplers}
    lines = [Line(name, np.array(evaluations[name]), np.array(values)) for name, values in found.items()]
    ends = np.array([min(map(min, evaluations.values())), max(map(max, evaluations.values()))])
    lines.append(Line("training examples", ends, np.array([floor, floor]), dashed=True))
    title = f"samplers of {printable(run.folder.name)}, {options.samples:,} samples each"
    chart = LinesChart(title, [Panel(lines, _MEASURES[measured], log=True)], xlabel="network evaluations per sample")
    result = {
        "run": options.run,
        "measure": measured,
        "floor": to_json(floor),
        "samples": options.samples,
        "samplers": {
            name: {"steps": steps, "evaluations": evaluations[name], "values": to_json(values)}
            for name, values in found.items()
        },
    }
    return Figure("sampler-quality", page.lines.draw(chart), result, functools.partial(terminal.lines.draw, chart))
