"""Times the loader alone, next to the training step of `dlcli train cnn` that it feeds.

    python tests/bench/input.py [--rounds 20] [--json]

The images are random, 32×32 in colour, in a folder of JPEG files: read into memory once, or streamed from their files
for each batch. The step is that of the small network on batches of 128. Turns of the three alternate, so that other
load on the machine affects all alike; results are medians over the rounds.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import jax
import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from dlcli.data.images import batches as images
from dlcli.engine import devices
from dlcli.engine.program import Program
from dlcli.interface import Batch
from dlcli.techniques.cnn.learner import Learner
from dlcli.techniques.cnn.options import Train

BATCH, SIDE, CLASSES, EACH = 128, 32, 10, 400  # images per class
BATCHES = 20  # per turn


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the loader beside the step that it feeds.")
    parser.add_argument("--rounds", type=int, default=20, help="rounds to measure")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    arguments = parser.parse_args()
    devices.prepare("cpu")
    with tempfile.TemporaryDirectory() as folder:
        make_images(Path(folder))
        turns_of = {"loader, in memory": loader(folder, 2**30), "loader, streaming": loader(folder, 0)}
        turns_of["training step"] = step(folder)
        seconds: dict[str, list[float]] = {name: [] for name in turns_of}
        for _ in range(arguments.rounds):
            for name, turn in turns_of.items():
                start = time.perf_counter()
                turn()
                seconds[name].append(time.perf_counter() - start)
    result = {name: BATCHES * BATCH / statistics.median(turns) for name, turns in seconds.items()}
    if arguments.json:
        print(json.dumps({"images_per_second": result}))
        return
    rows = Table("what", title=f"images of {SIDE}×{SIDE}×3 per second, batches of {BATCH}")
    for heading in ("images/s", "ratio to the step"):
        rows.add_column(heading, justify="right")
    for name, rate in result.items():
        rows.add_row(name, f"{rate:,.0f}", f"{rate / result['training step']:.1f}")
    Console().print(rows)


def make_images(folder: Path) -> None:
    """Write JPEG files, one folder per class."""
    generator = np.random.default_rng(0)
    for label, number in itertools.product(range(CLASSES), range(EACH)):
        path = folder / str(label) / f"{number}.jpg"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(generator.integers(0, 256, [SIDE, SIDE, 3], dtype=np.uint8)).save(path)


def loader(folder: str, memory_limit: int) -> Callable[[], None]:
    """Return a function that takes the next training batches."""
    options = Train(dataset=f"folder:{folder}", memory_limit=memory_limit, batch_size=BATCH)
    batches = Learner.read(options).train_from(0)
    return lambda: _take(batches)


def step(folder: str) -> Callable[[], None]:
    """Return a function that trains on one batch."""
    options = Train(dataset=f"folder:{folder}", batch_size=BATCH, schedule="constant")
    data = images.read(options, options.seed)
    program = Program(Learner, options, data.facts, devices.mesh(BATCH))
    batch = jax.device_put(dict(next(data.train_from(0))), devices.split(program.mesh))
    state = [program.initial(), program.empty_window(batch)]

    def turn() -> None:
        for _ in range(BATCHES):
            state[:] = program.update(*state, batch)
        jax.block_until_ready(state)

    turn()  # compiles
    return turn


def _take(batches: Iterator[Batch]) -> None:
    for _ in itertools.islice(batches, BATCHES):
        pass


if __name__ == "__main__":
    main()
