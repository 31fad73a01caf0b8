"""Options of the commands that generate, score and classify text."""

from typing import Annotated

from pydantic import Field

from dlcli.options.common import Cli, Needs, ReadingOptions, Top


class TextSampleOptions(ReadingOptions):
    """Options of every command that generates text."""

    panel = "Samples"
    prompt: Annotated[str, Field(description="Prompt to continue; default: none."), Cli(short="-p", metavar="TEXT")] = (
        ""
    )
    count: Annotated[int, Field(ge=1, le=10_000, description="Texts to generate."), Cli(short="-k")] = 1
    max_new_tokens: Annotated[
        int, Field(ge=1, le=10**6, description="Maximum number of tokens to generate per text.")
    ] = 500
    temperature: Annotated[float, Field(ge=0, le=100, description="Sampling temperature; 0 means greedy.")] = 0.8
    top_k: Annotated[
        int | None, Field(ge=1, description="Sample from the k most likely tokens."), Needs("temperature")
    ] = None
    top_p: Annotated[
        float | None,
        Field(gt=0, le=1, description="Top-p (nucleus) sampling: sample from the most likely tokens of total mass p."),
        Needs("temperature"),
    ] = None
    seed: Annotated[int, Field(ge=0, lt=2**31, description="Random seed of the samples."), Needs("temperature")] = 0


Texts = Annotated[
    list[str],
    Field(description="Texts; - reads lines from standard input."),
    Cli(argument=True, metavar="TEXT"),
]


class TextScoreOptions(ReadingOptions):
    """Options of every command that computes the log-likelihood of texts."""

    text: Texts


class TextPredictOptions(ReadingOptions):
    """Options of every command that classifies texts."""

    text: Texts
    top: Top = 3
