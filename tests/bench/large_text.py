"""Memory and time of training on a text larger than memory: `python tests/bench/large_text.py --size 2G`.

With `--table` it is a table of texts with labels, and a classifier is trained.

The text is generated, and removed afterwards. Memory is read from `/proc` while the run and its further processes
work, 5 times per second: anonymous memory (`RssAnon`), which the processes own, and the whole resident set, which also
counts pages of memory-mapped tokens that the system takes back when memory is short. A limit by `ulimit -v` measures
nothing here: XLA reserves gigabytes of addresses that it never uses.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import gzip
import json
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


def write_table(path: Path, size: int) -> None:
    """Write rows of 20 to 100 words with one of ten labels until there are about `size` bytes of text."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    draws = random.Random(0)
    words = ["".join(draws.choices("etaoinshrdlu", k=draws.randint(2, 9))) for _ in range(5_000)]
    schema = pa.schema([("text", pa.string()), ("label", pa.string())])
    table = pq.ParquetWriter(path, schema) if path.suffix == ".parquet" else None
    with contextlib.closing(table) if table else path.open("w", newline="") as file:
        if path.suffix == ".csv":
            file.write("text,label\r\n")
        written = 0
        while written < size:
            texts = [" ".join(draws.choices(words, k=draws.randint(20, 100))) for _ in range(1_000)]
            labels = [f"class {len(each) % 10}" for each in texts]
            rows = zip(texts, labels, strict=True)
            if table:
                table.write_table(pa.table([texts, labels], schema=schema))
            elif path.suffix == ".csv":
                csv.writer(file).writerows(rows)
            else:
                file.writelines(json.dumps({"text": text, "label": label}) + "\n" for text, label in rows)
            written += sum(map(len, texts))


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
    parser.add_argument("--table", choices=["csv", "jsonl", "parquet"], help="with labels, for a classifier")
    options = parser.parse_args()
    size = int(options.size[:-1]) * {"M": 2**20, "G": 2**30}[options.size[-1]]
    with tempfile.TemporaryDirectory(prefix="large-text-") as folder:
        text = Path(folder, f"text.{options.table or ('txt.gz' if options.compressed else 'txt')}")
        (write_table if options.table else write)(text, size)
        environment = {**os.environ, "DLCLI_CACHE": str(Path(folder, "cache")), "DLCLI_RUNS": folder}
        train = [sys.executable, "-m", "dlcli", "train", options.technique, "--dataset", str(text), "--steps", "50"]
        train += ["--validate-examples", "64"]
        train += ["--hidden", "64", "--tokenizer", options.tokenizer] if options.technique == "rnn" else []
        train += ["--task", "classify", "--context", "64"] if options.table else []
        for what in ("first run", "second run, with tokens and compiled functions of the cache"):
            for part, (seconds, own, resident) in measured(train, environment, Path(folder)).items():
                print(
                    f"{what}: {part}, until {seconds:.0f} s: {own:.0f} MiB own, {resident:.0f} MiB resident", flush=True
                )


if __name__ == "__main__":
    main()
