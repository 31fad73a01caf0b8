"""Times tokenizers against a direct use of the tokenizers library, on the same text in the same run.

    python tests/bench/tokenizer.py [--rounds 7] [--json]

Training and encoding of BPE are compared with plain calls of the `tokenizers` library, encoding of characters with
nanoGPT's dictionary of characters. Turns alternate, so that other load on the machine affects both alike; results are
medians over the rounds. The text is docstrings, `CHARACTERS` characters of them.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable

import numpy as np
import tokenizers as library
from rich.console import Console
from rich.table import Table

from dlcli.data.text import tokenizers
from dlcli.data.text.catalogue import open_texts

CHARACTERS, VOCABULARY = 2_000_000, 8_000

Turn = Callable[[], object]


def main() -> None:
    parser = argparse.ArgumentParser(description="Time tokenizers beside the library's own calls.")
    parser.add_argument("--rounds", type=int, default=7, help="rounds to measure")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    arguments = parser.parse_args()
    documents = some_documents()
    count = sum(map(len, documents))
    results = {name: compare(*turns, count, arguments.rounds) for name, turns in comparisons(documents).items()}
    if arguments.json:
        print(json.dumps({"characters": count, "vocabulary": VOCABULARY, "thousands_per_second": results}))
        return
    rows = Table("what", title="thousands of characters per second")
    for heading in ("dlcli", "without", "ratio"):
        rows.add_column(heading, justify="right")
    for name, result in results.items():
        rows.add_row(name, f"{result['dlcli']:,.0f}", f"{result['without']:,.0f}", f"{result['ratio']:.2f}")
    Console().print(rows)


def some_documents() -> list[str]:
    """Return docstrings with at least `CHARACTERS` characters in all."""
    found, count = [], 0
    for document in open_texts("pydocs").splits["train"].texts:
        found.append(document)
        count += len(document)
        if count >= CHARACTERS:
            break
    return found


def comparisons(documents: list[str]) -> dict[str, tuple[Turn, Turn]]:
    """Return the turn of dlcli and of the library for each operation."""
    ours = tokenizers.train("bpe", VOCABULARY, documents)
    theirs = library.Tokenizer.from_str(ours.to_json())
    letters = tokenizers.train("characters", VOCABULARY, documents)
    numbers = {entry: number for number, entry in enumerate(letters.entries)}
    return {
        "learning bpe": (lambda: tokenizers.train("bpe", VOCABULARY, documents), lambda: trained(documents)),
        "encoding by bpe": (lambda: list(ours.encode_all(documents)), lambda: encoded(theirs, documents)),
        "encoding by characters": (
            lambda: list(letters.encode_all(documents)),
            lambda: [[numbers[character] for character in document] for document in documents],
        ),
    }


def trained(documents: list[str]) -> library.Tokenizer:
    """Train byte-level BPE with the library."""
    made = library.Tokenizer(library.models.BPE())
    made.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = library.pre_tokenizers.ByteLevel.alphabet()
    trainer = library.trainers.BpeTrainer(vocab_size=VOCABULARY, initial_alphabet=alphabet, show_progress=False)
    made.train_from_iterator(documents, trainer)
    return made


def encoded(tokenizer: library.Tokenizer, documents: list[str]) -> list[np.ndarray]:
    """Return the ids of each document, as training reads them."""
    return [np.asarray(each.ids, np.uint32) for each in tokenizer.encode_batch_fast(documents)]


def compare(ours: Turn, theirs: Turn, count: int, rounds: int) -> dict[str, float]:
    """Return thousands of characters per second of both, and the median over rounds of their ratio."""
    seconds: dict[str, list[float]] = {"dlcli": [], "without": []}
    for _ in range(rounds):
        for name, turn in (("dlcli", ours), ("without", theirs)):
            start = time.perf_counter()
            turn()
            seconds[name].append(time.perf_counter() - start)
    rates = {name: count / statistics.median(turns) / 1e3 for name, turns in seconds.items()}
    ratios = [other / mine for mine, other in zip(seconds["dlcli"], seconds["without"], strict=True)]
    return {**rates, "ratio": statistics.median(ratios)}


if __name__ == "__main__":
    main()
