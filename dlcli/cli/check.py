"""Verify the statements of the course by measurement: `dlcli check [IDENTITY]`."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from typing import Annotated

from pydantic import Field
from rich.padding import Padding
from rich.text import Text

from dlcli import checks, formats
from dlcli.artifacts import Table
from dlcli.checks import Result
from dlcli.cli import console, output, progress, verbs
from dlcli.cli.typer_options import Call
from dlcli.errors import CheckFailed
from dlcli.options.common import Cli, Options


class Check(Options):
    """Verify statements of the course by measurement; exit code 8 if one does not hold."""

    panel = "General"
    identity: Annotated[
        str,
        Field(description="Statement to check; default: all."),
        Cli(argument=True, metavar="IDENTITY", complete="checks"),
    ] = ""
    explain: Annotated[
        bool, Field(description="Print statement, formula and source of the checks instead of measuring them.")
    ] = False


def commands() -> Iterator[verbs.Entry]:
    """Yield the command; its help ends with the statements."""
    yield verbs.of_model(Check, run, epilog=verbs.modules(checks.__name__))


def run(options: Check, call: Call) -> None:
    """Run the checks and print one row each, or for a single check all its numbers."""
    if options.explain:
        _explain([options.identity] if options.identity else checks.names(), call)
        return
    with progress.importing():
        from dlcli.engine.devices import prepare
    prepare("auto")
    found = [_timed(name) for name in ([options.identity] if options.identity else checks.names())]
    results = [result for result, _ in found]
    output.write(_table(found) if len(found) > 1 else _single(*found[0]), call)
    if failed := [result.name for result in results if not result.holds]:
        names = ", ".join(failed)
        error = CheckFailed(f"{len(failed)} of {len(found)} statements do not hold: {names}")
        output.fail(error, call)


def _explain(names: list[str], call: Call) -> None:
    """Print what the checks verify; with `--json`, one object of all."""
    found = [checks.explanation(name) for name in names]
    if call.json:
        console.print_json({"checks": [dataclasses.asdict(each) for each in found]})
        return
    out = console.out()
    for number, each in enumerate(found):
        if number:
            out.print()
        out.print(Text(each.name, "bold"))
        for label, text in (("", each.statement), ("formula", each.formula), ("", each.details)):
            if text:
                out.print(Padding(Text(f"{label}: {text}" if label else text), (0, 0, 0, 2), expand=False))
        out.print(Padding(Text(f"source: {each.reference}", "dim"), (0, 0, 0, 2), expand=False))


def _timed(name: str) -> tuple[Result, float]:
    start = time.perf_counter()
    with progress.working(f"checking {name}"):
        return checks.run(name), time.perf_counter() - start


def _table(found: list[tuple[Result, float]]) -> Table:
    first = [next(iter(result.numbers.items())) for result, _ in found]
    measured = formats.column([number for _, number in first])
    rows = [
        (result.name, _verdict(result), name.replace("_", " "), number, result.tolerance, f"{seconds:.1f} s")
        for (result, seconds), (name, _), number in zip(found, first, measured, strict=True)
    ]
    numbers = {
        "checks": [{**result.described(), "seconds": round(seconds, 3)} for result, seconds in found],
        "failed": [result.name for result, _ in found if not result.holds],
    }
    return Table("", ["identity", "verdict", "measured", "value", "tolerance", "time"], rows, numbers)


def _single(result: Result, seconds: float) -> Table:
    rows = [("verdict", _verdict(result)), ("tolerance", f"{result.tolerance:.3g}")]
    rows += [
        (name.replace("_", " "), formats.MISSING if number is None else f"{number:.6g}")
        for name, number in result.numbers.items()
    ]
    return Table(
        f"{result.name}: {result.statement}",
        ["quantity", "value"],
        rows,
        {**result.described(), "seconds": round(seconds, 3)},
    )


def _verdict(result: Result) -> str:
    return "holds" if result.holds else "fails"
