"""Sample from a trained generative model: `dlcli sample TECHNIQUE`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rich.text import Text as RichText

from dlcli import api
from dlcli.artifacts import Figure, Images, TextChunk, joined
from dlcli.cli import console, output, progress, sample_files, verbs
from dlcli.cli.typer_options import Call
from dlcli.errors import UsageError
from dlcli.techniques.opening import opened


def commands() -> Iterator[verbs.Entry]:
    """Yield a command per technique."""
    return verbs.of_techniques("sample", run)


def run(technique: str, options: Any, call: Call) -> None:
    """Draw samples: print text as it is generated, or write pictures or arrays to files."""
    options, trained = opened(options, technique, f"sample {technique}")
    out = _file(options)
    progress.load_jax()
    with progress.working("sampling"):
        drawn = api.perform("sample", options, trained)
    if isinstance(drawn, Images | Figure) and out is not None and sample_files.is_data(out):
        written = sample_files.save(drawn, out)
        console.print_json({**written, **drawn.numbers}) if call.json else console.write(out)
    elif isinstance(drawn, Images | Figure):
        output.write(drawn, call, out, show=options.show, full=options.full)
    elif call.json:
        console.print_json({"run": str(trained.folder), "texts": list(joined(drawn))})
    else:
        stream(drawn)


def _file(options: Any) -> Path | None:
    """Return the checked file of the pictures; None for text."""
    if "out" not in type(options).model_fields:
        return None
    out: Path = options.out or Path("sample.png")
    if sample_files.is_data(out):
        sample_files.check(out)
        if not out.suffix and getattr(options, "show_nearest", False):
            raise UsageError(
                f"--show-nearest needs a picture or arrays, got the folder --out {out}", hint="use --out x.png"
            )
    else:
        from dlcli.plot.page.files import check

        check(out)
    return out


def stream(pieces: Iterable[TextChunk]) -> None:
    """Write each piece immediately, with a line between two texts."""
    number, out = 0, console.out()
    for piece in pieces:
        if piece.number != number:
            number = piece.number
            console.write("")
            out.rule(style="dim") if out.is_terminal else console.write("")
        if piece.prompt:
            out.print(RichText(piece.text, "bold"), end="", soft_wrap=True)
        else:
            console.write(piece.text, end="")
    console.write("")
