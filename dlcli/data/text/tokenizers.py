"""Tokenizers: text to token ids and back, by characters, words or subwords.

All use models of the `tokenizers` library and are stored as its JSON. Each vocabulary begins with the same special
tokens:

- 0 `<pad>` fills up short sequences,
- 1 `<unk>` replaces what the vocabulary lacks (never with `bpe`, whose vocabulary includes all bytes),
- 2 `<start>` precedes the output of a decoder,
- 3 `<end>` ends a text, and so precedes the next one.

They never result from text: `<end>` in a text is five ordinary characters.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from dlcli import activity
from dlcli.data import cache
from dlcli.data.text import imported_vocabulary, pair_vocabulary, tokenizer_training, vocabularies
from dlcli.data.text.imported_vocabulary import is_imported
from dlcli.data.text.pair_vocabulary import is_pair
from dlcli.data.text.separate_tokenizers import SeparateTokenizers, is_separate
from dlcli.data.text.sets import Documents
from dlcli.data.text.tokenizer import Tokenizer
from dlcli.data.text.tokenizer_pipelines import END as END
from dlcli.data.text.tokenizer_pipelines import PADDING as PADDING
from dlcli.data.text.tokenizer_pipelines import START as START
from dlcli.data.text.tokenizer_pipelines import UNKNOWN as UNKNOWN
from dlcli.data.text.tokenizer_pipelines import empty_pipeline
from dlcli.errors import DatasetError, RunError
from dlcli.files import read_json
from dlcli.options.text import TokenizerKind
from dlcli.paths import expand_user

FORMAT = 2  # increased when the same text gives other tokenizers than before
FILE = "tokenizer.json"  # in the run folder of a tokenizer
KINDS: tuple[TokenizerKind, ...] = get_args(TokenizerKind)


def train(kind: TokenizerKind, vocabulary_size: int, documents: Sequence[str]) -> Tokenizer:
    """Train a tokenizer; see `tokenizer_training.learn`."""
    return Tokenizer(tokenizer_training.learn(kind, vocabulary_size, documents))


def from_json(text: str) -> Tokenizer:
    """Parse the output of `to_json`.

    Of dlcli's kinds only the vocabulary is used, so that an untrusted file is harmless; an imported tokenizer is
    parsed by the library, and executes nothing.

    Raises:
        ValueError: the text is not JSON of one of the kinds.
    """
    try:
        found = json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if is_separate(found):
        if any(map(is_separate, found.values())):
            raise ValueError("its tokenizers must be two")
        return SeparateTokenizers(*(from_json(json.dumps(found[name])) for name in ("source", "target")))
    if is_pair(found):
        return Tokenizer(pair_vocabulary.read(found))
    if is_imported(found):
        return Tokenizer(imported_vocabulary.read(found))
    frame = _frame(found)
    kind = next((kind for kind in KINDS if _frame(json.loads(empty_pipeline(kind).to_str())) == frame), None)
    if kind is None:
        raise ValueError(f"it must be a tokenizer of {', '.join(KINDS)}, made by `dlcli train tokenizer` or imported")
    return Tokenizer(vocabularies.read(kind, found["model"]))


def load(path: Path) -> Tokenizer:
    """Read a tokenizer from its file, from `tokenizer.json` in a folder, or from the facts of a run of text.

    Raises:
        DatasetError: the file is missing, damaged or not a tokenizer of dlcli.
        RunError: the same, if the path is a folder.
    """
    file, kind = (path / FILE, RunError) if path.is_dir() else (path, DatasetError)
    try:
        if path.is_dir() and not file.exists() and (path / "facts.json").exists():
            file = path / "facts.json"
            return from_json(str(read_json(file).get("tokenizer")))
        return from_json(json.dumps(read_json(file)))
    except FileNotFoundError:
        raise kind(f"{file} must be a tokenizer, and does not exist", hint="dlcli train tokenizer makes one") from None
    except (OSError, ValueError) as error:
        raise kind(f"{file} cannot be read as a tokenizer: {error}") from error


def resolve(choice: str | Path, vocabulary_size: int, documents: Documents) -> Tokenizer:
    """Return the tokenizer that an option names.

    Args:
        choice: a kind, to be trained on the documents, or the path of a file or run folder to `load`.
        vocabulary_size: largest number of entries of a tokenizer that is trained.
        documents: the training split. A tokenizer trained on it is cached.

    Raises:
        UserError: see `tokenizer_training.learn` and `load`.
    """
    if choice not in KINDS:
        return load(expand_user(choice))
    slot = f"tokenizer-{choice}-{vocabulary_size}-{documents.digest[:8]}"
    stem = cache.Stem(slot, f"{FORMAT}\n{documents.digest}")
    try:
        return from_json(cache.unseal(stem.path("json").read_bytes()).decode())
    except (OSError, ValueError):
        pass
    with activity.logged(f"training a tokenizer: {choice}"):
        tokenizer = train(choice, vocabulary_size, documents.sample)
    with cache.replacing(stem.path("json")) as file:
        file.write(cache.seal(tokenizer.to_json().encode()))
    return tokenizer


def resolve_separate(kind: str, size: int, sources: Sequence[str], targets: Sequence[str]) -> SeparateTokenizers:
    """Return a tokenizer of sources and one of targets, each of a kind and with at most `size` entries."""
    return SeparateTokenizers(*(resolve(kind, size, Documents(tuple(texts))) for texts in (sources, targets)))


def _frame(found: Any) -> dict[str, Any]:
    """Return a tokenizer's JSON without its vocabulary."""
    if not isinstance(found, dict) or not isinstance(model := found.get("model"), dict):
        return {}
    # The unk_id of `unigram` is missing in the JSON of an empty vocabulary.
    rest = {name: value for name, value in model.items() if name not in ("vocab", "merges", "unk_id")}
    return {**{name: value for name, value in found.items() if name not in ("added_tokens", "version")}, "model": rest}
