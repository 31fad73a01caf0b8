"""The options of `dlcli runs export`."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from dlcli.options.common import Cli, Options

_WITH_OUT = ("csv", "tensorboard")


class ExportLog(Options):
    """Export the metrics of runs to a tracker or a table, with pictures and samples."""

    panel = "Export"
    examples = (
        "dlcli runs export cnn --to tensorboard",
        "dlcli runs export runs/a runs/b --to csv --out metrics.csv",
    )
    runs: Annotated[
        list[str],
        Field(min_length=1, description="Runs: folders, names under runs/, or techniques."),
        Cli(argument=True, metavar="RUN", complete="runs"),
    ]
    to: Annotated[Literal["tensorboard", "csv", "mlflow", "wandb"], Field(description="Tracker, or a table.")]
    out: Annotated[
        Path | None,
        Field(description="File (csv; default: standard output) or folder (tensorboard; default: in the run folder)."),
        Cli(short="-o", metavar="PATH"),
    ] = None
    pictures: Annotated[bool, Field(description="Export pictures and samples too.")] = True

    @model_validator(mode="after")
    def _out_has_an_effect(self) -> "ExportLog":
        if self.out is not None and self.to not in _WITH_OUT:
            raise ValueError(f"--out has no effect with --to {self.to}; omit it")
        if self.out is not None and self.to == "tensorboard" and self.out.is_file():
            raise ValueError(f"--out {self.out} must be a folder, found a file")
        if self.to == "csv" and "pictures" in self.model_fields_set and self.pictures:
            raise ValueError("--pictures has no effect with --to csv; omit it")
        return self
