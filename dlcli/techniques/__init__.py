"""Techniques: each subfolder is one, and all have the same shape (see `dlcli/engine/learner.py`)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dlcli import discovery
from dlcli.errors import RunError

_FUNCTIONS = {"eval": "evaluate"}  # of the verbs whose file and function have different names


def names() -> list[str]:
    """Return the names of all techniques, in alphabetical order, without importing any."""
    return discovery.names(__name__, folders=True)


def having(verb: str) -> list[str]:
    """Return the names of the techniques that have a verb, without importing any: each verb is a file.

    Those with a learner have `resume`; the others, which take no gradient steps, have a file `train.py` instead.
    """
    files = {"train": ("learner.py", "train.py"), "resume": ("learner.py",)}.get(verb, (f"{verb}.py",))
    folders = {name: Path(__path__[0]) / name.replace("-", "_") for name in names()}
    return [name for name, folder in folders.items() if any((folder / file).exists() for file in files)]


def summary(name: str) -> str:
    """Return what a technique is, in one sentence."""
    return discovery.summary(__name__, name)


def options(name: str, verb: str) -> Any:
    """Return the options model of a technique's verb, or None if it has no such verb."""
    _require(name)
    return getattr(discovery.load(__name__, name, "options"), verb.title(), None)


def apply(verb: str, options: Any, run: Any) -> Any:
    """Apply a verb of a run's technique to the run, and return an artifact or an iterator of them; this loads jax.

    Args:
        verb: "eval", "sample", "predict" or "score".
        options: of the verb.
        run: a `TrainedRun`, the one that they name.
    """
    return getattr(discovery.load(__name__, run.technique, verb), _FUNCTIONS.get(verb, verb))(options, run)


def sample_each(several: Sequence[Any], run: Any) -> list[list[Any]]:
    """Return the pieces of the first text of each of several options of `sample`; this loads jax.

    Args:
        several: options of the verb, of a technique that generates text.
        run: a `TrainedRun`, the one that they name.
    """
    found: list[list[Any]] = discovery.load(__name__, run.technique, "sample").sample_each(several, run)
    return found


def learner(name: str) -> Any:
    """Return the `Learner` of a technique; this loads jax.

    Raises:
        RunError: there is no such technique, or it takes no gradient steps.
    """
    require_steps(name)
    return discovery.load(__name__, name, "learner").Learner


def require_steps(name: str) -> None:
    """Raise `RunError` if there is no such technique, or it takes no gradient steps; this loads no jax."""
    _require(name)
    if name not in having("resume"):
        raise RunError(f"a run of {name} has no training steps: choose a run of {', '.join(having('resume'))}")


def trainer(name: str) -> Any:
    """Return the module `train` of a technique without gradient steps (see `dlcli/engine/direct.py`)."""
    _require(name)
    return discovery.load(__name__, name, "train")


def _require(name: str) -> None:
    # The name may come from a run folder that another version wrote.
    if name not in names():
        raise RunError(f"a run must be of one of {', '.join(names())}, found {name!r}")
