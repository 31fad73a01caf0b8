"""The options of `dlcli import`."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from dlcli import discovery
from dlcli.options.common import Cli, DatasetName, RunFolderOptions

FORMATS = "dlcli.importing.formats"


def format_names() -> list[str]:
    """Return the names of all formats, in alphabetical order, without importing any."""
    return discovery.names(FORMATS)


class Import(RunFolderOptions):
    """Import a model of another tool as a run."""

    panel = "Import"
    examples = (
        "dlcli import cnn.safetensors --name my-cnn",
        "dlcli import all-MiniLM-L6-v2 --name minilm",
        "dlcli import glove.6B.100d.txt --name glove",
    )
    path: Annotated[
        Path,
        Field(description="File or folder with the model; its content determines the format."),
        Cli(argument=True, metavar="PATH"),
    ]
    dataset: Annotated[
        DatasetName | None,
        Field(description="Data set of the run, for eval and resume; default: that of the file or of the technique."),
        Cli(short="-d", metavar="NAME", complete="datasets"),
    ] = None
    context: Annotated[
        int | None,
        Field(
            ge=2,
            le=2**17,
            description="Context length of a transformer; default: that of the model, at most 1024 if rotary.",
        ),
    ] = None
    max_words: Annotated[
        int | None, Field(ge=2, le=10**7, description="Read only the first N word vectors; default: all.")
    ] = None
