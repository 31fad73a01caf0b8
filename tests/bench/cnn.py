"""Times one training step of `dlcli train cnn` beside the same network in PyTorch, on the same cores.

    python tests/bench/cnn.py [--rounds 40] [--json]

Each contender is a process of its own that waits for its turn; the turns alternate, so that all meet
the same moods of the machine. The figures are medians over turns. A step is: scale the pixels, run
the network, cross-entropy, gradients, Adam. dlcli's is the one that the engine compiles for the
learner, with its metrics, on one CPU device and on one for each core; PyTorch's is eager, and
compiled by `torch.compile`.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
from rich.console import Console
from rich.table import Table

BATCH, CLASSES = 128, 10
IMAGES = {"small": (28, 28, 1), "resnet": (32, 32, 3)}
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
CONTENDERS = ("dlcli, 1 device", f"dlcli, {CORES} devices", "PyTorch, eager", "PyTorch, compiled")
STEPS = 3  # in a turn: few, so that the turns of a round are close in time

Step = Callable[[], object]  # makes a step and returns what its end is waited for by


def main() -> None:
    parser = argparse.ArgumentParser(description="Time a training step beside PyTorch's.")
    parser.add_argument("--rounds", type=int, default=40, help="turns of each contender")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument("--contend", nargs=2, metavar=("NETWORK", "NAME"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.contend:
        contend(*arguments.contend)
        return
    if importlib.util.find_spec("torch") is None:
        print("error: the benchmark compares with PyTorch, which is not installed: pip install torch", file=sys.stderr)
        sys.exit(2)
    results = {network: compete(network, arguments.rounds) for network in IMAGES}
    if arguments.json:
        print(json.dumps({"cores": CORES, "batch": BATCH, "rounds": arguments.rounds, "networks": results}))
        return
    for network, result in results.items():
        Console().print(table(network, result))


def compete(network: str, rounds: int) -> dict[str, dict[str, float]]:
    """Return milliseconds a step for each contender, and the ratio to the better of PyTorch's two.

    The ratio is the median over rounds of the ratio within a round, above 1 where the contender is slower.
    """
    processes = {name: _start(network, name) for name in CONTENDERS}
    turns: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    for _ in range(rounds):
        for name, process in processes.items():
            turns[name].append(_turn(process, name))
    for process in processes.values():
        process.communicate("")
    peer = min((name for name in CONTENDERS if "PyTorch" in name), key=lambda name: statistics.median(turns[name]))
    return {name: _summary(turns[name], turns[peer]) for name in CONTENDERS}


def _start(network: str, name: str) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, "--contend", network, name]
    environment = {**os.environ, "DLCLI_CPU_DEVICES": name.split()[1] if "dlcli" in name else "1"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, env=environment, **pipes)
    _turn(process, name)  # the first compiles, and is not counted
    return process


def _turn(process: subprocess.Popen[str], name: str) -> float:
    process.stdin.write("go\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        print(f"error: the process of {name} ended early, with code {process.wait()}", file=sys.stderr)
        sys.exit(1)
    return float(line)


def _summary(turns: list[float], peer: list[float]) -> dict[str, float]:
    ratios = [mine / theirs for mine, theirs in zip(turns, peer, strict=True)]
    low, median, high = statistics.quantiles(turns, n=4)
    return {"milliseconds": median, "low": low, "high": high, "ratio": statistics.median(ratios)}


def table(network: str, result: dict[str, dict[str, float]]) -> Table:
    """Return a row for each contender."""
    rows = Table("contender", title=f"{network}: one step of {BATCH} images {IMAGES[network]}, {CORES} cores")
    for heading in ("median, ms", "quartiles, ms", "ratio to the better PyTorch"):
        rows.add_column(heading, justify="right")
    for name, row in result.items():
        rows.add_row(name, f"{row['milliseconds']:.1f}", f"{row['low']:.1f} – {row['high']:.1f}", f"{row['ratio']:.2f}")
    return rows


def contend(network: str, name: str) -> None:
    """Make `STEPS` steps for each line on standard input, and print the milliseconds that one took."""
    build = dlcli_step if "dlcli" in name else lambda network: torch_step(network, compiled="compiled" in name)
    step, wait = build(network)
    for _ in sys.stdin:
        wait(step())  # wakes the threads and fills the caches
        start = time.perf_counter()
        for _ in range(STEPS):
            last = step()
        wait(last)
        print((time.perf_counter() - start) / STEPS * 1e3, flush=True)


def batch(network: str) -> tuple[np.ndarray, np.ndarray]:
    """Return random images, uint8 [batch, height, width, channel], and labels."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, [BATCH, *IMAGES[network]], dtype=np.uint8)
    return images, generator.integers(0, CLASSES, BATCH).astype(np.int32)


