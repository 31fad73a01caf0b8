"""Small runs of every technique, trained once per session; cases work on copies."""

from __future__ import annotations

import importlib
import os
import shutil
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from dlcli import techniques
from dlcli.options.fields import flag
from tests.fuzz.harness import Result, Sandbox

SHORT = {"steps": 12, "report_every": 2, "validate_every": 4, "save_every": 3}
RESUMED_STEPS = 16  # of a run that is resumed
STUDY = {"optimizer": "sgd", "rates": 1, "seeds": 2, "steps": 2}  # options of a small `dlcli study optimizers`
_TRAINING_TIMEOUT = 1200  # seconds; all tests need these runs, also on a busy machine
_TEXTS = Path(__file__).parents[1] / "texts"


def small(technique: str) -> dict[str, dict[str, Any]]:
    """Return the options of the small runs of a technique, by the run's name; the first has the technique's name.

    They come from `tests/techniques/test_NAME.py`: `TINY`, `RUNS` (runs that a verb needs) and `POINTS` (2-D data).
    """
    module = importlib.import_module(f"tests.techniques.test_{technique}")
    short = SHORT if technique in techniques.having("resume") else {}
    found = {technique: {**module.TINY, **short}}
    for verb, changes in getattr(module, "RUNS", {}).items():
        found[f"{technique}-{verb}"] = {**module.TINY, **short, **changes}
    if hasattr(module, "POINTS"):
        found[f"{technique}-points"] = {**module.POINTS, **short}
    if technique == "transformer":  # the one shape that no verb needs
        pairs = {"shape": "encoder-decoder", "dataset": str(_TEXTS / "numbers.tsv")}
        found["transformer-pairs"] = {**module.TINY, **short, **pairs}
    return found


def flags(options: Mapping[str, Any]) -> list[str]:
    """Return options as words of a command line."""
    words: list[str] = []
    for name, value in options.items():
        if isinstance(value, bool):
            words.append(flag(name) if value else f"--no-{flag(name)[2:]}")
        else:
            for each in value if isinstance(value, tuple) else (value,):
                words += [flag(name), str(each)]
    return words


class SmallRuns:
    """The small runs.

    Attributes:
        techniques: of each run, by the run's name.
        options: of each run, by its name.
        seconds: training time of each run, by its name.
    """

    def __init__(self, folder: Path):
        self.sandbox, self._lock = Sandbox(folder), threading.Lock()
        self.techniques: dict[str, str] = {}
        self.options: dict[str, dict[str, Any]] = {}
        for technique in techniques.names():
            for name, options in small(technique).items():
                self.techniques[name], self.options[name] = technique, options
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            self.seconds = dict(zip(self.techniques, pool.map(self._train, self.techniques), strict=True))

    @property
    def resumable(self) -> list[str]:
        """Return the names of the runs that can be resumed."""
        return [name for name, technique in self.techniques.items() if technique in techniques.having("resume")]

    def path(self, name: str) -> Path:
        return self.sandbox.work / "runs" / name

    def train_words(self, name: str, **changes: Any) -> list[str]:
        """Return the command that trains a run, with changed options."""
        return ["train", self.techniques[name], *flags({**self.options[name], **changes})]

    def resumed(self, name: str) -> Path:
        """Return a copy of a run that was resumed without a disturbance; made on first use."""
        copy = self.path(f"{name}-resumed")
        with self._lock:
            if not copy.exists():
                shutil.copytree(self.path(name), copy)
                self._require(self.sandbox.run("resume", copy, "--steps", RESUMED_STEPS))
        return copy

    def copy(self, sandbox: Sandbox, names: Sequence[str]) -> None:
        """Copy runs into the run folder of a sandbox."""
        for name in names:
            shutil.copytree(self.path(name), sandbox.work / "runs" / name)

    def _train(self, name: str) -> float:
        words = self.train_words(name, out=f"runs/{name}")
        return self._require(self.sandbox.run(*words, timeout=_TRAINING_TIMEOUT)).seconds

    @staticmethod
    def _require(result: Result) -> Result:
        if result.code != 0:
            raise RuntimeError(f"{result.command} ended with {result.code}: {result.stderr}")
        return result
