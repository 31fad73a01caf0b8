"""`dlcli train TECHNIQUE --plan`: what a run would do and cost."""

from __future__ import annotations

from typing import Any

from dlcli import techniques
from dlcli.artifacts import Table
from dlcli.cli import output, progress
from dlcli.cli.bridge import Call
from dlcli.options import FitOptions


def show(technique: str, options: FitOptions, call: Call) -> None:
    """Print the resolved options, where each came from, and what the run would need."""
    with progress.importing():
        from dlcli.engine.plan import Plan, plan
    found: Plan = plan(techniques.learner(technique), options)
    resolved = found.options.model_dump(mode="json")
    needs = {
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
    origins = {name: _origin(name, call, options.epochs) for name in resolved}
    numbers = {**needs, "options": resolved, "origins": origins}
    rows: list[tuple[Any, ...]] = [
        (f"--{name.replace('_', '-')}", _text(value), origins[name]) for name, value in resolved.items()
    ]
    rows += [("", "", ""), *_needs(found)]
    output.write(Table(f"train {technique} would do this", ["what", "value", "from"], rows, numbers), call)


def _origin(name: str, call: Call, epochs: float | None) -> str:
    if name == "steps" and epochs is not None:
        return f"--epochs {epochs:g}, {call.origins['epochs']}"
    return "chosen now" if name == "out" and call.origins["out"] == "default" else call.origins[name]


def _needs(found: Any) -> list[tuple[str, str, str]]:
    sizes = ", ".join(f"{size:,} {name}" for name, size in found.sizes.items())
    return [
        ("data", sizes, ""),
        ("device", found.device, ""),
        ("parameters", f"{found.parameters:,}", ""),
        ("a step", f"{_scaled(found.flops)}FLOP, {_scaled(found.bytes)}B moved", "the compiler's count"),
        ("checkpoints", f"{found.checkpoints} × {_scaled(found.checkpoint)}B, {_scaled(found.free)}B free on disk", ""),
        ("compilation", f"{found.compile_seconds:.1f} s", "measured"),
        ("time", f"{found.seconds / 60:.1f} min at {found.step_seconds * 1000:.1f} ms a step", "from 5 measured steps"),
    ]


def _scaled(number: float | None) -> str:
    if number is None:
        return "? "
    for unit in ("", "k", "M", "G"):
        if number < 1000:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.3g} T"


def _text(value: Any) -> str:
    return "–" if value is None or value == "" else str(value)
