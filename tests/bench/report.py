"""Runs the benchmarks and writes their table into README.md, with the machine and its load.

    python tests/bench/report.py [--rounds 10] [--write]

Steps are medians over rounds in which the programs alternate; see `comparison.py`, `sampling.py`, `word2vec.py` and
`whole_runs.py`.
Without `--write`, the table is only printed.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

README = Path(__file__).parents[2] / "README.md"
START, END = "<!-- benchmark: written by `make bench` -->", "<!-- end of benchmark -->"
STEPS = {
    "cnn.py": {"small": "CNN `small`, 128 images 28×28×1", "resnet": "CNN `resnet`, depth 8, 128 images 32×32×3"},
    "rnn.py": {"lstm": "LSTM, 32 rows of 64 tokens"},
    "transformer.py": {"gpt2": "transformer `gpt2`, 12 windows of 64 characters"},
    "gan.py": {"dcgan": "GAN, 64 digits"},
    "diffusion.py": {"u-net": "diffusion U-Net, 64 digits"},
}
SAMPLES = {
    "gpt2": "transformer `gpt2`, 16 texts at once",
    "gan": "GAN, images 8×8",
    "diffusion": "diffusion U-Net, 20 DDIM steps",
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Run the benchmarks and write their table.")
    parser.add_argument("--rounds", type=int, default=10, help="rounds of each comparison of steps")
    parser.add_argument("--write", action="store_true", help="write the table into README.md")
    arguments = parser.parse_args()
    loads = [os.getloadavg()[0]]
    steps: dict[str, dict[str, Any]] = {}
    for script in STEPS:
        steps |= {f"{script}/{name}": found for name, found in _results(script, arguments.rounds, "networks").items()}
        loads.append(os.getloadavg()[0])
    samples = _results("sampling.py", arguments.rounds, "networks")
    loads.append(os.getloadavg()[0])
    words = _results("word2vec.py", max(2, arguments.rounds // 3), "models")
    loads.append(os.getloadavg()[0])
    works = _results("whole_runs.py", max(2, arguments.rounds // 4), "works")
    introduction = _introduction(arguments.rounds, loads)
    sentences = f"{_words(words)} {_samples(samples)}"
    text = "\n".join([*introduction, "", *_steps(steps), "", *_whole(works), "", sentences])
    print(text)
    if arguments.write:
        whole = README.read_text()
        inside = re.compile(f"{re.escape(START)}.*?{re.escape(END)}", re.DOTALL)
        README.write_text(inside.sub(lambda _: f"{START}\n{text}\n{END}", whole))


def _results(script: str, rounds: int, key: str) -> dict[str, Any]:
    """Return what a benchmark prints with `--json`."""
    command = [sys.executable, str(Path(__file__).parent / script), "--rounds", str(rounds), "--json"]
    found = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    results: dict[str, Any] = json.loads(found)[key]
    return results


def _introduction(rounds: int, loads: list[float]) -> list[str]:
    versions = {name: importlib.metadata.version(name).split("+")[0] for name in ("torch", "jax", "gensim")}
    return [
        f"`tests/bench/report.py --rounds {rounds}` (`make bench`), {os.cpu_count()} cores of {_processor()}, "
        f"jax {versions['jax']}, PyTorch {versions['torch']}, gensim {versions['gensim']}, load {min(loads):.1f}",
        f"to {max(loads):.1f}. Ratios: medians over rounds, to the faster of PyTorch's two; below 1, dlcli is faster.",
    ]


def _processor() -> str:
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found.group(1).strip() if found else platform.processor() or platform.machine()


def _steps(steps: dict[str, dict[str, Any]]) -> list[str]:
    """Return the table of training steps; dlcli's time is that of its faster number of devices."""
    rows = ["| step of | dlcli | PyTorch, eager | PyTorch, compiled | ratio |", "|---|---|---|---|---|"]
    for script, names in STEPS.items():
        for name, title in names.items():
            found = steps[f"{script}/{name}"]
            own = [row for program, row in found.items() if "dlcli" in program]
            ours = min(own, key=lambda row: row["milliseconds"])
            times = ours, found["PyTorch, eager"], found["PyTorch, compiled"]
            cells = [f"{row['milliseconds']:.1f} ms" for row in times]
            rows.append(f"| {title} | {' | '.join(cells)} | {ours['ratio']:.2f} |")
    return rows


def _samples(networks: dict[str, dict[str, Any]]) -> str:
    """Return the sentence about generated tokens and images per second."""
    from sampling import AMOUNTS

    parts = []
    for network, found in networks.items():
        amount, unit = AMOUNTS[network]
        ours, peer = (
            min((row for program, row in found.items() if name in program), key=lambda row: row["milliseconds"])
            for name in ("dlcli", "PyTorch")
        )
        speeds = [f"{amount / row['milliseconds'] * 1e3:,.0f}" for row in (ours, peer)]
        parts.append(
            f"{SAMPLES[network]} {speeds[0]} {unit}/s, PyTorch {speeds[1]} (ratio of times {ours['ratio']:.2f})"
        )
    return "Generation: " + "; ".join(parts) + "."


def _whole(works: dict[str, dict[str, float]]) -> list[str]:
    """Return the table of whole runs."""
    from whole_runs import WORKS

    rows = [
        "| from command to saved model | dlcli, empty cache | dlcli | PyTorch, eager | ratio, empty cache | ratio |",
        "|---|---|---|---|---|---|",
    ]
    for name, found in works.items():
        cold, warm, peer = found["dlcli, cold"], found["dlcli, warm"], found["PyTorch"]
        cells = f"{cold:.1f} s | {warm:.1f} s | {peer:.1f} s | {cold / peer:.2f} | {warm / peer:.2f}"
        rows.append(f"| {WORKS[name].what}, {WORKS[name].steps:,} steps | {cells} |")
    return rows


def _words(models: dict[str, Any]) -> str:
    parts = [
        f"{name} {found['dlcli']['words'] * 1e3:,.0f} words per second, gensim {found['gensim']['words'] * 1e3:,.0f} "
        f"(ratio {found['dlcli']['ratio']:.2f}; above 1, dlcli is faster)"
        for name, found in models.items()
    ]
    return "word2vec: " + "; ".join(parts) + "."


if __name__ == "__main__":
    main()
