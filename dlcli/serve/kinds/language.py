"""The probability of each token of a text, and its continuation, by a language model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from dlcli import techniques
from dlcli.artifacts import joined
from dlcli.figures import token_probabilities
from dlcli.figures.json_values import to_json
from dlcli.options.common import Options
from dlcli.options.text import TextSampleOptions
from dlcli.runs.trained import TrainedRun
from dlcli.serve.action import CHARACTERS, Action, Kind, Seed, TextBody, Values, single
from dlcli.serve.kinds import attention

_TOKENS = 200  # of a generated text
_BATCH = 8  # texts that are continued together


class TokensBody(TextBody):
    """A text whose tokens are scored."""

    top: Annotated[int, Field(ge=1, le=10, description="Most likely tokens per position.")] = 6


class SampleBody(Options):
    """How a text is continued."""

    prompt: Annotated[str, Field(max_length=CHARACTERS, description="Text to continue.")] = ""
    max_new_tokens: Annotated[int, Field(ge=1, le=_TOKENS, description="Maximum number of tokens to generate.")] = 60
    temperature: Annotated[float, Field(ge=0, le=100, description="Sampling temperature; 0 means greedy.")] = 0.8
    top_p: Annotated[float, Field(gt=0, le=1, description="Top-p (nucleus) sampling.")] = 1.0
    seed: Seed = 0


def kind(run: TrainedRun) -> Kind:
    """Return what is served of a language model."""

    def tokens(body: TokensBody) -> Values:
        pieces, probabilities, top, top_probabilities = token_probabilities.measured(run, body.text, body.top)
        pairs = [
            list(map(list, zip(names, to_json(row), strict=True)))
            for names, row in zip(top, top_probabilities, strict=True)
        ]
        return {"tokens": pieces, "probabilities": to_json(probabilities), "top": pairs}

    def sample(bodies: Sequence[SampleBody]) -> list[Values]:
        found = techniques.sample_each([_options(each, run) for each in bodies], run)
        return [next(joined(pieces)) for pieces in found]

    actions = {
        "tokens": Action("Return the probability of each token.", TokensBody, single(tokens)),
        "sample": Action("Continue a text.", SampleBody, sample, _BATCH),
        **attention.actions(run),
    }
    return Kind("language", actions)


def _options(body: SampleBody, run: TrainedRun) -> TextSampleOptions:
    model: type[TextSampleOptions] = techniques.options(run.technique, "sample")
    # Without a temperature the most likely token is taken, and the other options would have no effect.
    random = {"seed": body.seed, "top_p": None if body.top_p == 1 else body.top_p} if body.temperature else {}
    given = {"prompt": body.prompt, "max_new_tokens": body.max_new_tokens, "temperature": body.temperature}
    return model.model_validate({"run": str(run.folder), "use": run.use, **given, **random})
