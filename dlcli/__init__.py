"""A deep-learning laboratory for the terminal, and from Python.

>>> run = dlcli.train("cnn", dataset="digits", steps=500)
>>> run.evaluate()["accuracy"]

`import dlcli` loads nothing heavy; each name below is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlcli.api import Run, draw, evaluate, import_model, load, predict, report, sample, score, train
    from dlcli.errors import UserError
    from dlcli.tuned import Tuned, tune

__version__ = "0.2.0"
__all__ = [
    "Run",
    "Tuned",
    "UserError",
    "draw",
    "evaluate",
    "import_model",
    "load",
    "predict",
    "report",
    "sample",
    "score",
    "train",
    "tune",
]
_ELSEWHERE = {"UserError": "dlcli.errors", "Tuned": "dlcli.tuned", "tune": "dlcli.tuned"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_ELSEWHERE.get(name, "dlcli.api")), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
