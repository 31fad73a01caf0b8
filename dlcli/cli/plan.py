"""`dlcli train TECHNIQUE --plan`: what a run would do and cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dlcli import formats, techniques
from dlcli.artifacts import Table
from dlcli.cli import output, progress
from dlcli.cli.typer_options import Call
from dlcli.options.common import FitOptions
from dlcli.options.fields import flag

if TYPE_CHECKING:
    from dlcli.engine.layers import Layer
    from dlcli.engine.plan import Plan

_ROWS = 40  # layers listed without `--full`


def show(technique: str, options: FitOptions, call: Call) -> None:
    """Print the resolved options, where each came from, the layers, and what the run would need."""
    with progress.importing():
        from dlcli.engine.plan import plan
    found = plan(techniques.learner(technique), options)
    resolved = found.options.model_dump(mode="json")
    origins = {name: _origin(name, call, options.epochs) for name in resolved}
    chosen = {name: {"value": value, "by": by} for name, (value, by) in found.chosen.items()}
    layers = [
        {"path": each.path, "type": each.kind, "output_shape": each.output, "parameters": each.parameters}
        for each in found.layers
    ]
    numbers = {**_needed(found), "options": resolved, "origins": origins, "chosen": chosen, "layers": layers}
    below = [_layers(found, full=call.full), Table("cost", ["what", "value", "from"], _costs(found))]
    title = f"train {technique} would do this"
    output.write(Table(title, ["option", "value", "from"], _options(found, resolved, origins), numbers, below), call)


def _options(found: Plan, resolved: dict[str, Any], origins: dict[str, str]) -> list[tuple[str, str, str]]:
    """Return a row for each option; what the technique chose stands in place of no value, and below for no option."""
    rows = []
    for name, value in resolved.items():
        left = value is None and name in found.chosen
        shown, origin = found.chosen[name] if left else (value, origins[name])
        rows.append((flag(name), formats.option(name, shown), origin))
    return rows + [
        (name, formats.option(name, value), by) for name, (value, by) in found.chosen.items() if name not in resolved
    ]


def _origin(name: str, call: Call, epochs: float | None) -> str:
    if name == "steps" and epochs is not None:
        return f"--epochs {epochs:g}, {call.origins['epochs']}"
    return "chosen now" if name == "out" and call.origins["out"] == "default" else call.origins[name]


def _layers(found: Plan, *, full: bool) -> Table:
    """Return a row for each layer, those in others indented; without `full` only as deep as there is room for."""
    shown = found.layers if full else _collapsed(found.layers)
    rows = []
    above: list[str] = []  # the paths of the layers that contain the next one
    for each in shown:
        above = [*above[: each.depth], each.path]
        name = each.path.removeprefix(f"{above[-2]}/") if each.depth else each.path
        shape = formats.MISSING if each.output is None else str(list(each.output))
        rows.append(("  " * each.depth + name, each.kind, shape, formats.count(each.parameters)))
    rows.append(("total", "", "", formats.count(found.parameters)))
    hidden = len(found.layers) - len(shown)
    note = f"; {hidden} more within these: add --full" if hidden else ""
    title = f"layers, with output shapes for one batch of {found.options.batch_size}{note}"
    return Table(title, ["layer", "type", "output shape", "parameters"], rows)


def _collapsed(layers: Sequence[Layer]) -> Sequence[Layer]:
    """Return the layers of as many depths as fit, of the outermost depth as many as fit."""
    depths = range(max((each.depth for each in layers), default=0), -1, -1)
    kept = ([each for each in layers if each.depth <= depth] for depth in depths)
    return next((rows for rows in kept if len(rows) <= _ROWS), [each for each in layers if not each.depth][:_ROWS])


def _needed(found: Plan) -> dict[str, Any]:
    return {
        "device": found.device,
        "sizes": dict(found.sizes),
        "parameters": found.parameters,
        "flops_per_step": found.flops,
        "bytes_per_step": found.bytes,
        "checkpoint_bytes": found.checkpoint,
        "checkpoints_kept": found.checkpoints,
        "free_bytes": found.free,
        "compile_seconds": round(found.compile_seconds, 3),
        "step_seconds": round(found.step_seconds, 6),
        "seconds": round(found.seconds, 1),
    }


def _costs(found: Plan) -> list[tuple[str, str, str]]:
    sizes = ", ".join(f"{formats.count(size)} {name}" for name, size in found.sizes.items())
    checkpoints = f"{found.checkpoints} × {formats.scaled(found.checkpoint)}B"
    return [
        ("data", sizes, ""),
        ("device", found.device, ""),
        ("parameters", formats.count(found.parameters), ""),
        ("FLOPs per step", f"{formats.scaled(found.flops)}FLOP", "XLA's estimate"),
        ("memory traffic per step", f"{formats.scaled(found.bytes)}B", "XLA's estimate"),
        ("checkpoints", f"{checkpoints}, {formats.scaled(found.free)}B free on disk", ""),
        ("compilation", f"{found.compile_seconds:.1f} s", "measured"),
        ("time", f"{found.seconds / 60:.1f} min at {found.step_seconds * 1000:.1f} ms a step", "from 5 measured steps"),
    ]
