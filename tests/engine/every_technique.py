"""Short runs of every technique, in one process or in several: `python -m tests.engine.every_technique FOLDER`."""

from __future__ import annotations

import importlib
import sys
import time
from pathlib import Path
from typing import Any

from dlcli import techniques
from dlcli.files import as_json
from dlcli.options.common import Options

LEARNERS = techniques.having("resume")
STEPS, STOPPED = 100, 40
# Plain gradient descent: Adam and Muon divide gradients near zero by their own size, which amplifies rounding errors.
_SGD = {"optimizer": "sgd", "steps": STEPS, "report_every": 10, "validate_every": 50, "save_every": 25}


def tiny(name: str, folder: Path, **changes: Any) -> Any:
    """Return the options of a short run whose batches two processes divide."""
    given = {**importlib.import_module(f"tests.techniques.test_{name}").TINY, **changes}
    model = techniques.options(name, "train")
    return model(**{key: value for key, value in given.items() if key in model.model_fields}, out=folder / name)


def main(folder: Path, stopped: int | None = None) -> None:
    """Train a run of each technique, stopped once and resumed, and measure it.

    Args:
        folder: of the runs; what is measured is written there, to a file per process.
        stopped: step from which on the runs are stopped; None: they are not.
    """
    from dlcli import engine
    from dlcli.engine import devices, group
    from dlcli.engine.evaluate import evaluate
    from dlcli.techniques.opening import open_run

    def rule(progress: Any) -> str | None:
        if stopped is None or progress.step < stopped or progress.step == STEPS:
            return None
        time.sleep(0.02)  # the processes agree on the step
        return "SIGTERM" if group.current().index == group.current().count - 1 else None

    devices.prepare("cpu", join=True)
    measured = {}
    for name in LEARNERS:
        learner, options = techniques.learner(name), tiny(name, folder, **_SGD)
        list(engine.fit(learner, options, rule))
        if stopped is not None:
            list(engine.resume(learner, folder / name, {}))
        group.current().barrier()  # process 0 has written the run
        measured[name] = evaluate(open_run(folder / name), Options()).described()
    (folder / f"measured-{group.current().index}.json").write_text(as_json(measured))
    group.current().leave()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
