"""The activations of a recurrent layer over the tokens of a text.

Reference: Karpathy, Johnson and Fei-Fei, "Visualizing and Understanding Recurrent Networks", 2015,
arXiv:1506.02078, section 4.2.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

from dlcli.artifacts import Figure
from dlcli.errors import UsageError
from dlcli.figures import language
from dlcli.figures.json_values import to_json
from dlcli.figures.options.text import HiddenState
from dlcli.plot import page, terminal
from dlcli.plot.charts.hidden_state import HiddenStateChart
from dlcli.runs.trained import TrainedRun


def draw(options: HiddenState, run: TrainedRun) -> Figure:
    """Show the units with the largest variance over the tokens of a text."""
    found, tokenizer = language.read(run.facts, options.text)
    network = run.learner.network
    layers, _ = network.layer_states(found[None, 1:], network.stack.initial_carry(1))
    layer = len(layers) if options.layer is None else options.layer
    if layer > len(layers):
        raise UsageError(f"--layer must be at most {len(layers)}, the number of recurrent layers, got {layer}")
    states = np.asarray(layers[layer - 1][:, 0], np.float64).T  # [unit, token]
    std = states.std(axis=1)
    units = np.argsort(-std, kind="stable")[: options.units]
    if options.unit:
        units = units[:1] if options.unit == "max" else np.array([int(options.unit)])
    if units.max() >= len(states):
        raise UsageError(f"--unit must be less than {len(states)}, the number of units, got {options.unit}")
    activations, tokens = states[units], tokenizer.pieces(found[1:])
    largest = f"the {len(units)} of {len(states)} units with the largest variance"
    if options.unit:
        largest = f"unit {units[0]} of {len(states)}"
    title = f"hidden state, layer {layer}: {largest}; {Path(options.run).name}"
    chart = HiddenStateChart(title, tokens, units.tolist(), activations)
    numbers = {
        "run": options.run,
        "text": options.text,
        "tokens": tokens,
        "layer": layer,
        "axes": ["unit", "token"],
        "units": units.tolist(),
        "standard_deviations": to_json(std[units]),
        "activations": to_json(activations),
    }
    drawing = page.hidden_state.draw(chart)
    return Figure("hidden-state", drawing, numbers, functools.partial(terminal.hidden_state.draw, chart))
