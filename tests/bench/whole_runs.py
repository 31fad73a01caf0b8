"""Times whole training commands against plain PyTorch scripts of the same work, on the same cores.

    python tests/bench/whole_runs.py [--rounds 3] [--json]

A run is a process from its start to its end: imports, compilation, reading the data, training with a validation every
hundred steps, and saving. dlcli runs with an empty cache (cold), and with the cache of earlier runs (warm); the PyTorch
script is eager, as compilation would take longer than it saves. The runs of a round alternate.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

VALIDATE_EVERY = 100
HELD_TOKENS = 2**15  # of a text, in each validation of both programs
PROGRAMS = ("dlcli, cold", "dlcli, warm", "PyTorch")


@dataclasses.dataclass(frozen=True)
class Work:
    """A training command and the sizes that the PyTorch script shares with it.

    Attributes:
        command: `dlcli train …` without the number of steps.
        steps: number of updates.
        what: description for the table.
    """

    command: str
    steps: int
    what: str


_TEXT = f"--context 64 --validate-examples {HELD_TOKENS // 64}"
WORKS = {
    "cnn": Work("cnn --dataset digits --arch small --batch-size 128", 1_000, "CNN `small`, digits"),
    "rnn": Work(
        "rnn --cell lstm --batch-size 32 --embedding-dim 128 --hidden 256 --dropout 0 "
        f"--optimizer adam --learning-rate 1e-3 {_TEXT}",
        400,
        "LSTM, characters",
    ),
    "transformer": Work(
        f"transformer --preset gpt2 --batch-size 12 --layers 4 {_TEXT}", 400, "transformer `gpt2`, characters"
    ),
    "diffusion": Work(
        "diffusion --conditional --batch-size 64 --channels 32 --validate-examples 64", 400, "diffusion U-Net, digits"
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Time whole training runs beside PyTorch scripts.")
    parser.add_argument("--rounds", type=int, default=3, help="warm runs to measure")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--worker", nargs=2, metavar=("WORK", "TEXT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        name, text = arguments.worker
        SCRIPTS[name](WORKS[name].steps, Path(text))
        return
    if importlib.util.find_spec("torch") is None:
        print("error: the benchmark compares with PyTorch, which is not installed: pip install torch", file=sys.stderr)
        sys.exit(2)
    with tempfile.TemporaryDirectory() as folder:
        results = {name: compare(name, Path(folder), arguments.rounds) for name in WORKS}
    if arguments.json:
        print(json.dumps({"rounds": arguments.rounds, "works": results}))
        return
    rows = Table("run", title="seconds from the command to the saved model")
    for name in PROGRAMS:
        rows.add_column(name, justify="right")
    for name, found in results.items():
        rows.add_row(f"{WORKS[name].what}, {WORKS[name].steps} steps", *(f"{found[each]:.1f}" for each in PROGRAMS))
    Console().print(rows)


def compare(name: str, folder: Path, rounds: int) -> dict[str, float]:
    """Return the seconds of each program: of the one cold run, and the medians of the others."""
    text = folder / "text.txt"
    if not text.exists():
        text.write_text("\n".join(_pydocs()))
    environment = {**os.environ, "DLCLI_CACHE": str(folder / f"cache-{name}"), "DLCLI_RUNS": str(folder / "runs")}
    data = ("--dataset", str(text)) if name in ("rnn", "transformer") else ()
    steps = ("--steps", str(WORKS[name].steps), "--validate-every", str(VALIDATE_EVERY))
    dlcli = [sys.executable, "-m", "dlcli", "train", *WORKS[name].command.split(), *data, *steps, "--device", "cpu"]
    torch = [sys.executable, __file__, "--worker", name, str(text)]
    found: dict[str, list[float]] = {each: [] for each in PROGRAMS}
    found["dlcli, cold"].append(_seconds(dlcli, environment))
    for _ in range(rounds):
        found["dlcli, warm"].append(_seconds(dlcli, environment))
        found["PyTorch"].append(_seconds(torch, environment))
    return {each: statistics.median(values) for each, values in found.items()}


def _pydocs() -> list[str]:
    from dlcli.data.text.catalogue import open_texts

    return list(open_texts("pydocs").splits["train"].texts)[:20_000]


def _seconds(command: list[str], environment: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def _train(steps: int, step: Callable[[], None], validate: Callable[[], float], model: object) -> None:
    import torch

    for number in range(1, steps + 1):
        step()
        if number % VALIDATE_EVERY == 0:
            with torch.no_grad():
                validate()
    with tempfile.NamedTemporaryFile(suffix=".pt") as file:
        torch.save(model.state_dict(), file.name)


def _digits() -> tuple[object, object, object, object]:
    """Return the images, uint8 [image, channel, height, width], and labels for training and validation."""
    import torch
    from sklearn.datasets import load_digits

    found = load_digits()
    images = torch.from_numpy((found.images * 255 / 16).astype(np.uint8))[:, None]
    labels = torch.from_numpy(found.target).long()
    return images[:1258], labels[:1258], images[1258:1437], labels[1258:1437]


def _batches(count: int, size: int) -> Iterator[np.ndarray]:
    generator = np.random.default_rng(0)
    while True:
        order = generator.permutation(count)
        yield from (order[start : start + size] for start in range(0, count - size + 1, size))


def cnn_script(steps: int, _: Path) -> None:
    import cnn
    import torch
    from torch.nn import functional

    images, labels, held_images, held_labels = _digits()
    model = cnn._torch_small(side=8)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    batches = _batches(len(images), 128)

    def step() -> None:
        chosen = torch.from_numpy(next(batches))
        optimizer.zero_grad(set_to_none=True)
        functional.cross_entropy(model((images[chosen].float() / 255 - 0.3) / 0.35), labels[chosen]).backward()
        optimizer.step()

    def validate() -> float:
        model.eval()
        accuracy = (model((held_images.float() / 255 - 0.3) / 0.35).argmax(1) == held_labels).float().mean().item()
        model.train()
        return accuracy

    _train(steps, step, validate, model)


def _characters(path: Path) -> tuple[object, object, int]:
    """Return the characters of a text as ids, for training and validation, and their number."""
    import torch

    text = path.read_text()
    letters = {letter: number for number, letter in enumerate(sorted(set(text)))}
    ids = torch.tensor([letters[letter] for letter in text])
    cut = int(len(ids) * 0.9)
    return ids[:cut], ids[cut:], len(letters)


def rnn_script(steps: int, path: Path) -> None:
    import rnn
    import torch
    from torch import nn
    from torch.nn import functional

    train, held, size = _characters(path)
    model = rnn.torch_model(size)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    rows = train[: len(train) // 32 * 32].view(32, -1)
    state = [0, None]

    def loss_of(tokens: object, carry: object) -> tuple[object, object]:
        logits, carry = model(tokens[:, :-1], carry)
        return functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten()), carry

    def step() -> None:
        start = state[0] if state[0] + 65 <= rows.shape[1] else 0
        optimizer.zero_grad(set_to_none=True)
        loss, carry = loss_of(rows[:, start : start + 65], state[1] if start else None)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        state[:] = start + 64, tuple(each.detach() for each in carry)

    def validate() -> float:
        windows = held[: HELD_TOKENS // 64 * 65].view(-1, 32, 65)
        return float(np.mean([loss_of(each, None)[0].item() for each in windows]))

    _train(steps, step, validate, model)


def transformer_script(steps: int, path: Path) -> None:
    import torch
    import transformer
    from torch import nn
    from torch.nn import functional

    train, held, size = _characters(path)
    model = transformer._nanogpt(size)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.99), weight_decay=0.1)
    generator = np.random.default_rng(0)

    def loss_of(windows: object) -> object:
        return functional.cross_entropy(model(windows[:, :-1]).flatten(0, 1), windows[:, 1:].flatten())

    def step() -> None:
        starts = generator.integers(0, len(train) - 65, 12)
        optimizer.zero_grad(set_to_none=True)
        loss_of(torch.stack([train[start : start + 65] for start in starts])).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    def validate() -> float:
        windows = held[: HELD_TOKENS // 64 * 65].view(-1, 64, 65)
        return float(np.mean([loss_of(each).item() for each in windows]))

    _train(steps, step, validate, model)


def diffusion_script(steps: int, _: Path) -> None:
    import diffusion
    import torch
    from torch import nn

    images, labels, held_images, held_labels = _digits()
    model, averaged, loss_of = diffusion.torch_loss()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    batches = _batches(len(images), diffusion.BATCH)

    def step() -> None:
        chosen = torch.from_numpy(next(batches))
        optimizer.zero_grad(set_to_none=True)
        loss_of(images[chosen], labels[chosen]).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        averaged.update_parameters(model)

    def validate() -> float:
        return loss_of(held_images[: diffusion.BATCH], held_labels[: diffusion.BATCH]).item()

    _train(steps, step, validate, averaged)


SCRIPTS = {"cnn": cnn_script, "rnn": rnn_script, "transformer": transformer_script, "diffusion": diffusion_script}


if __name__ == "__main__":
    main()
