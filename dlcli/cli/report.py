"""Write one HTML page about one or several runs: `dlcli report RUN…`."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli import api
from dlcli.cli import console, progress, verbs
from dlcli.cli.typer_options import Call
from dlcli.reports.options import Report
from dlcli.techniques import opening


def commands() -> Iterator[verbs.Entry]:
    """Yield the command."""
    yield verbs.of_model(Report, run)


def run(options: Report, call: Call) -> None:
    """Write the page, and print its path."""
    runs = [opening.open_run(name, use=options.use) for name in dict.fromkeys(options.runs)]
    api.check_report(options)
    progress.load_jax()
    with progress.working("writing the report"):
        path = api.write_report(options, runs)
    if call.json:
        size = path.stat().st_size
        console.print_json({"file": str(path), "bytes": size, "runs": [str(each.folder) for each in runs]})
    else:
        console.write(path)
