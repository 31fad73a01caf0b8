"""Times epochs of `dlcli train word2vec` against gensim's, on the same text and the same cores.

    python tests/bench/word2vec.py [--text FILE] [--rounds 5] [--json]

Each program runs in its own process; their turns alternate, so that other load on the machine affects both alike. A
turn is a number of words of running text, in whole epochs for gensim, with subsampling, contexts, negative samples and
updates; reading the text is excluded. gensim has as many workers as there are cores. Settings are the defaults of both:
100 dimensions, window 5, 5 negative samples, subsampling threshold 1e-3, minimum word count 5.
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
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.table import Table

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
MODELS = ("skip-gram", "cbow")
PROGRAMS = ("dlcli", "gensim")

Turn = Callable[[], int]  # trains, and returns the number of words of running text


def main() -> None:
    parser = argparse.ArgumentParser(description="Time word vectors beside gensim's.")
    parser.add_argument("--text", default="pydocs", help="data set, as for `dlcli train word2vec --dataset`")
    parser.add_argument("--rounds", type=int, default=5, help="rounds to measure")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument("--worker", nargs=2, metavar=("MODEL", "NAME"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        serve(*arguments.worker, arguments.text)
        return
    if importlib.util.find_spec("gensim") is None:
        print("error: the benchmark compares with gensim, which is not installed: pip install gensim", file=sys.stderr)
        sys.exit(2)
    results = {model: compare(model, arguments.text, arguments.rounds) for model in MODELS}
    if arguments.json:
        print(json.dumps({"cores": CORES, "text": arguments.text, "rounds": arguments.rounds, "models": results}))
        return
    for model, result in results.items():
        Console().print(table(model, result))


def compare(model: str, text: str, rounds: int) -> dict[str, dict[str, float]]:
    """Return thousands of words per second and program, and the ratio to gensim's: the median over rounds."""
    processes = {name: _start(model, name, text) for name in PROGRAMS}
    turns: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(rounds):
        for name, process in processes.items():
            turns[name].append(_turn(process, name))
    for process in processes.values():
        process.communicate("")
    return {name: _summary(turns[name], turns["gensim"]) for name in PROGRAMS}


def _start(model: str, name: str, text: str) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, "--text", text, "--worker", model, name]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, **pipes)
    _turn(process, name)  # compiles, not measured
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
    return {
        "words": statistics.median(turns),
        "low": min(turns),
        "high": max(turns),
        "ratio": statistics.median(ratios),
    }


def table(model: str, result: dict[str, dict[str, float]]) -> Table:
    """Return a row per program."""
    rows = Table("program", title=f"{model}: thousands of words per second, {CORES} cores")
    for heading in ("median", "range", "ratio to gensim"):
        rows.add_column(heading, justify="right")
    for name, row in result.items():
        rows.add_row(name, f"{row['words']:.0f}", f"{row['low']:.0f} – {row['high']:.0f}", f"{row['ratio']:.2f}")
    return rows


def serve(model: str, name: str, text: str) -> None:
    """Run a turn per line of standard input, and print the thousands of words per second."""
    turn = {"dlcli": dlcli_turn, "gensim": gensim_turn}[name](model, text)
    for _ in sys.stdin:
        start = time.perf_counter()
        words = turn()
        print(words / (time.perf_counter() - start) / 1e3, flush=True)


def dlcli_turn(model: str, text: str) -> Turn:
    """Return a turn of the step that the engine compiles, fed by the engine's own prefetching."""
    import jax

    from dlcli.engine import devices
    from dlcli.engine.prefetch import prefetch
    from dlcli.engine.program import Program
    from dlcli.techniques.word2vec.learner import Learner
    from dlcli.techniques.word2vec.options import Train

    devices.prepare("cpu")
    options = Train(dataset=text, model=model, steps=10**6)
    data = Learner.read(options)
    program = Program(Learner, options, data.facts, devices.mesh(options.batch_size))
    batches = prefetch(data.train_from(0), devices.split(program.mesh))
    state = [program.initial(), program.empty_window(next(batches))]
    steps = min(data.sizes["train"], 1_000_000) // options.batch_size

    def turn() -> int:
        for _ in range(steps):
            state[:] = program.update(*state, next(batches))
        jax.block_until_ready(state)
        return steps * options.batch_size

    return turn


def gensim_turn(model: str, text: str) -> Turn:
    """Return a turn of gensim over the same sentences."""
    from gensim.models import Word2Vec

    from dlcli.data.text import words

    corpus = words.read(text, words.VocabularyOptions("[a-z']+", True, 5))
    names, train = corpus.facts.words, corpus.splits["train"]
    share = max(1, len(train.words) // 1_000_000)  # every so many sentences, for turns as long as dlcli's

    def sentences() -> Iterator[list[str]]:
        for start, end in zip(train.starts[:-1:share], train.starts[1::share], strict=True):
            yield [names[number] for number in train.words[start:end]]

    chosen = list(sentences())
    count = sum(map(len, chosen))
    trained = Word2Vec(vector_size=100, sg=int(model == "skip-gram"), workers=CORES, min_count=1, sample=1e-3)
    trained.build_vocab_from_freq(dict(zip(names, corpus.facts.counts, strict=True)))

    def turn() -> int:
        trained.train(chosen, total_examples=len(chosen), epochs=1)
        return count

    return turn


if __name__ == "__main__":
    main()
