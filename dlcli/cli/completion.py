"""Names that fit the command line so far, for the shell: found without jax and in bounded time."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dlcli import checks as identities
from dlcli import figures, techniques
from dlcli.errors import UserError
from dlcli.files import read_bytes
from dlcli.options.augmentations import AUGMENTATIONS
from dlcli.paths import expand_user, runs_folder
from dlcli.runs.folder import technique_of
from dlcli.runs.lookup import find

_MOST = 1_000  # entries of a folder that are looked at
_PATIENCE = 1.0  # seconds that the runs are looked at, the latest first
_MANIFEST = 16 * 2**20  # bytes
_TEXT = (".txt", ".tsv", ".csv", ".jsonl", ".xz", ".gz")
_LAYER = re.compile(r"network/backbone/layers/([^/]+)/")


def offered(what: str, ctx: Any, incomplete: str) -> list[str]:
    """Return the values of an option that begin as the incomplete one does.

    Args:
        what: the name of a function below, as `Cli.complete` has it.
        ctx: of the command line so far.
        incomplete: what has been typed of the value.
    """
    try:
        found = globals()[f"_{what}"](ctx, incomplete)
        return list(dict.fromkeys(each for each in found if each.startswith(incomplete)))
    except (UserError, OSError, ValueError):  # nobody reads an error between two keys
        return []


def _runs(ctx: Any, incomplete: str) -> Iterator[str]:
    """Yield the techniques that have the verb, and the runs of them, the latest first."""
    wanted = _techniques(ctx)
    yield from wanted
    paths = sorted(runs_folder().glob("*/options.json"), key=lambda path: -path.stat().st_mtime)
    end = time.monotonic() + _PATIENCE
    for path in paths:
        if time.monotonic() > end:
            return
        try:
            if technique_of(path.parent) in wanted:
                yield path.parent.name
        except UserError:
            continue


def _techniques(ctx: Any) -> list[str]:
    """Return the techniques whose runs the command reads."""
    verb, subject = (ctx.parent.info_name if ctx.parent else "", ctx.info_name)
    if verb == "viz":
        owners = getattr(figures.catalogue()[subject], "technique", "")
        return [owners] if owners and isinstance(owners, str) else list(owners) or techniques.names()
    if subject in techniques.names() and verb in ("sample", "predict", "score", "train"):
        return [subject]
    return techniques.having("resume") if subject == "resume" else techniques.names()


def _datasets(ctx: Any, incomplete: str) -> Iterator[str]:
    """Yield all data sets there are, and files."""
    from dlcli.data import catalogue

    yield from catalogue.embedded()
    yield from catalogue.prepared(None)
    yield from _paths(incomplete, (".npz", *_TEXT))


def _images(ctx: Any, incomplete: str) -> Iterator[str]:
    """Yield image sets; of techniques that learn densities those too."""
    from dlcli.data import densities
    from dlcli.data.images import catalogue

    yield from catalogue.embedded()
    if ctx.info_name in ("gan", "diffusion"):
        yield from densities.NAMES
    yield from catalogue.prepared(None)
    yield from (f"folder:{path}" for path in _paths(incomplete.removeprefix("folder:"), ()))
    yield from _paths(incomplete, (".npz",))


def _texts(ctx: Any, incomplete: str) -> Iterator[str]:
    """Yield texts; of the transformer pairs too."""
    from dlcli.data.text import catalogue

    yield from catalogue.embedded("text")
    if ctx.info_name == "transformer":
        yield from catalogue.embedded("pairs")
    yield from _paths(incomplete, _TEXT)


def _tokenizers(ctx: Any, incomplete: str) -> Iterator[str]:
    """Yield the kinds of tokenizers, and files of trained ones."""
    yield from ("characters", "words", "bpe", "wordpiece", "unigram")
    yield from (str(path) for path in runs_folder().glob("tokenizer-*/tokenizer.json"))
    yield from _paths(incomplete, (".json",))


def _augmentations(ctx: Any, incomplete: str) -> Iterator[str]:
    """Yield lists of augmentations that go on with one that is not in it yet."""
    before, comma, _ = incomplete.rpartition(",")
    there = {part.split(":")[0] for part in before.split(",")}
    yield from (before + comma + name for name in AUGMENTATIONS if name not in there)


def _checks(ctx: Any, incomplete: str) -> list[str]:
    return identities.names()


def _layers(ctx: Any, incomplete: str) -> Iterator[str]:
    """Yield the layers of the run's backbone that have parameters, as its newest checkpoint lists them."""
    folder = find(ctx.params.get("run") or "", "cnn")
    manifest = max(folder.glob("checkpoints/*/manifest.json"), default=None)
    if manifest is not None:
        arrays = json.loads(read_bytes(manifest, _MANIFEST))["arrays"]
        yield from (found[1] for name in arrays if (found := _LAYER.match(name)))


def _paths(incomplete: str, endings: tuple[str, ...]) -> Iterator[str]:
    """Yield the folders and the files of these endings beside what is typed."""
    typed, _, _ = incomplete.rpartition("/")
    folder = expand_user(typed or ("/" if incomplete.startswith("/") else "."))
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        for _, entry in zip(range(_MOST), entries, strict=False):
            name = incomplete[: len(incomplete) - len(incomplete.rpartition("/")[2])] + entry.name
            if not entry.name.startswith(".") and (entry.is_dir() or Path(name).suffix.lower() in endings):
                yield f"{name}/" if entry.is_dir() else name
