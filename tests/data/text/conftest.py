from __future__ import annotations

import random

import numpy as np
import pytest

from dlcli.data.text import tokenizers
from dlcli.data.text.sets import Documents, TextSet

LINES = [f"text number {number} of the set" for number in range(37)]


@pytest.fixture
def text():
    """Return a random text whose length is not a multiple of any batch."""
    return "".join(random.Random(0).choices("abcdefghij klm\n", k=997))


@pytest.fixture
def raw(text):
    """Return a raw text set and a tokenizer by characters."""
    texts = TextSet("raw.txt", {"train": Documents([text]), "validation": Documents([text[::-1][:101]])})
    return texts, tokenizers.train("characters", 40, [text])


@pytest.fixture
def labelled():
    """Return labelled texts of six words, except for a longer and an empty one, and a tokenizer by words."""
    texts = [*LINES, "a b c d e f g h i j", "\x01"]
    parts = {name: Documents(texts, np.arange(len(texts), dtype=np.int32) % 3) for name in ("train", "validation")}
    return TextSet("set.tsv", parts, ("a", "b", "c")), tokenizers.train("words", 200, texts)
