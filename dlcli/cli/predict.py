"""`dlcli predict TECHNIQUE INPUT…`: applies a trained model, input by input."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from dlcli.artifacts import Prediction, Tokenization
from dlcli.cli import console, output, progress
from dlcli.cli.inputs import expand, lines
from dlcli.cli.typer_options import Call
from dlcli.errors import DatasetError
from dlcli.techniques.opening import opened


def run(technique: str, options: Any, call: Call) -> None:
    """Print a row, or with `--json` a line, for each input; an input that cannot be read is reported at its place."""
    options, trained = opened(options, technique, f"predict {technique}")
    with progress.importing():
        from dlcli.engine.devices import prepare
    if "device" in type(options).model_fields:
        prepare(options.device)
    predict = import_module(f"dlcli.techniques.{technique}.predict").predict
    read = bad = 0
    shown: list[Prediction | Tokenization] = []
    for prediction in predict(options.model_copy(update=_inputs(options)), trained):
        read += 1
        bad += prediction.problem is not None
        if call.json and isinstance(prediction, Tokenization):
            console.print_blocks(prediction.rest(), prediction.blocks())
        elif call.json:
            console.print_json(prediction.numbers())
        elif prediction.problem:
            console.err().print(f"[red]unreadable:[/] {console.plain(prediction.problem)}", soft_wrap=True)
        else:
            shown.append(prediction)
    if shown:
        output.print_predictions(shown)
    if bad:
        output.fail(DatasetError(f"{bad} of {read} inputs could not be read"), call)


def _inputs(options: Any) -> dict[str, Any]:
    """Return what the arguments name, by the kind of input that the technique takes."""
    readers: dict[str, Callable[[Any], Any]] = {"images": expand, "text": lines}
    return {name: read(getattr(options, name)) for name, read in readers.items() if name in type(options).model_fields}
