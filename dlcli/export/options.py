"""The options of `dlcli export`."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from dlcli import discovery
from dlcli.options.common import Cli, Options, RunArgument, Use

FORMATS = "dlcli.export.formats"


def format_names() -> list[str]:
    """Return the names of all formats, in alphabetical order, without importing any."""
    return discovery.names(FORMATS)


def _known(name: str) -> str:
    if name not in format_names():
        raise ValueError(f"must be one of {', '.join(format_names())}")
    return name


class Export(Options):
    """Export a run to a format of another tool."""

    panel = "Export"
    examples = (
        "dlcli export cnn --format safetensors --out cnn.safetensors",
        "dlcli export transformer --format huggingface --out my-model",
        "dlcli export word2vec --format word2vec --out vectors.bin",
    )
    run: RunArgument
    format: Annotated[
        str,
        AfterValidator(_known),
        Field(description=f"Format: {', '.join(format_names())}."),
        Cli(short="-f", metavar="NAME", complete="formats"),
    ]
    out: Annotated[Path, Field(description="File or folder to write."), Cli(short="-o", metavar="PATH")]
    use: Use = "best"
    dtype: Annotated[
        Literal["float32", "bfloat16", "float16"], Field(description="Data type of the exported weights.")
    ] = "float32"
    overwrite: Annotated[bool, Field(description="Replace existing files.")] = False
