"""Writes small data files of every kind that dlcli reads."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
from PIL import Image

_TEXTS = Path(__file__).parents[1] / "texts"
_SENTENCES = [("question", "Where is the blade"), ("order", "Take the blade"), ("answer", "The blade is here")]


def write_samples(folder: Path) -> list[str]:
    """Write one of each kind into a folder; return their names, and words that can stand for one."""
    generator = np.random.default_rng(0)
    for name in ("moods.tsv", "numbers.tsv", "jabberwocky.txt"):
        shutil.copy(_TEXTS / name, folder)
    rows = [(label, f"{text} {number}") for number in range(12) for label, text in _SENTENCES]
    (folder / "moods.csv").write_text("label,text\n" + "".join(f'{label},"{text}"\n' for label, text in rows))
    (folder / "moods.jsonl").write_text("".join(json.dumps({"label": a, "text": b}) + "\n" for a, b in rows))
    np.savez(
        folder / "images.npz",
        image=generator.integers(0, 256, (40, 8, 8, 1), np.uint8),
        label=np.arange(40) % 4,
    )
    for number in range(24):
        path = folder / "images" / "abc"[number % 3] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(generator.integers(0, 256, (8, 8, 3), np.uint8)).save(path)
    names = sorted(path.name for path in folder.iterdir() if path.is_file())
    return [*names, "folder:images", "images", "images/a/0.png", "images/a", "missing.txt", "The blade", "the"]
