"""`dlcli sample TECHNIQUE`: draws from a trained generative model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.text import Text as RichText

from dlcli.artifacts import Figure, Images, TextChunk
from dlcli.cli import console, output, progress
from dlcli.cli.typer_options import Call
from dlcli.techniques.opening import opened


def run(technique: str, options: Any, call: Call) -> None:
    """Draw samples and show them: text piece by piece, pictures in a file that `--out` may name."""
    options, trained = opened(options, technique, f"sample {technique}")
    out = _file(options)
    with progress.importing():
        from dlcli.engine.devices import prepare
    prepare(options.device)
    with progress.working("drawing"):
        sample = import_module(f"dlcli.techniques.{technique}.sample").sample
        drawn = sample(options, trained)
    if isinstance(drawn, Images | Figure):
        output.write(drawn, call, out, show=options.show, full=options.full)
    elif call.json:
        console.print_json({"run": str(trained.folder), "texts": list(joined(drawn))})
    else:
        stream(drawn)


def _file(options: Any) -> Path | None:
    """Return the file that pictures go into, once it is known that they can; None for text."""
    if "out" not in type(options).model_fields:
        return None
    from dlcli.plot.files import check

    out: Path = options.out or Path("sample.png")
    check(out)
    return out


def stream(pieces: Iterable[TextChunk]) -> None:
    """Write each piece as soon as it is there; a line between two texts."""
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


def joined(pieces: Iterable[TextChunk]) -> Iterator[dict[str, Any]]:
    """Yield the prompt and the text after it, for each text, and what was not read of the prompt."""
    for _, group in groupby(pieces, key=lambda piece: piece.number):
        parts = list(group)
        prompt = "".join(part.text for part in parts if part.prompt)
        text = "".join(part.text for part in parts if not part.prompt)
        cut = [part.truncated for part in parts if part.truncated]
        yield {"prompt": prompt, "text": text, **({"truncated": cut[0].numbers()} if cut else {})}
