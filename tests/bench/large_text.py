"""Memory and time of training on a text larger than memory: `python tests/bench/large_text.py --size 2G`.

The text is generated, and removed afterwards. Memory is read from `/proc` while the run and its further processes
work, 5 times per second: anonymous memory (`RssAnon`), which the processes own, and the whole resident set, which also
counts pages of memory-mapped tokens that the system takes back when memory is short. A limit by `ulimit -v` measures
nothing here: XLA reserves gigabytes of addresses that it never uses.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_BLOCKS, _BLOCK = 64, 2**20  # different blocks of text, and bytes of each
_EVERY = 0.2  # seconds between two readings


def write(path: Path, size: int) -> None:
    """Write blocks of words in random order, numbered, until there are `size` bytes of text; `.gz` is compressed."""
    draws = random.Random(0)
    letters = "etaoinshrdlucmfwypvbgkjqxz"
    words = ["".join(draws.choices(letters, range(26, 0, -1), k=draws.randint(1, 9))) for _ in range(5_000)]
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    blocks = [" ".join(draws.choices(words, weights, k=_BLOCK // 6)).encode() for _ in range(_BLOCKS)]
    with gzip.open(path, "wb", compresslevel=1) if path.suffix == ".gz" else path.open("wb") as file:
        while file.tell() < size:
            file.write(b"%d. %s\n\n" % (file.tell(), draws.choice(blocks).replace(b" e", b"\n", 10_000)))


def measured(command: list[str], environment: dict[str, str], runs: Path) -> dict[str, tuple[float, float, float]]:
    """Run a command; return seconds and the largest anonymous and resident MiB, before its run begins and after."""
    start = time.monotonic()
    found = {"reading and encoding": (0.0, 0.0, 0.0), "compiling and training": (0.0, 0.0, 0.0)}
    before = set(runs.glob("*/run.json"))
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        what = list(found)[set(runs.glob("*/run.json")) != before]
        memory = [_memory(each) for each in [process.pid, *_below(process.pid)]]
        own, resident = (sum(each[index] for each in memory) / 2**20 for index in range(2))
        found[what] = (time.monotonic() - start, max(found[what][1], own), max(found[what][2], resident))
        time.sleep(_EVERY)
    if process.returncode:
        raise SystemExit(f"exit code {process.returncode}: {' '.join(command)}")
    return found


def _memory(process: int) -> tuple[int, int]:
    with contextlib.suppress(OSError):
        lines = dict(line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
        if "RssAnon" in lines:
            return tuple(1024 * int(lines[name].split()[0]) for name in ("RssAnon", "VmRSS"))
    return 0, 0


def _below(process: int) -> list[int]:
    with contextlib.suppress(OSError):
        children = [
            int(each)
            for task in Path(f"/proc/{process}/task").iterdir()
            for each in (task / "children").read_text().split()
        ]
        return [each for child in children for each in (child, *_below(child))]
    return []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="2G", help="of the text, such as 200M")
    parser.add_argument("--tokenizer", default="characters", help="of rnn")
    parser.add_argument("--technique", default="rnn", choices=["rnn", "word2vec"])
    parser.add_argument("--compressed", action="store_true", help="as .gz")
    options = parser.parse_args()
    size = int(options.size[:-1]) * {"M": 2**20, "G": 2**30}[options.size[-1]]
    with tempfile.TemporaryDirectory(prefix="large-text-") as folder:
        text = Path(folder, "text.txt.gz" if options.compressed else "text.txt")
        write(text, size)
        environment = {**os.environ, "DLCLI_CACHE": str(Path(folder, "cache")), "DLCLI_RUNS": folder}
        train = [sys.executable, "-m", "dlcli", "train", options.technique, "--dataset", str(text), "--steps", "50"]
        train += ["--validate-examples", "64"]
        train += ["--hidden", "64", "--tokenizer", options.tokenizer] if options.technique == "rnn" else []
        for what in ("first run", "second run, with tokens and compiled functions of the cache"):
            for part, (seconds, own, resident) in measured(train, environment, Path(folder)).items():
                print(
                    f"{what}: {part}, until {seconds:.0f} s: {own:.0f} MiB own, {resident:.0f} MiB resident", flush=True
                )


if __name__ == "__main__":
    main()
