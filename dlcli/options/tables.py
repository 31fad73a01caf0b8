"""Options of reading tables. Import-light, as `dlcli.options`."""

from typing import Annotated

from pydantic import Field

from dlcli.options.common import Cli, Options, SkipBad

_NAME = Cli(metavar="NAME", rare=True)
_Column = Annotated[str, Field(min_length=1)] | None


class TextColumnOptions(Options):
    """Which column of a table holds the texts."""

    panel = "Data"
    text_column: Annotated[_Column, Field(description="Column of a table with the texts; default text."), _NAME] = None


class TextTableOptions(TextColumnOptions):
    """How a table of texts is read, where `StorageOptions` do not say what is done about bad examples."""

    skip_bad: SkipBad = False


class LabelColumnOptions(TextColumnOptions):
    """Which columns of a table hold texts and their classes."""

    label_column: Annotated[
        _Column, Field(description="Column of a table with the classes of the texts; default label."), _NAME
    ] = None


class PairColumnOptions(Options):
    """Which columns of a table hold the sources and the targets of pairs."""

    panel = "Data"
    source_column: Annotated[
        _Column, Field(description="Column of a table with the sources of pairs; default source."), _NAME
    ] = None
    target_column: Annotated[
        _Column, Field(description="Column of a table with the targets of pairs; default target."), _NAME
    ] = None
