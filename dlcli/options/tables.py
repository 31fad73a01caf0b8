"""Options of reading tables. No jax or numpy, as in all of `dlcli.options`."""

from typing import Annotated

from pydantic import Field

from dlcli.options.common import Cli, Options, SkipBadOptions

_NAME = Cli(metavar="NAME", rare=True)
_Column = Annotated[str, Field(min_length=1)] | None

TargetColumn = Annotated[
    _Column,
    Field(description="Table column to predict; default target or label, or else the last column."),
    _NAME,
]


class TextColumnOptions(Options):
    """Which column of a table contains the texts."""

    panel = "Data"
    text_column: Annotated[_Column, Field(description="Table column of the texts; default text."), _NAME] = None


class TextTableOptions(TextColumnOptions, SkipBadOptions):
    """How a table of texts is read."""


class LabelColumnOptions(TextColumnOptions):
    """Which columns of a table contain the texts and their classes."""

    label_column: Annotated[
        _Column, Field(description="Table column of the classes of the texts; default label."), _NAME
    ] = None


class PairColumnOptions(Options):
    """Which columns of a table contain the sources and targets of pairs."""

    panel = "Data"
    source_column: Annotated[_Column, Field(description="Table column of the sources; default source."), _NAME] = None
    target_column: Annotated[_Column, Field(description="Table column of the targets; default target."), _NAME] = None
