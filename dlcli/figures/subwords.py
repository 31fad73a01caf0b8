"""How words break into the pieces of a tokenizer."""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from typing import Any

from dlcli.artifacts import Figure
from dlcli.data.text import tokenizers
from dlcli.data.text.catalogue import open_texts
from dlcli.data.text.columns import ReadOptions
from dlcli.data.text.tokenizers import UNKNOWN, Tokenizer
from dlcli.data.text.vocabularies import SPECIAL
from dlcli.errors import DatasetError
from dlcli.figures.options.text import Subwords
from dlcli.formats import printable
from dlcli.plot import boxes, terminal
from dlcli.plot.boxes import Box, BoxRow
from dlcli.runs.trained import TrainedRun

_WORD = re.compile(r"[^\W\d_]{2,}")
# What a small id means, and a large one.
_ORDER = {
    "characters": ("frequent", "rare"),
    "words": ("frequent", "rare"),
    "bpe": ("a byte or an early merge", "a late merge"),
    "wordpiece": ("a character or an early merge", "a late merge"),
    "unigram": ("probable", "improbable"),
}


def draw(options: Subwords, run: TrainedRun) -> Figure:
    """Draw a row of boxes for each text; by default for words of the validation split, from frequent to rare ones.

    A box holds a piece and its id, and is the darker, the smaller the id.
    """
    tokenizer = tokenizers.load(run.folder)
    counted = {each: None for each in options.text} or _words(run, options.count)
    rows, numbers = [], []
    for word, count in counted.items():
        # In running text bpe takes the space before a word as part of it.
        ids = tokenizer.encode(f" {word}" if count and tokenizer.kind == "bpe" else word).tolist()
        pieces = list(zip(tokenizer.pieces(ids), ids, strict=True))
        shown = [Box(piece, str(number), _shade(number, tokenizer)) for piece, number in pieces]
        rows.append(BoxRow(word, f"{count:,} {'time' if count == 1 else 'times'}" if count else "", shown))
        found = [{"piece": piece, "id": number} for piece, number in pieces]
        numbers.append({"text": word, "count": count, "pieces": found})
    title = f"{printable(run.folder.name)}: how words break, {tokenizer.kind} with {len(tokenizer):,} entries"
    note = "In each box a piece, ␣ for a space, and its id."
    if any(piece["id"] == UNKNOWN for row in numbers for piece in row["pieces"]):
        note += " Gray: not in the vocabulary."
    early, late = _ORDER[tokenizer.kind]
    first, last = f"{early}, id {len(SPECIAL)}", f"{late}, id {len(tokenizer) - 1:,}"
    values: dict[str, Any] = {"run": options.run, "kind": tokenizer.kind, "vocabulary": len(tokenizer), "rows": numbers}
    return Figure(
        "subwords",
        boxes.boxes(rows, title=title, note=note, ends=(first, last)),
        values,
        lambda width, colour, most=None: terminal.below(
            [
                *terminal.paragraph(f"{title}. {note}" + (f" Dark: {first}; light: {last}." if colour else ""), width),
                "",
            ],
            most,
            lambda left: terminal.boxes(rows, width=width, colour=colour, most=left),
        ),
    )


def _words(run: TrainedRun, count: int) -> dict[str, int]:
    """Return words of the validation split with their counts, at ranks that grow as cubes: most are rare ones."""
    texts = open_texts(run.options.dataset, ReadOptions.of(run.options, labels=False))
    counts = Counter(word for each in texts.splits["validation"].texts for word in _WORD.findall(each))
    if not counts:
        raise DatasetError(f"the validation part of {texts.name} must have words, found none: give --text")
    # Of words that occur as often, in an order of no meaning: alphabetically the last would be odd ones.
    ranked = sorted(counts.items(), key=lambda item: (-item[1], zlib.crc32(item[0].encode())))
    places: list[int] = []
    for number in range(min(count, len(ranked))):
        cube = round((len(ranked) - 1) * (number / max(count - 1, 1)) ** 3)
        places.append(max(cube, number))
    return dict(ranked[place] for place in places)


def _shade(number: int, tokenizer: Tokenizer) -> float:
    if number == UNKNOWN:
        return math.nan
    learnt = len(tokenizer) - len(SPECIAL)
    return 1 - math.log(max(number - len(SPECIAL), 0) + 1) / math.log(learnt + 1)
