"""Apply a trained model to inputs: `dlcli predict TECHNIQUE INPUT…`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from dlcli import api
from dlcli.artifacts import Prediction, Tokenization, Vector
from dlcli.cli import console, output, progress, verbs
from dlcli.cli.inputs import expand, lines
from dlcli.cli.typer_options import Call
from dlcli.errors import DatasetError
from dlcli.techniques.opening import opened


def commands() -> Iterator[verbs.Entry]:
    """Yield a command per technique."""
    return verbs.of_techniques("predict", run)


def run(technique: str, options: Any, call: Call) -> None:
    """Print a row, or with `--json` an object, per input; an unreadable input is reported in its place."""
    options, trained = opened(options, technique, f"predict {technique}")
    progress.load_jax()
    predictions = api.perform("predict", options.model_copy(update=_inputs(options)), trained)
    read = bad = 0
    shown: list[Prediction | Tokenization | Vector] = []
    for prediction in predictions:
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
    """Return the inputs that the arguments name: image paths, rows of numbers or texts."""
    readers: dict[str, Callable[[Any], Any]] = {"images": expand, "rows": lines, "text": lines}
    return {name: read(getattr(options, name)) for name, read in readers.items() if name in type(options).model_fields}
