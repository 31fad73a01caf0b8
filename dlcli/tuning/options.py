"""The options of `dlcli tune TECHNIQUE`: those of the search, and all of `dlcli train TECHNIQUE`. Loads no jax."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, create_model, model_validator
from pydantic.fields import FieldInfo

from dlcli import techniques
from dlcli.options.common import Cli, Needs, Options
from dlcli.options.fields import cli
from dlcli.options.values import duration, run_name

OF_THE_SEARCH = ("out", "name", "track")  # options of a run that the search sets itself, or has no use for
_COMMON = ("dataset", "steps", "epochs", "batch_size")  # options of a run that `--help` shows

Sampler = Literal["tpe", "random", "grid", "cmaes"]
Pruner = Literal["median", "hyperband", "none"]


class TuneOptions(Options):
    """Options of a search, whatever the technique."""

    panel = "Search"
    param: Annotated[
        tuple[str, ...],
        Field(description="Option to search, and its values: low..high, low..high:log, or a,b,c; may be repeated."),
        Cli(metavar="NAME=RANGE"),
    ] = ()
    trials: Annotated[
        int, Field(ge=1, le=100_000, description="Number of runs of the search."), Needs("sampler", but=("grid",))
    ] = 20
    time: Annotated[
        Annotated[float, Field(gt=0)] | None,
        BeforeValidator(duration),
        Field(description="Pause the search after this time: seconds, or 90s, 10m, 1.5h."),
        Cli(metavar="TIME"),
    ] = None
    workers: Annotated[int, Field(ge=1, le=256, description="Processes on this machine, each with its own runs.")] = 1
    storage: Annotated[
        str,
        Field(
            description="Where trials are recorded: a file, or a database as postgresql+psycopg://HOST/NAME; "
            "default: journal.log in the folder. A second host with the same storage joins the search."
        ),
        Cli(metavar="FILE|URL"),
    ] = ""
    sampler: Annotated[
        Sampler,
        Field(description="Choice of values: Parzen estimators (tpe), random, all combinations (grid), or CMA-ES."),
    ] = "tpe"
    pruner: Annotated[
        Pruner,
        Field(description="Stop runs whose validation is worse than that of others at the same step."),
    ] = "median"
    out: Annotated[
        Path | None,
        Field(description="Folder of the search; the same command continues it. Default: studies/tune-TECHNIQUE-ID."),
        Cli(short="-o", metavar="FOLDER"),
    ] = None
    name: Annotated[
        str | None,
        AfterValidator(run_name),
        Field(description="Name of the search in its storage; default: derived from the options."),
        Cli(rare=True),
    ] = None
    show: Annotated[bool, Field(description="Print a small rendering of the figure in the terminal.")] = True

    @model_validator(mode="after")
    def _refuse_options_without_effect(self, info: ValidationInfo) -> TuneOptions:
        # An option of the run may depend on a searched one; each trial is validated as a run.
        if "trials" in self.model_fields_set and self.sampler == "grid":
            raise ValueError("--trials has no effect with --sampler grid, which tries all combinations; omit it")
        return self


@functools.cache
def model(technique: str) -> type[TuneOptions]:
    """Return the options of `dlcli tune` for a technique."""
    fields: dict[str, Any] = {
        name: (field.annotation, _shown(name, field))
        for name, field in techniques.options(technique, "train").model_fields.items()
        if name not in OF_THE_SEARCH
    }
    found: type[TuneOptions] = create_model("Tune", __base__=TuneOptions, **fields)
    found.panel = "Runs"
    found.examples = (
        f"dlcli tune {technique} --param learning-rate=1e-4..1e-1:log --trials 40",
        f"dlcli tune {technique} --param optimizer=sgd,adam --param weight-decay=1e-4..1:log --workers 2",
    )
    return found


def _shown(name: str, field: FieldInfo) -> FieldInfo:
    """Return a field of `train` that only `--help-all` shows, apart from the most common ones."""
    look = dataclasses.replace(cli(field), rare=name not in _COMMON)
    kept = [each for each in field.metadata if not isinstance(each, Cli)]
    copied = FieldInfo.merge_field_infos(field)
    copied.metadata = [*kept, look]
    return copied
