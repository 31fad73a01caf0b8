"""Words split into the tokens of a tokenizer."""

from __future__ import annotations

import functools
import math
import re
import zlib
from collections import Counter
from typing import Any

from dlcli.artifacts import Figure
from dlcli.data.text import tokenizers
from dlcli.data.text.catalogue import open_texts
from dlcli.data.text.columns import ReadOptions
from dlcli.data.text.tokenizer import Tokenizer
from dlcli.data.text.tokenizers import UNKNOWN
from dlcli.data.text.vocabularies import SPECIAL
from dlcli.errors import DatasetError
from dlcli.figures.options.text import Subwords
from dlcli.formats import printable
from dlcli.plot import page, terminal
from dlcli.plot.charts.tokenization import TokenBox, TokenizationChart, TokenRow
from dlcli.runs.trained import TrainedRun

_WORD = re.compile(r"[^\W\d_]{2,}")
# What small and large ids mean, by the kind of tokenizer.
_ORDER = {
    "characters": ("frequent", "rare"),
    "words": ("frequent", "rare"),
    "bpe": ("byte or early merge", "late merge"),
    "wordpiece": ("character or early merge", "late merge"),
    "unigram": ("probable", "improbable"),
}


def draw(options: Subwords, run: TrainedRun) -> Figure:
    """Draw a row of tokens for each text; by default for words of the validation split, from frequent to rare.

    Each box shows a token and its id; smaller ids are darker.
    """
    tokenizer = tokenizers.load(run.folder)
    words: dict[str, int | None] = dict.fromkeys(options.text) or _words(run, options.count)
    rows, texts = [], []
    for word, count in words.items():
        # In a text, bpe tokens include the space before a word.
        ids = tokenizer.encode(f" {word}" if count and tokenizer.kind == "bpe" else word).tolist()
        tokens = list(zip(tokenizer.pieces(ids), ids, strict=True))
        boxes = [TokenBox(token, str(number), _shade(number, tokenizer)) for token, number in tokens]
        rows.append(TokenRow(word, f"count {count:,}" if count else "", boxes))
        texts.append({"text": word, "count": count, "tokens": [{"token": t, "id": number} for t, number in tokens]})
    title = f"tokens of {printable(run.folder.name)}: {tokenizer.kind}, vocabulary size {len(tokenizer):,}"
    note = "Each box: a token (␣ is a space) and its id."
    if any(math.isnan(box.shade) for row in rows for box in row.boxes):
        note += " Gray: not in the vocabulary."
    first, last = _ORDER[tokenizer.kind]
    scale = f"{first}, id {len(SPECIAL)}", f"{last}, id {len(tokenizer) - 1:,}"
    numbers: dict[str, Any] = {
        "run": options.run,
        "kind": tokenizer.kind,
        "vocabulary_size": len(tokenizer),
        "texts": texts,
    }
    chart = TokenizationChart(title, note, rows, scale)
    drawing = page.tokenization.draw(chart)
    return Figure("subwords", drawing, numbers, functools.partial(terminal.tokenization.draw, chart))


def _words(run: TrainedRun, count: int) -> dict[str, int | None]:
    """Return words of the validation split with their counts, at cubically spaced ranks, so that most are rare."""
    texts = open_texts(run.options.dataset, ReadOptions.of(run.options, labels=False))
    counts = Counter(word for each in texts.splits["validation"].texts for word in _WORD.findall(each))
    if not counts:
        raise DatasetError(f"the validation split of {texts.name} has no words: give --text")
    # Ties in pseudo-random order: alphabetically, the last words would be unusual ones.
    ranked = sorted(counts.items(), key=lambda item: (-item[1], zlib.crc32(item[0].encode())))
    places: list[int] = []
    for number in range(min(count, len(ranked))):
        cube = round((len(ranked) - 1) * (number / max(count - 1, 1)) ** 3)
        places.append(max(cube, number))
    return dict(ranked[place] for place in places)


def _shade(number: int, tokenizer: Tokenizer) -> float:
    if number == UNKNOWN:
        return math.nan
    size = len(tokenizer) - len(SPECIAL)
    return 1 - math.log(max(number - len(SPECIAL), 0) + 1) / math.log(size + 1)
