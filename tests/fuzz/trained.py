"""Small runs of every technique there is, trained once; a case gets copies of them."""

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
from dlcli.cli.typer_options import flag
from tests.fuzz.harness import Place

SHORT = {"steps": 12, "report_every": 2, "validate_every": 4, "save_every": 3}
FURTHER = 16  # steps of a run that is resumed


def small(technique: str) -> dict[str, dict[str, Any]]:
    """Return the options of the small runs of a technique, by the run's name; the first has the technique's own.

    They are those of `tests/techniques/test_NAME.py`: `TINY`, for what a verb reads `RUNS`, and for densities `POINTS`.
    """
    module = importlib.import_module(f"tests.techniques.test_{technique}")
    short = SHORT if technique in techniques.having("resume") else {}
    found = {technique: {**module.TINY, **short}}
    for verb, changes in getattr(module, "RUNS", {}).items():
        found[f"{technique}-{verb}"] = {**module.TINY, **short, **changes}
    if hasattr(module, "POINTS"):
        found[f"{technique}-points"] = {**module.POINTS, **short}
    if technique == "transformer":  # the one shape that no verb asks for
        pairs = str(Path(__file__).parents[1] / "texts" / "numbers.tsv")
        found["transformer-pairs"] = {**module.TINY, **short, "shape": "encoder-decoder", "dataset": pairs}
    return found


def flags(options: Mapping[str, Any]) -> list[str]:
    """Return options as the command line has them."""
    words: list[str] = []
    for name, value in options.items():
        if isinstance(value, bool):
            words.append(flag(name) if value else f"--no-{flag(name)[2:]}")
        else:
            for each in value if isinstance(value, tuple) else (value,):
                words += [flag(name), str(each)]
    return words


class Trained:
    """The folder of the small runs.

    Attributes:
        names: of all runs, each with its technique.
        options: of each run, by its name.
        seconds: that each took to train.
    """

    def __init__(self, folder: Path):
        self.place, self._lock = Place(folder), threading.Lock()
        self.names: dict[str, str] = {}
        self.options: dict[str, dict[str, Any]] = {}
        for technique in techniques.names():
            for name, options in small(technique).items():
                self.names[name], self.options[name] = technique, options
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            self.seconds = dict(zip(self.names, pool.map(self._train, self.names), strict=True))

    def of(self, technique: str) -> list[str]:
        """Return the names of the runs of a technique."""
        return [name for name, owner in self.names.items() if owner == technique]

    def path(self, name: str) -> Path:
        return self.place.work / "runs" / name

    def resumed(self, name: str) -> Path:
        """Return a copy of a run that went on, as nothing disturbed it; made when it is first asked for."""
        whole = self.path(f"{name}-resumed")
        with self._lock:
            if not whole.exists():
                shutil.copytree(self.path(name), whole)
                ended = self.place.run("resume", whole, "--steps", FURTHER)
                if ended.code != 0:
                    raise RuntimeError(f"{ended.command} ended with {ended.code}: {ended.told}")
        return whole

    def copy(self, place: Place, names: Sequence[str] = ()) -> None:
        """Copy runs, all by default, to where the commands of a case find them."""
        for name in names or self.names:
            shutil.copytree(self.path(name), place.work / "runs" / name)

    def _train(self, name: str) -> float:
        ended = self.place.run("train", self.names[name], *flags({**self.options[name], "out": f"runs/{name}"}))
        if ended.code != 0:
            raise RuntimeError(f"{ended.command} ended with {ended.code}: {ended.told}")
        return ended.seconds
