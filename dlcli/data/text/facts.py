"""What a run stores about its text: the tokenizer, the classes, and the lengths of pairs."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from dlcli.data.text import tokenizers, vocabularies
from dlcli.data.text.tokenizer import Tokenizer
from dlcli.interface import Facts

Length = Annotated[int, Field(ge=0, le=2**20)]


class TextFacts(Facts):
    """The tokenizer and the classes of a text set.

    Attributes:
        tokenizer: its JSON.
        vocabulary: the size of its vocabulary.
        classes: class names in the order of the labels; empty for a language model.
    """

    tokenizer: str
    vocabulary: Annotated[int, Field(ge=1, le=vocabularies.LARGEST)]
    classes: Annotated[tuple[Annotated[str, Field(max_length=255)], ...], Field(max_length=2**16)] = ()

    @model_validator(mode="after")
    def _tokenizer_has_this_size(self) -> TextFacts:
        if (found := len(tokenizers.from_json(self.tokenizer))) != self.vocabulary:
            raise ValueError(f"the tokenizer must have {self.vocabulary} entries, found {found}")
        return self

    def load(self) -> Tokenizer:
        """Return the tokenizer."""
        return tokenizers.from_json(self.tokenizer)


class PairFacts(TextFacts):
    """The tokenizer of sources and targets, and their lengths.

    Attributes:
        max_source_length: largest number of tokens of a source.
        max_target_length: largest number of tokens of a target, including `<end>`.
    """

    max_source_length: Length = 0
    max_target_length: Length = 0
