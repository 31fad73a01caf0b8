"""Compute the log-likelihood of a text, token by token: `dlcli score TECHNIQUE TEXT…`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

from rich.table import Table as Grid
from rich.text import Text

from dlcli import api, formats
from dlcli.artifacts import Likelihood
from dlcli.cli import console, output, progress, verbs
from dlcli.cli.inputs import lines
from dlcli.cli.typer_options import Call
from dlcli.errors import CheckFailed, DatasetError
from dlcli.techniques.opening import opened

# Tolerance in nats between the sum over the tokens and the single pass, per text and per token: both round in float32
# in different orders, and a sum of a few hundred terms is off by about 1e-5.
_TOLERANCE, _PER_TOKEN = 1e-3, 1e-4
_BAR = 24  # columns of the longest surprisal bar
_MAX_SHOWN = 1_000  # tokens; a longer table takes minutes to print


def commands() -> Iterator[verbs.Entry]:
    """Yield a command per technique."""
    return verbs.of_techniques("score", run)


def run(technique: str, options: Any, call: Call) -> None:
    """Print a table, or with `--json` a line, for each text.

    Raises:
        CheckFailed: the probabilities of the tokens do not multiply to that of the text.
        DatasetError: a text cannot be scored.
    """
    options, trained = opened(options, technique, f"score {technique}")
    progress.load_jax()
    scored = api.perform("score", options.model_copy(update={"text": lines(options.text)}), trained)
    finish(show(scored, call), call)


def show(scored: Iterable[Likelihood], call: Call) -> Iterator[Likelihood]:
    """Print and yield each likelihood."""
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
    """Consume all likelihoods, and raise an error if one is wrong, which `--json` has reported with its text."""
    count = bad = 0
    worst, most = "", 0.0
    for each in scored:
        count += 1
        bad += each.problem is not None
        if not each.problem and not agrees(each) and abs(each.total - each.whole) >= most:
            most = abs(each.total - each.whole)
            worst = f"{each.total:.6f} and {each.whole:.6f} nats for {each.source[:40]!r}"
    if worst:
        sums = f"the log-likelihood token by token must equal that of one pass, found {worst}"
        output.fail(CheckFailed(sums), call)
    if bad:
        output.fail(DatasetError(f"{bad} of {count} texts could not be scored"), call)


def agrees(of: Likelihood) -> bool:
    """Return whether the sum over the tokens equals the log-likelihood of one pass, up to rounding."""
    return math.isclose(of.total, of.whole, rel_tol=0, abs_tol=_TOLERANCE + _PER_TOKEN * len(of.tokens))


def _print(of: Likelihood) -> None:
    from dlcli.plot.palette import TERMINAL  # imported here: `--help` loads no numpy

    out, bits = console.out(), [-each / math.log(2) for each in of.log_probabilities]
    grid = Grid(header_style="bold", box=None, pad_edge=False)
    grid.add_column("token")
    for name in ("probability", "surprisal (bits)"):
        grid.add_column(name, justify="right")
    grid.add_column("")
    most = max(*bits[:_MAX_SHOWN], 1.0)
    shown = zip(of.tokens[:_MAX_SHOWN], of.log_probabilities[:_MAX_SHOWN], bits, strict=False)
    for token, log_probability, surprisal in shown:
        bar = Text("█" * round(_BAR * surprisal / most), style=TERMINAL[0])
        probability = math.exp(max(log_probability, -700.0))  # e^-800 would be 0
        grid.add_row(Text(console.visible(token)), formats.percent(probability), f"{surprisal:.2f}", bar)
    out.print(Text(f"after {of.after}" if of.after else "", style="dim"))
    out.print(grid)
    if len(of.tokens) > _MAX_SHOWN:
        out.print(f"… and {len(of.tokens) - _MAX_SHOWN:,} more tokens, which --json lists", soft_wrap=True)
    if of.windows:
        out.print("scored in windows of {:,} tokens with stride {:,}".format(*of.windows), soft_wrap=True)
    both = f"log-likelihood token by token {of.total:.4f} nats, in one pass {of.whole:.4f}"
    out.print(f"{both}; {sum(bits):.2f} bits", soft_wrap=True)
    nats = -of.total / len(of.tokens)
    rates = f"{nats:.4f} nats per token, perplexity {formats.perplexity(nats)}"
    out.print(f"{rates}, {sum(bits) / len(of.source):.4f} bits per character\n", soft_wrap=True)
