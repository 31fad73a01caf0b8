"""Times a training step of several programs on the same cores, alternating between them.

Each program runs in its own process and waits for its turn. The turns alternate, so that other load on the machine
affects all programs alike. The results are medians over the rounds.
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
import time
from collections.abc import Callable, Mapping

import numpy as np
from rich.console import Console
from rich.table import Table

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
DEVICE = os.environ.get("BENCHMARK_DEVICE", "cpu")  # cpu or gpu
DTYPE = os.environ.get("BENCHMARK_DTYPE", "float32")  # float32 or bfloat16: of activations
_OF_CPU = ("dlcli, 1 device", f"dlcli, {CORES} devices")
PROGRAMS = (*(_OF_CPU if DEVICE == "cpu" else _OF_CPU[:1]), "PyTorch, eager", "PyTorch, compiled")
STEPS = 3  # per turn; few, so that the turns of a round are close in time

# A function that starts a training step and returns its result, and a function that waits for a result.
Step = tuple[Callable[[], object], Callable[[object], object]]


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Programs whose steps are timed.

    Attributes:
        script: the file that calls `run`; it is started once per program.
        networks: description of a step by the name of the network.
        dlcli: builds the step of a network that the engine compiles.
        torch: builds the same step in PyTorch, compiled or eager.
        facts: values for `--json` besides the results.
    """

    script: str
    networks: Mapping[str, str]
    dlcli: Callable[[str], Step]
    torch: Callable[[str, bool], Step]
    facts: Mapping[str, object]

    def run(self) -> None:
        """Parse the command line, measure and print the results."""
        parser = argparse.ArgumentParser(description="Time a training step beside PyTorch's.")
        parser.add_argument("--rounds", type=int, default=40, help="rounds to measure")
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
        parser.add_argument("--worker", nargs=2, metavar=("NETWORK", "NAME"), help=argparse.SUPPRESS)
        arguments = parser.parse_args()
        if arguments.worker:
            self._serve(*arguments.worker)
            return
        if importlib.util.find_spec("torch") is None:
            print(
                "error: the benchmark compares with PyTorch, which is not installed: pip install torch", file=sys.stderr
            )
            sys.exit(2)
        results = {network: self._compare(network, arguments.rounds) for network in self.networks}
        if arguments.json:
            print(json.dumps({"cores": CORES, **self.facts, "rounds": arguments.rounds, "networks": results}))
            return
        for network, result in results.items():
            Console().print(_table(f"{network}: one step of {self.networks[network]}, {CORES} cores", result))

    def _compare(self, network: str, rounds: int) -> dict[str, dict[str, float]]:
        """Return the milliseconds per step of each program, and the ratio to the faster of the two of PyTorch.

        The ratio is the median over rounds of the ratio within a round, above 1 where the program is slower.
        """
        processes = {name: self._start(network, name) for name in PROGRAMS}
        turns: dict[str, list[float]] = {name: [] for name in PROGRAMS}
        for _ in range(rounds):
            for name, process in processes.items():
                turns[name].append(_turn(process, name))
        for process in processes.values():
            process.communicate("")
        peer = min((name for name in PROGRAMS if "PyTorch" in name), key=lambda name: statistics.median(turns[name]))
        return {name: _summary(turns[name], turns[peer]) for name in PROGRAMS}

    def _start(self, network: str, name: str) -> subprocess.Popen[str]:
        command = [sys.executable, self.script, "--worker", network, name]
        environment = {**os.environ, "DLCLI_CPU_DEVICES": name.split()[1] if "dlcli" in name else "1"}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        process = subprocess.Popen(command, env=environment, **pipes)
        _turn(process, name)  # compiles, not measured
        return process

    def _serve(self, network: str, name: str) -> None:
        """Run `STEPS` steps per line of standard input, and print the milliseconds per step."""
        step, wait = self.dlcli(network) if "dlcli" in name else self._torch(network, "compiled" in name)
        for _ in sys.stdin:
            wait(step())  # warm-up: threads and caches
            start = time.perf_counter()
            for _ in range(STEPS):
                last = step()
            wait(last)
            print((time.perf_counter() - start) / STEPS * 1e3, flush=True)

    def _torch(self, network: str, compiled: bool) -> Step:
        """Return the step in PyTorch, on the device and with the dtype of the benchmark."""
        import torch

        torch.set_default_device({"gpu": "cuda"}.get(DEVICE, DEVICE))
        step, wait = self.torch(network, compiled)

        def with_dtype() -> object:
            with torch.autocast(torch.get_default_device().type, torch.bfloat16, enabled=DTYPE == "bfloat16"):
                return step()

        return with_dtype, wait


def _turn(process: subprocess.Popen[str], name: str) -> float:
    process.stdin.write("go\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        print(f"error: the process of {name} ended early, with code {process.wait()}", file=sys.stderr)
        sys.exit(1)
    return float(line)


def to_torch(array: np.ndarray) -> object:
    """Return an array as a tensor on the device of the benchmark."""
    import torch

    return torch.from_numpy(array).to(torch.get_default_device())


def _summary(turns: list[float], peer: list[float]) -> dict[str, float]:
    ratios = [mine / theirs for mine, theirs in zip(turns, peer, strict=True)]
    low, median, high = statistics.quantiles(turns, n=4)
    return {"milliseconds": median, "low": low, "high": high, "ratio": statistics.median(ratios)}


def _table(title: str, result: dict[str, dict[str, float]]) -> Table:
    """Return one row per program."""
    rows = Table("program", title=title)
    for heading in ("median, ms", "quartiles, ms", "ratio to the faster PyTorch"):
        rows.add_column(heading, justify="right")
    for name, row in result.items():
        rows.add_row(name, f"{row['milliseconds']:.1f}", f"{row['low']:.1f} – {row['high']:.1f}", f"{row['ratio']:.2f}")
    return rows


def compiled_step(program: object, batch: Mapping[str, object]) -> Step:
    """Return the step of a program of the engine over one batch."""
    import jax

    from dlcli.engine import devices

    placed = jax.device_put(dict(batch), devices.split(program.mesh))
    state = [program.initial(), program.empty_window(placed)]

    def step() -> object:
        state[:] = program.update(*state, placed)
        return state

    return step, jax.block_until_ready
