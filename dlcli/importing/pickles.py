"""Refuses files of PyTorch: they are pickles, and reading one can execute code."""

from __future__ import annotations

from pathlib import Path

from dlcli.errors import RunError

_STARTS = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")  # zip of torch.save, and pickles
_NAMES = ("pytorch_model.bin", "pytorch_model.bin.index.json", "model.pt", "model.pth")


def refuse_pickle(path: Path) -> None:
    """Raise `RunError` if a file is a pickle, or a folder has its weights in pickles only."""
    if path.is_dir():
        if any(path.glob("*.safetensors")):
            return
        found = next((path / name for name in _NAMES if (path / name).exists()), None)
    else:
        found = path if _is_pickle(path) else None
    if found is not None:
        raise RunError(
            f"{found} must be safetensors, found a pickle, which can execute code when it is read",
            hint="save the model as safetensors: model.save_pretrained(FOLDER, safe_serialization=True)",
        )


def _is_pickle(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(4)
    return start.startswith(_STARTS)
