"""`dlcli train TECHNIQUE --plan`: what a run would do and cost."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dlcli import formats, techniques
from dlcli.artifacts import Table
from dlcli.cli import output, progress, progress_lines
from dlcli.cli.typer_options import Call
from dlcli.options.common import FitOptions, Options
from dlcli.options.fields import flag
from dlcli.paths import nearest_existing

if TYPE_CHECKING:
    from dlcli.engine.direct import Prepared
    from dlcli.engine.layers import Layer
    from dlcli.engine.plan import Plan

_ROWS = 40  # layers listed without `--full`


def show(technique: str, options: FitOptions, call: Call) -> None:
    """Print the resolved options, where each came from, the layers, and what the run would cost."""
    with progress.importing():
        from dlcli.engine.plan import plan
    found = plan(techniques.learner(technique), options)
    layers = [
        {"path": each.path, "type": each.kind, "output_shape": each.output, "parameters": each.parameters}
        for each in found.layers
    ]
    chosen = {name: {"value": value, "by": by} for name, (value, by) in found.chosen.items()}
    below = [_layers(found, full=call.full), _cost_table(_costs(found))]
    numbers = {**_needed(found), "chosen": chosen, "layers": layers}
    _write(technique, found.options, call, numbers, below, epochs=options.epochs, chosen=found.chosen)


def show_direct(begun: Prepared, call: Call) -> None:
    """Print the resolved options, where each came from, and what the run would read and write."""
    options = begun.options.model_copy(update={"out": begun.folder, "name": None})
    free = shutil.disk_usage(nearest_existing(begun.folder)).free
    costs = [("data", formats.sizes(begun.data.sizes), ""), ("free on disk", f"{formats.scaled(free)}B", "")]
    numbers = {"sizes": dict(begun.data.sizes), "free_bytes": free}
    _write(begun.technique, options, call, numbers, [_cost_table(costs)], epochs=None, chosen={})


def _write(
    technique: str,
    options: Options,
    call: Call,
    numbers: Mapping[str, Any],
    below: Sequence[Table],
    *,
    epochs: float | None,
    chosen: Mapping[str, tuple[Any, str]],
) -> None:
    resolved = options.model_dump(mode="json")
    origins = {name: _origin(name, call, epochs) for name in resolved}
    rows = _option_rows(resolved, origins, chosen)
    whole = {**numbers, "options": resolved, "origins": origins}
    output.write(Table(f"train {technique} would run with", ["option", "value", "from"], rows, whole, below), call)


def _cost_table(rows: Sequence[tuple[str, str, str]]) -> Table:
    return Table("cost", ["what", "value", "from"], rows)


def _option_rows(
    resolved: Mapping[str, Any], origins: Mapping[str, str], chosen: Mapping[str, tuple[Any, str]]
) -> list[tuple[str, str, str]]:
    """Return a row for each option.

    A value that the technique chose replaces an option without a value; one that belongs to no option comes last.
    """
    rows = []
    for name, value in resolved.items():
        shown, origin = chosen[name] if name in chosen else (value, origins[name])
        rows.append((flag(name), formats.option(name, shown), origin))
    return rows + [
        (name, formats.option(name, value), by) for name, (value, by) in chosen.items() if name not in resolved
    ]


def _origin(name: str, call: Call, epochs: float | None) -> str:
    if name == "steps" and epochs is not None:
        return f"--epochs {epochs:g}, {call.origins['epochs']}"
    return "chosen now" if name == "out" and call.origins["out"] == "default" else call.origins[name]


def _layers(found: Plan, *, full: bool) -> Table:
    """Return a row for each layer, nested ones indented; without `full` only as deep as `_ROWS` allows."""
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
    """Return the layers down to the greatest depth that fits into `_ROWS`, cut at the outermost depth."""
    depths = range(max((each.depth for each in layers), default=0), -1, -1)
    kept = ([each for each in layers if each.depth <= depth] for depth in depths)
    return next((rows for rows in kept if len(rows) <= _ROWS), [each for each in layers if not each.depth][:_ROWS])


def _needed(found: Plan) -> dict[str, Any]:
    return {
        "device": found.device,
        "sizes": dict(found.sizes),
        "validation_examples": found.validated,
        "parameters": found.parameters,
        "frozen_parameters": found.frozen,
        "initialized": found.taken.described() if found.taken else None,
        "flops_per_step": found.flops,
        "bytes_per_step": found.bytes,
        "state_bytes_per_device": dict(found.device_bytes),
        "checkpoint_bytes": found.checkpoint,
        "checkpoints_kept": found.checkpoints,
        "free_bytes": found.free,
        "compile_seconds": round(found.compile_seconds, 3),
        "step_seconds": round(found.step_seconds, 6),
        "seconds": round(found.seconds, 1),
    }


def _state(found: Plan) -> str:
    """Return the memory of weights and optimizer state on each device, and with the other value of `--shard`."""
    sizes = {shard: f"{formats.scaled(size)}B" for shard, size in found.device_bytes.items()}
    now = sizes.pop(found.options.shard)
    return ", ".join([now, *(f"{size} with --shard {shard}" for shard, size in sizes.items() if size != now)])


def _costs(found: Plan) -> list[tuple[str, str, str]]:
    checkpoints = f"{found.checkpoints} × {formats.scaled(found.checkpoint)}B"
    return [
        ("data", formats.sizes(found.sizes, found.validated), ""),
        ("device", found.device, ""),
        (
            "parameters",
            formats.count(found.parameters),
            f"{formats.count(found.frozen)} frozen" if found.frozen else "",
        ),
        *(
            [("initialized", progress_lines.initialized(found.taken)[0].removeprefix("initialized "), "--init-from")]
            if found.taken
            else []
        ),
        ("FLOPs per step", f"{formats.scaled(found.flops)}FLOP", "XLA's estimate"),
        ("memory traffic per step", f"{formats.scaled(found.bytes)}B", "XLA's estimate"),
        ("state per device", _state(found), ""),
        ("checkpoints", f"{checkpoints}, {formats.scaled(found.free)}B free on disk", ""),
        ("compilation", f"{found.compile_seconds:.1f} s", "measured"),
        (
            "time",
            f"{found.seconds / 60:.1f} min at {found.step_seconds * 1000:.1f} ms per step",
            "from 5 measured steps",
        ),
    ]
