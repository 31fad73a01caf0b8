"""Step time of one run on several virtual devices and processes of one machine, and what a cluster would add.

    python tests/bench/scaling.py [--steps 60] [--json]

The batch is the same everywhere (strong scaling), so that with n devices each makes a part of 1/n. Virtual devices
share the cores of this machine: with more devices than cores, the table shows what dividing costs, not what it gains.
Per step, a ring all-reduce sends and receives 2 (n - 1) / n times the bytes of the gradients on each device (Patarasuk
and Yuan, "Bandwidth Optimal All-reduce Algorithms for Clusters of Workstations", 2009). The model of a cluster adds the
time that this takes at a bandwidth to the step of one device divided by n, without any overlap of the two.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

BATCH, CONTEXT = 32, 64
TRAIN = ["train", "transformer", "--batch-size", str(BATCH), "--context", str(CONTEXT), "--layers", "2"]
TRAIN += ["--d-model", "128", "--heads", "4", "--device", "cpu", "--validate-examples", "32"]
RUNS = [(1, 1), (2, 1), (4, 1), (8, 1), (1, 2)]  # devices of a process, and processes
BANDWIDTHS = {"1 Gbit/s": 0.125e9, "10 Gbit/s": 1.25e9, "100 Gbit/s": 12.5e9}  # bytes per second
HOSTS = (2, 4, 8)


def run(devices: int, processes: int, steps: int, text: Path) -> tuple[float, int]:
    """Train; return milliseconds per step, the median of the later half, and the number of parameters."""
    with tempfile.TemporaryDirectory(prefix="scaling-") as folder:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{probe.getsockname()[1]}"
        out = Path(folder, "run")
        every = max(1, steps // 12)
        arguments = [*TRAIN, "--dataset", str(text), "--steps", str(steps), "--report-every", str(every)]
        command = [sys.executable, "-m", "dlcli", *arguments, "--validate-every", str(steps), "--out", str(out)]
        started = []
        for index in range(processes):
            variables = {"DLCLI_CPU_DEVICES": str(devices)}
            if processes > 1:
                group = {"COORDINATOR": address, "PROCESSES": str(processes), "PROCESS": str(index)}
                variables |= {f"DLCLI_{name}": value for name, value in group.items()}
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            started.append(subprocess.Popen(command, env={**os.environ, **variables}, **quiet))
        if any([each.wait() for each in started]):
            raise SystemExit(f"{' '.join(command)} failed with {devices} devices in {processes} processes")
        records = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
        rates = [each["rate"] for each in records if each["split"] == "train"]
        parameters = json.loads((out / "run.json").read_text())["parameters"]
        return 1000 / statistics.median(rates[len(rates) // 2 :]), parameters


def reduced(parameters: int, devices: int) -> float:
    """Return the bytes that a device sends per step, and receives, to sum float32 gradients over the devices."""
    return 4 * parameters * 2 * (devices - 1) / devices


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=60, help="of each run")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    arguments = parser.parse_args()
    text = Path(__file__).parents[1] / "texts" / "jabberwocky.txt"
    rows = []
    for devices, processes in RUNS:
        milliseconds, parameters = run(devices, processes, arguments.steps, text)
        count = devices * processes
        rows.append(
            {
                "devices": count,
                "processes": processes,
                "step_ms": round(milliseconds, 1),
                "tokens_per_second": round(1000 * BATCH * CONTEXT / milliseconds),
                "efficiency": round(rows[0]["step_ms"] / milliseconds / count, 2) if rows else 1.0,
                "bytes_reduced": round(reduced(parameters, count)),
            }
        )
        if not arguments.json:
            print("  ".join(f"{name} {value:,}" for name, value in rows[-1].items()), flush=True)
    alone = rows[0]["step_ms"] / 1000
    model = {
        name: {
            hosts: round(alone / hosts / (alone / hosts + reduced(parameters, hosts) / bandwidth), 2) for hosts in HOSTS
        }
        for name, bandwidth in BANDWIDTHS.items()
    }
    if arguments.json:
        print(json.dumps({"parameters": parameters, "load": os.getloadavg()[0], "runs": rows, "model": model}))
        return
    print(f"{parameters:,} parameters, load {os.getloadavg()[0]:.1f}; efficiency of hosts like this one, by the model:")
    for name, found in model.items():
        print(f"  {name}: " + ", ".join(f"{hosts} hosts {value:.2f}" for hosts, value in found.items()))


if __name__ == "__main__":
    main()