def dlcli_step(network: str) -> tuple[Step, Callable[[object], object]]:
    """Return the step that the engine compiles for the learner."""
    import jax

    from dlcli.data.images import ImageFacts
    from dlcli.engine import devices
    from dlcli.engine.program import Program
    from dlcli.techniques.cnn.learner import Learner
    from dlcli.techniques.cnn.options import Train

    devices.prepare("cpu")
    depth = {"depth": 8} if network == "resnet" else {}
    options = Train(arch=network, batch_size=BATCH, dropout=0.1, schedule="constant", **depth)
    side, channels = IMAGES[network][0], IMAGES[network][2]
    classes = tuple(map(str, range(CLASSES)))
    facts = ImageFacts(
        image=(side, side, channels), classes=classes, mean=(0.5,) * channels, deviation=(0.3,) * channels
    )
    program = Program(Learner, options, facts, devices.mesh(BATCH))
    images, labels = batch(network)
    placed = jax.device_put({"image": images, "label": labels}, devices.split(program.mesh))
    state = [program.initial(), program.empty_window(placed)]

    def step() -> object:
        state[:] = program.update(*state, placed)
        return state

    return step, jax.block_until_ready


def torch_step(network: str, *, compiled: bool) -> tuple[Step, Callable[[object], object]]:
    """Return the same step in PyTorch."""
    import torch
    from torch.nn import functional

    torch.set_num_threads(CORES)
    torch.manual_seed(0)
    model = _torch_small() if network == "small" else _torch_resnet()
    forward = torch.compile(model) if compiled else model
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    images, labels = map(torch.from_numpy, batch(network))
    images, labels = images.permute(0, 3, 1, 2).contiguous(), labels.long()

    def step() -> object:
        optimizer.zero_grad(set_to_none=True)
        loss = functional.cross_entropy(forward((images.float() / 255 - 0.5) / 0.3), labels)
        loss.backward()
        optimizer.step()
        return loss

    return step, lambda loss: loss.item()


def _torch_small() -> object:
    from torch import nn

    return nn.Sequential(
        *(nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(64 * 7 * 7, 128), nn.ReLU(), nn.Dropout(0.1), nn.Linear(128, CLASSES)),
    )


def _torch_resnet() -> object:
    """Return the resnet of 8 layers: He et al. 2015, arXiv:1512.03385, section 4.2, shortcuts of kind A."""
    from torch import nn
    from torch.nn import functional

    class Block(nn.Module):
        def __init__(self, inputs: int, outputs: int, stride: int):
            super().__init__()
            self.first = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
            self.second = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
            self.norms = nn.ModuleList([nn.BatchNorm2d(outputs), nn.BatchNorm2d(outputs)])
            self.stride, self.added = stride, outputs - inputs

        def forward(self, x: object) -> object:
            branch = functional.relu(self.norms[0](self.first(x)))
            branch = self.norms[1](self.second(branch))
            kept = functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.added))
            return functional.relu(kept + branch)

    return nn.Sequential(
        *(nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()),
        *(Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2)),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.1), nn.Linear(64, CLASSES)),
    )


if __name__ == "__main__":
    main()
