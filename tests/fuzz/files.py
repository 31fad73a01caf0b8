"""Small files of data of every kind that dlcli reads."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
from PIL import Image

_TEXTS = Path(__file__).parents[1] / "texts"
MOODS = [("question", "Where is the blade"), ("order", "Take the blade"), ("answer", "The blade is here")]


def scatter(folder: Path) -> list[str]:
    """Write one of each kind into a folder, and return their names."""
    generator = np.random.default_rng(0)
    for name in ("moods.tsv", "numbers.tsv", "jabberwocky.txt"):
        shutil.copy(_TEXTS / name, folder)
    rows = [(label, f"{text} {number}") for number in range(12) for label, text in MOODS]
    (folder / "moods.csv").write_text("label,text\n" + "".join(f'{label},"{text}"\n' for label, text in rows))
    (folder / "moods.jsonl").write_text("".join(json.dumps({"label": a, "text": b}) + "\n" for a, b in rows))
    np.savez(
        folder / "images.npz",
        image=generator.integers(0, 256, (40, 8, 8, 1), np.uint8),
        label=np.arange(40) % 4,
    )
    for number in range(24):
        path = folder / "pictures" / "abc"[number % 3] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(generator.integers(0, 256, (8, 8, 3), np.uint8)).save(path)
    names = [path.name for path in folder.iterdir() if path.is_file()]
    return [*names, "folder:pictures", "pictures", "pictures/a/0.png", "pictures/a", "nowhere.txt", "The blade", "the"]
