"""Tries every technique on a GPU, and times it there.

    python tests/bench/gpu.py [--small]

Prints one JSON object per result, as soon as it is there:

- `technique`: whether a run resumed in its middle has, bit for bit, the weights of the unbroken one, and how long
  training took.
- `step`: milliseconds of the steps of `make bench` on the GPU, in float32 and bfloat16, and their ratio to the faster
  of PyTorch's two.
- `gpt2`: tokens per second of GPT-2 with 124 million parameters in bfloat16, and the share of the GPU's peak that they
  are (model FLOPs utilization; Chowdhery et al. 2022, arXiv:2204.02311, appendix B).

`--small` runs on any device with tiny sizes, to try the script itself.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

STEPS = 20
COMMANDS: dict[str, list[str]] = {
    "mlp": [],
    "autoencoder": ["--variational"],
    "cnn": ["--dataset", "shapes", "--arch", "resnet", "--depth", "20"],
    "word2vec": [],
    "rnn": [],
    "transformer": ["--shape", "encoder-decoder"],
    "gan": ["--conditional"],
    "diffusion": ["--conditional"],
}
SAMPLES = {"rnn": [], "gan": ["--class", "3"], "diffusion": ["--class", "3"], "autoencoder": ["--count", "4"]}
SCRIPTS = ("cnn.py", "rnn.py", "transformer.py", "gan.py", "diffusion.py")
# Peak of dense bfloat16 products, FLOP/s, from NVIDIA's data sheets.
PEAKS = {"H200": 989e12, "H100": 989e12, "A100": 312e12, "L40S": 362e12, "L4": 121e12, "T4": 65e12}
GPT2 = {"layers": 12, "heads": 12, "d_model": 768, "context": 1024, "batch_size": 16}
SMALL = {"layers": 2, "heads": 2, "d_model": 32, "context": 64, "batch_size": 2}
VOCABULARY = 50_304


def main() -> None:
    parser = argparse.ArgumentParser(description="Try every technique on a GPU, and time it there.")
    parser.add_argument("--small", action="store_true", help="tiny sizes, on any device")
    arguments = parser.parse_args()
    device = "auto" if arguments.small else "gpu"
    with tempfile.TemporaryDirectory() as folder:
        for name in COMMANDS:
            show("technique", technique(name, Path(folder), device))
    show("gpt2", gpt2(device, **(SMALL if arguments.small else GPT2)))
    for script in SCRIPTS if not arguments.small else ():
        for dtype in ("float32", "bfloat16"):
            show("step", {"script": script, "dtype": dtype, "programs": steps(script, dtype)})


def show(kind: str, found: dict[str, Any]) -> None:
    print(json.dumps({"kind": kind, **found}), flush=True)


def technique(name: str, folder: Path, device: str) -> dict[str, Any]:
    """Train a run, train its second half again from the checkpoint in its middle, compare the weights, and sample."""
    start = time.perf_counter()
    options = [*COMMANDS[name], "--device", device, "--save-every", str(STEPS // 2)]
    whole, parts = folder / f"{name}-whole", folder / f"{name}-parts"
    _dlcli("train", name, *options, "--steps", str(STEPS), "--out", str(whole))
    seconds = time.perf_counter() - start
    shutil.copytree(whole, parts)
    shutil.rmtree(parts / "checkpoints" / f"{STEPS:08d}")
    _dlcli("resume", str(parts), "--device", device)
    if name in SAMPLES:
        _dlcli("sample", name, "--run", str(whole), *SAMPLES[name], cwd=folder)
    return {"technique": name, "seconds": round(seconds, 1), "bit_identical": _weights(whole) == _weights(parts)}


def _dlcli(*words: str, cwd: Path | None = None) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run(
        [sys.executable, "-m", "dlcli", *words], check=True, stdout=subprocess.DEVNULL, cwd=cwd, env=environment
    )


def _weights(folder: Path) -> dict[str, bytes]:
    """Return the arrays of the last checkpoint by name."""
    from dlcli.runs.checkpoints import Checkpoints

    checkpoints = Checkpoints(folder / "checkpoints")
    return {name: np.asarray(each).tobytes() for name, each in checkpoints.load(checkpoints.steps()[-1], None).items()}


def steps(script: str, dtype: str) -> dict[str, Any]:
    """Return the results of a comparison on the GPU."""
    environment = {**os.environ, "BENCHMARK_DEVICE": "gpu", "BENCHMARK_DTYPE": dtype}
    command = [sys.executable, str(Path(__file__).parent / script), "--rounds", "10", "--json"]
    found = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout
    networks: dict[str, Any] = json.loads(found)["networks"]
    return networks


def gpt2(device: str, **sizes: int) -> dict[str, Any]:
    """Time the training step of GPT-2 on random tokens."""
    import jax
    from comparison import compiled_step

    from dlcli.data.text import tokenizers
    from dlcli.engine import devices
    from dlcli.engine.program import Program
    from dlcli.techniques.transformer.facts import TransformerFacts
    from dlcli.techniques.transformer.learner import Learner
    from dlcli.techniques.transformer.options import Train

    devices.prepare(device)
    options = Train(**sizes, preset="gpt2", dtype="bfloat16", schedule="constant")
    letters = tokenizers.train("characters", 64, ["abc"])
    # Not validated: a tokenizer of this size would have to be trained first.
    facts = TransformerFacts.model_construct(tokenizer=letters.to_json(), vocabulary=VOCABULARY)
    program = Program(Learner, options, facts, devices.mesh(options.batch_size))
    shape = options.batch_size, options.context + 1
    tokens = np.random.default_rng(0).integers(0, VOCABULARY, shape).astype(np.int32)
    step, wait = compiled_step(program, {"tokens": tokens})
    for _ in range(3):
        wait(step())
    start = time.perf_counter()
    for _ in range(STEPS):
        last = step()
    wait(last)
    seconds = (time.perf_counter() - start) / STEPS
    rate = options.batch_size * options.context / seconds
    # The embeddings of positions are looked up, not multiplied; those of words are also the output weights.
    multiplied = program.parameters - options.context * options.d_model
    flops = 6 * multiplied + 12 * options.layers * options.d_model * options.context
    name = jax.devices()[0].device_kind
    peak = next((value for key, value in PEAKS.items() if key in name), None)
    return {
        "device": name,
        "parameters": program.parameters,
        "tokens_per_second": round(rate),
        "milliseconds": round(seconds * 1e3, 2),
        "model_flops_utilization": rate * flops / peak if peak else None,
    }


if __name__ == "__main__":
    main()
