"""`--config FILE`: option values from a TOML or JSON file."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from dlcli.errors import UsageError
from dlcli.files import read_bytes, reason
from dlcli.nearest import did_you_mean
from dlcli.options.common import Options

_MAX_BYTES = 2**20  # the options of a run have some thousand


def read_config(path: Path, model: type[Options]) -> dict[str, Any]:
    """Read option values from a TOML file, a JSON file, or the options.json of a run.

    Raises:
        UsageError: the file cannot be read, or has a key that is not an option.
    """
    found: dict[str, Any] = {}
    for key, value in _read(path).items():
        name = key.replace("-", "_")
        if name not in model.model_fields:
            near = did_you_mean(name, model.model_fields)
            raise UsageError(f"--config {path} has {key[:80]!r}, which is not an option of this command{near}")
        if name in found:
            raise UsageError(f"--config {path} must have each option once, found {name!r} twice")
        if isinstance(value, bool) and "bool" not in str(model.model_fields[name].annotation):
            raise UsageError(f"--config {path} has {name} = {str(value).lower()}, which is neither a number nor text")
        found[name] = value
    if path.name == "options.json":
        found.pop("out", None)  # the folder of that run is in use
    return {name: value for name, value in found.items() if value is not None}


def _read(path: Path) -> dict[str, Any]:
    try:
        text = read_bytes(path, _MAX_BYTES).decode("utf-8-sig")
        found = json.loads(text, object_pairs_hook=_once) if path.suffix == ".json" else tomllib.loads(text)
    except RecursionError as error:
        raise UsageError(f"--config {path} cannot be read: it is nested too deeply") from error
    except OSError as error:
        raise UsageError(f"--config {path} cannot be read: {reason(error)}") from error
    except ValueError as error:
        raise UsageError(f"--config {path} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise UsageError(f"--config {path} must have names with values")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object without repeated names; json itself would silently keep the last of them."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} appears twice")
    return found
