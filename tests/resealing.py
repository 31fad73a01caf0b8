"""Gives an edited checkpoint valid checksums, as an attacker could."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dlcli.runs.manifest import Manifest


def seal(checkpoint: Path, change: Callable[[dict[str, Any]], None] = lambda manifest: None) -> None:
    """Rewrite the manifest with the checksums of the files as they are; `change` edits it."""
    path = checkpoint / "manifest.json"
    manifest = json.loads(path.read_text())
    del manifest["sha256"]
    files = [each for each in checkpoint.rglob("*") if each.is_file() and each != path]
    manifest["files"] = {str(each.relative_to(checkpoint)): _record(each.read_bytes()) for each in files}
    change(manifest)
    path.write_text(Manifest.model_validate(manifest).to_json())


def _record(content: bytes) -> dict[str, Any]:
    return {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
