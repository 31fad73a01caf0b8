"""Times steps of several programs in turns, on the same cores.

Each contender is a process of its own that waits for its turn; the turns alternate, so that all meet
the same moods of the machine. The figures are medians over turns.
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

from rich.console import Console
from rich.table import Table

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
CONTENDERS = ("dlcli, 1 device", f"dlcli, {CORES} devices", "PyTorch, eager", "PyTorch, compiled")
STEPS = 3  # in a turn: few, so that the turns of a round are close in time

# Makes a step and returns what its end is waited for by; and the function that waits.
Contender = tuple[Callable[[], object], Callable[[object], object]]


@dataclasses.dataclass(frozen=True)
class Contest:
    """What is timed.

    Attributes:
        script: the file that `run` is called in; it is started anew for each contender.
        networks: what a step is of, by the name of each network.
        dlcli: builds the step of a network that the engine compiles.
        torch: builds the same step in PyTorch, compiled or not.
        facts: what `--json` says beside the results.
    """

    script: str
    networks: Mapping[str, str]
    dlcli: Callable[[str], Contender]
    torch: Callable[[str, bool], Contender]
    facts: Mapping[str, object]

    def run(self) -> None:
        """Do what the command line asks for."""
        parser = argparse.ArgumentParser(description="Time a training step beside PyTorch's.")
        parser.add_argument("--rounds", type=int, default=40, help="turns of each contender")
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
        parser.add_argument("--contend", nargs=2, metavar=("NETWORK", "NAME"), help=argparse.SUPPRESS)
        arguments = parser.parse_args()
        if arguments.contend:
            self._contend(*arguments.contend)
            return
        if importlib.util.find_spec("torch") is None:
            print("error: the benchmark compares with PyTorch, which is not here: pip install torch", file=sys.stderr)
            sys.exit(2)
        results = {network: self._compete(network, arguments.rounds) for network in self.networks}
        if arguments.json:
            print(json.dumps({"cores": CORES, **self.facts, "rounds": arguments.rounds, "networks": results}))
            return
        for network, result in results.items():
            Console().print(_table(f"{network}: one step of {self.networks[network]}, {CORES} cores", result))

    def _compete(self, network: str, rounds: int) -> dict[str, dict[str, float]]:
        """Return milliseconds a step for each contender, and the ratio to the better of PyTorch's two.

        The ratio is the median over rounds of the ratio within a round, above 1 where the contender is slower.
        """
        processes = {name: self._start(network, name) for name in CONTENDERS}
        turns: dict[str, list[float]] = {name: [] for name in CONTENDERS}
        for _ in range(rounds):
            for name, process in processes.items():
                turns[name].append(_turn(process, name))
        for process in processes.values():
            process.communicate("")
        peer = min((name for name in CONTENDERS if "PyTorch" in name), key=lambda name: statistics.median(turns[name]))
        return {name: _summary(turns[name], turns[peer]) for name in CONTENDERS}

    def _start(self, network: str, name: str) -> subprocess.Popen[str]:
        command = [sys.executable, self.script, "--contend", network, name]
        environment = {**os.environ, "DLCLI_CPU_DEVICES": name.split()[1] if "dlcli" in name else "1"}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        process = subprocess.Popen(command, env=environment, **pipes)
        _turn(process, name)  # the first compiles, and is not counted
        return process

    def _contend(self, network: str, name: str) -> None:
        """Make `STEPS` steps for each line on standard input, and print the milliseconds that one took."""
        step, wait = self.dlcli(network) if "dlcli" in name else self.torch(network, "compiled" in name)
        for _ in sys.stdin:
            wait(step())  # wakes the threads and fills the caches
            start = time.perf_counter()
            for _ in range(STEPS):
                last = step()
            wait(last)
            print((time.perf_counter() - start) / STEPS * 1e3, flush=True)


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


def _table(title: str, result: dict[str, dict[str, float]]) -> Table:
    """Return a row for each contender."""
    rows = Table("contender", title=title)
    for heading in ("median, ms", "quartiles, ms", "ratio to the better PyTorch"):
        rows.add_column(heading, justify="right")
    for name, row in result.items():
        rows.add_row(name, f"{row['milliseconds']:.1f}", f"{row['low']:.1f} – {row['high']:.1f}", f"{row['ratio']:.2f}")
    return rows


def compiled_step(program: object, batch: Mapping[str, object]) -> Contender:
    """Return the step of a program of the engine over one batch."""
    import jax

    from dlcli.engine import devices

    placed = jax.device_put(dict(batch), devices.split(program.mesh))
    state = [program.initial(), program.empty_window(placed)]

    def step() -> object:
        state[:] = program.update(*state, placed)
        return state

    return step, jax.block_until_ready
