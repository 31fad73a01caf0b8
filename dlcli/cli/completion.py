"""Shell completion of option values, without jax and in bounded time."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from dlcli import checks as identities
from dlcli import figures, techniques
from dlcli.errors import UserError
from dlcli.export.options import format_names
from dlcli.files import read_bytes
from dlcli.options.augmentations import AUGMENTATIONS
from dlcli.options.text import TokenizerKind
from dlcli.paths import expand_user, runs_folder
from dlcli.runs.folder import technique_of
from dlcli.runs.lookup import find

_MAX_ENTRIES = 1_000  # of a folder
_MAX_SECONDS = 1.0  # for listing runs, the latest first
_MAX_MANIFEST = 16 * 2**20  # bytes
_IMAGES = (".npz", ".zip", ".tar", ".parquet", ".csv")
_TEXT = (".txt", ".tsv", ".csv", ".jsonl", ".parquet", ".xz", ".gz")
_TABLES = (".csv", ".tsv", ".npz", ".xz", ".gz")
_LAYER = re.compile(r"network/backbone/layers/([^/]+)/")


def candidates(what: str, ctx: Any, incomplete: str) -> list[str]:
    """Return the values of an option that start with the incomplete one.

    Args:
        what: value of `Cli.complete`, the name of a function below.
        ctx: Typer's context of the command line so far.
        incomplete: the typed part of the value.
    """
    try:
        found = globals()[f"_{what}"](ctx, incomplete)
        return list(dict.fromkeys(each for each in found if each.startswith(incomplete)))
    except (UserError, OSError, ValueError):  # a completion has no place for an error message
        return []


def _runs(ctx: Any, incomplete: str) -> Iterator[str]:
    """Yield the techniques that have the verb, then their runs, the latest first."""
    wanted = _techniques(ctx)
    yield from wanted
    paths = sorted(runs_folder().glob("*/options.json"), key=lambda path: -path.stat().st_mtime)
    end = time.monotonic() + _MAX_SECONDS
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
    """Yield all known data sets, and files."""
    from dlcli.data import catalogue

    yield from catalogue.embedded()
    yield from catalogue.prepared(None)
    yield from _paths(incomplete, (*_IMAGES, *_TEXT))


def _images(ctx: Any, incomplete: str) -> Iterator[str]:
    """Yield image sets, and densities for techniques that learn them."""
    from dlcli.data import densities
    from dlcli.data.images import catalogue

    yield from catalogue.embedded()
    if ctx.info_name in ("gan", "diffusion"):
        yield from densities.NAMES
    yield from catalogue.prepared(None)
    yield from (f"folder:{path}" for path in _paths(incomplete.removeprefix("folder:"), ()))
    yield from _paths(incomplete, _IMAGES)


def _tables(ctx: Any, incomplete: str) -> Iterator[str]:
    """Yield tables of numbers."""
    from dlcli.data.tabular import catalogue

    yield from catalogue.embedded()
    yield from _paths(incomplete, _TABLES)


def _texts(ctx: Any, incomplete: str) -> Iterator[str]:
    """Yield texts, and pairs for the transformer."""
    from dlcli.data.text import catalogue

    yield from catalogue.embedded("text")
    if ctx.info_name == "transformer":
        yield from catalogue.embedded("pairs")
    yield from _paths(incomplete, _TEXT)


def _tokenizers(ctx: Any, incomplete: str) -> Iterator[str]:
    """Yield the kinds of tokenizers, and the files of trained ones."""
    yield from get_args(TokenizerKind)
    yield from (str(path) for path in runs_folder().glob("tokenizer-*/tokenizer.json"))
    yield from _paths(incomplete, (".json",))


def _augmentations(ctx: Any, incomplete: str) -> Iterator[str]:
    """Yield the typed list of augmentations, extended by one that it does not have."""
    before, comma, _ = incomplete.rpartition(",")
    there = {part.split(":")[0] for part in before.split(",")}
    yield from (before + comma + name for name in AUGMENTATIONS if name not in there)


def _checks(ctx: Any, incomplete: str) -> list[str]:
    return identities.names()


def _formats(ctx: Any, incomplete: str) -> list[str]:
    return format_names()


def _layers(ctx: Any, incomplete: str) -> Iterator[str]:
    """Yield the layers of the run's backbone that have parameters, from its newest checkpoint."""
    folder = find(ctx.params.get("run") or "", "cnn")
    manifest = max(folder.glob("checkpoints/*/manifest.json"), default=None)
    if manifest is not None:
        arrays = json.loads(read_bytes(manifest, _MAX_MANIFEST))["arrays"]
        yield from (found[1] for name in arrays if (found := _LAYER.match(name)))


def _paths(incomplete: str, endings: tuple[str, ...]) -> Iterator[str]:
    """Yield folders, and files with these extensions, that start with the typed path."""
    typed, _, _ = incomplete.rpartition("/")
    folder = expand_user(typed or ("/" if incomplete.startswith("/") else "."))
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        for _, entry in zip(range(_MAX_ENTRIES), entries, strict=False):
            name = incomplete[: len(incomplete) - len(incomplete.rpartition("/")[2])] + entry.name
            if not entry.name.startswith(".") and (entry.is_dir() or Path(name).suffix.lower() in endings):
                yield f"{name}/" if entry.is_dir() else name
