"""What the units of a recurrent layer hold while a text is read.

Reference: Karpathy, Johnson and Fei-Fei, "Visualizing and Understanding Recurrent Networks", 2015,
arXiv:1506.02078, section 4.2.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dlcli.artifacts import Figure
from dlcli.errors import UsageError
from dlcli.figures import language
from dlcli.figures.numbers import listed
from dlcli.figures.options.text import HiddenState
from dlcli.plot import terminal, tokens
from dlcli.plot.terminal import tokens as sketches
from dlcli.runs.trained import TrainedRun


def draw(options: HiddenState, run: TrainedRun) -> Figure:
    """Show the units that vary most over the tokens of a text."""
    found, tokenizer = language.read(run.facts, options.text)
    network = run.learner.network
    layers, _ = network.layer_states(found[None, 1:], network.stack.initial_carry(1))
    layer = len(layers) if options.layer is None else options.layer
    if layer > len(layers):
        raise UsageError(f"--layer must be at most {len(layers)}, the recurrent layers of the run, got {layer}")
    states = np.asarray(layers[layer - 1][:, 0], np.float64).T  # [unit, token]
    deviations = states.std(axis=1)
    units = np.argsort(-deviations, kind="stable")[: options.units]
    values, pieces = states[units], tokenizer.pieces(found[1:])
    title = f"the {len(units)} of {len(states)} units of layer {layer} that vary most; {Path(options.run).name}"
    numbers = {
        "run": options.run,
        "text": options.text,
        "tokens": pieces,
        "layer": layer,
        "axes": ["unit", "token"],
        "units": units.tolist(),
        "deviations": listed(deviations[units]),
        "values": listed(values),
    }
    return Figure(
        "hidden-state",
        tokens.states(pieces, values, units.tolist(), title=title),
        numbers,
        lambda width, colour, most=None: terminal.below(
            terminal.paragraph(title, width),
            most,
            lambda left: sketches.states(pieces, values, units.tolist(), width=width, colour=colour, most=left),
        ),
    )
