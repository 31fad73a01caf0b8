"""`dlcli score TECHNIQUE TEXT…`: how probable a text is, token by token."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

from rich.table import Table as Grid
from rich.text import Text

from dlcli import formats
from dlcli.artifacts import Likelihood
from dlcli.cli import console, output, progress
from dlcli.cli.inputs import lines
from dlcli.cli.typer_options import Call
from dlcli.errors import CheckFailed, DatasetError
from dlcli.techniques.opening import opened

# Nats by which sum and whole may differ for a text, and for each of its tokens: both round in float32, in different
# orders, and a product of a few hundred terms rounds to about 1e-5.
_TOLERANCE, _PER_TOKEN = 1e-3, 1e-4
_BAR = 24  # columns of the longest bar of surprisal
_SHOWN = 1_000  # tokens; a longer table takes minutes, and nobody reads it


def run(technique: str, options: Any, call: Call) -> None:
    """Print a table, or with `--json` a line, for each text.

    Raises:
        CheckFailed: the probabilities of the tokens do not multiply to that of the text.
        DatasetError: a text cannot be scored.
    """
    options, trained = opened(options, technique, f"score {technique}")
    with progress.importing():
        from dlcli.engine.devices import prepare
    prepare(options.device)
    score = import_module(f"dlcli.techniques.{technique}.score").score
    scored = score(options.model_copy(update={"text": lines(options.text)}), trained)
    finish(show(scored, call), call)


def show(scored: Iterable[Likelihood], call: Call) -> Iterator[Likelihood]:
    """Print each likelihood as it comes, and hand it on."""
    for each in scored:
        if call.json:
            rest = {**each.rest(), "agrees": None if each.problem else agrees(each)}
            console.print_blocks(rest, each.blocks())
        elif each.problem:
            console.err().print(f"[red]not scored:[/] {console.plain(each.problem)}", soft_wrap=True)
        else:
            _print(each)
        yield each


def finish(scored: Iterable[Likelihood], call: Call) -> None:
    """Take all in, and raise what is wrong with them, which `--json` has said of each in its place."""
    count = bad = 0
    worst, most = "", 0.0
    for each in scored:
        count += 1
        bad += each.problem is not None
        if not each.problem and not agrees(each) and abs(each.total - each.whole) >= most:
            most = abs(each.total - each.whole)
            worst = f"{each.total:.6f} and {each.whole:.6f} nats for {each.source[:40]!r}"
    if worst:
        sums = f"the tokens' log-probabilities must add up to that of the text, found {worst}"
        output.fail(CheckFailed(sums), call)
    if bad:
        output.fail(DatasetError(f"{bad} of {count} texts could not be scored"), call)


def agrees(of: Likelihood) -> bool:
    """Tell whether the sum over the tokens is the log-probability of the whole, but for rounding."""
    return math.isclose(of.total, of.whole, rel_tol=0, abs_tol=_TOLERANCE + _PER_TOKEN * len(of.tokens))


def _print(of: Likelihood) -> None:
    from dlcli.plot.palette import TERMINAL  # here, since `--help` needs no numpy

    out, bits = console.out(), [-each / math.log(2) for each in of.log_probabilities]
    grid = Grid(header_style="bold", box=None, pad_edge=False)
    grid.add_column("token")
    for name in ("probability", "surprisal, bits"):
        grid.add_column(name, justify="right")
    grid.add_column("")
    most = max(*bits[:_SHOWN], 1.0)
    shown = zip(of.tokens[:_SHOWN], of.log_probabilities[:_SHOWN], bits, strict=False)
    for token, log_probability, surprisal in shown:
        bar = Text("█" * round(_BAR * surprisal / most), style=TERMINAL[0])
        share = math.exp(max(log_probability, -700.0))  # e^-800 would be 0
        grid.add_row(Text(console.visible(token)), formats.percent(share), f"{surprisal:.2f}", bar)
    out.print(Text(f"after {of.after}" if of.after else "", style="dim"))
    out.print(grid)
    if len(of.tokens) > _SHOWN:
        out.print(f"… and {len(of.tokens) - _SHOWN:,} tokens more, which --json lists", soft_wrap=True)
    if of.windows:
        out.print("read in windows of {:,} tokens, each {:,} further on".format(*of.windows), soft_wrap=True)
    out.print(
        f"sum over the tokens {of.total:.4f} nats, in one pass {of.whole:.4f}; {sum(bits):.2f} bits", soft_wrap=True
    )
    out.print(
        f"{-of.total / len(of.tokens):.4f} nats a token, perplexity {formats.perplexity(-of.total / len(of.tokens))}, "
        f"{sum(bits) / len(of.source):.4f} bits a character\n",
        soft_wrap=True,
    )
