"""Weights of any run that `dlcli export --format safetensors` wrote; its metadata rebuilds the run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dlcli import techniques
from dlcli.errors import RunError
from dlcli.importing import tensors
from dlcli.importing.imported import Imported
from dlcli.importing.options import Import

_FORMAT = "1"  # version of the metadata and of the names
_OF_THE_RUN = {"out", "name", "init_from", "init_lr_scale", "freeze", "backbone_from", "freeze_backbone"}


def recognizes(path: Path) -> bool:
    """Return whether a file has the metadata of an export."""
    return path.is_file() and path.suffix == ".safetensors"


def read(path: Path, options: Import) -> Imported:
    """Return the model; raise `RunError` if dlcli did not write the file."""
    found = tensors.metadata(path)
    if "technique" not in found:
        raise RunError(
            f"{path} must have the metadata of `dlcli export`, found none",
            hint="weights of Hugging Face are imported with their folder, which has a config.json",
        )
    if found.get("format_version") != _FORMAT:
        raise RunError(f"{path} must have format version {_FORMAT}, found {found.get('format_version')!r}")
    if found["technique"] not in techniques.having("resume"):
        raise RunError(f"{path} must be a model of {', '.join(techniques.having('resume'))}, not {found['technique']}")
    trained = _object(path, found, "options")
    return Imported(
        found["technique"],
        {name: value for name, value in trained.items() if name not in _OF_THE_RUN},
        _object(path, found, "facts"),
        tensors.read(path),
        relative=True,
        incomplete=found["technique"] == "gan",  # the file has the generator alone
    )


def _object(path: Path, found: dict[str, str], name: str) -> dict[str, Any]:
    try:
        value = json.loads(found[name])
    except (KeyError, ValueError, RecursionError) as error:
        raise RunError(f"{path} has no valid {name} in its metadata") from error
    if not isinstance(value, dict):
        raise RunError(f"{path} must have an object as {name} in its metadata")
    return value
