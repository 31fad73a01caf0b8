"""The options of `dlcli report`."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from dlcli.options.common import Cli, Device, Options, Use


class Report(Options):
    """Write one HTML page about one or several runs, which needs no other file and no network."""

    panel = "Report"
    examples = (
        "dlcli report cnn",
        "dlcli report cnn --eval --out cnn.html",
        "dlcli report runs/seed-0 runs/seed-1 --out comparison.html",
    )
    runs: Annotated[
        list[str],
        Field(min_length=1, max_length=50, description="Runs: folders, names under runs/, or techniques."),
        Cli(argument=True, metavar="RUN", complete="runs"),
    ]
    out: Annotated[Path, Field(description="HTML file to write."), Cli(short="-o", metavar="FILE")] = Path(
        "report.html"
    )
    eval: Annotated[bool, Field(description="Measure on the test split; default: the validation split only.")] = False
    figures: Annotated[bool, Field(description="Draw the figures of each technique.")] = True
    use: Use = "best"
    device: Device = "auto"
