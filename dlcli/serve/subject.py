"""What is served: a run, or the surfaces that optimizers descend on."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from dlcli.errors import UsageError
from dlcli.figures.options.text import TokenProbabilities
from dlcli.files import as_json
from dlcli.options.fields import can_read
from dlcli.runs.description import described
from dlcli.runs.summary import summarize
from dlcli.runs.trained import TrainedRun
from dlcli.serve.action import Action, Kind
from dlcli.serve.options import SURFACES

_KINDS = {
    "cnn": "image",
    "mlp": "table",
    "gan": "generator",
    "autoencoder": "generator",
    "diffusion": "diffusion",
    "word2vec": "words",
}


@dataclasses.dataclass(frozen=True)
class Subject:
    """What is served.

    Attributes:
        title: name of the run.
        lead: a line below it.
        kind: the page and the entries of the API.
        about: description of the run, as JSON values.
    """

    title: str
    lead: str
    kind: Kind
    about: Mapping[str, Any]

    @property
    def actions(self) -> Mapping[str, Action]:
        """Entries of the API by name."""
        return self.kind.actions


def of_run(run: TrainedRun) -> Subject:
    """Return what is served of a run.

    Raises:
        UsageError: runs of this technique or task are not served.
    """
    kind = _kind(run)
    raw = run.files.raw("run.json")
    found = described(summarize(run.folder), raw)
    lead = "; ".join(filter(None, [f"{run.technique} on {found['data']}", found["best"]]))
    example = raw.get("example")
    about = {
        "run": run.folder.name,
        "technique": run.technique,
        "lead": lead,
        "example": example if isinstance(example, str) else "",
        "options": json.loads(as_json(run.files.raw("options.json"))),
    }
    return Subject(run.folder.name, lead, kind, about)


def surfaces() -> Subject:
    """Return the surfaces, which need no run."""
    kind = _module("surface")()
    lead = "paths of optimizers on surfaces of two variables"
    return Subject(SURFACES, lead, kind, {"run": SURFACES, "lead": lead, "example": ""})


def _kind(run: TrainedRun) -> Kind:
    if run.technique == "autoencoder" and not run.options.variational:
        return _module("codes")(run)
    if run.technique in _KINDS:
        return _module(_KINDS[run.technique])(run)
    if run.technique in TokenProbabilities.technique:
        language = can_read(TokenProbabilities, run.files.raw("options.json"))
        return _module("language" if language else "predict")(run)
    raise UsageError(f"dlcli serve needs a run of a network, {run.folder} is one of {run.technique}")


def _module(name: str) -> Callable[..., Kind]:
    found: Callable[..., Kind] = import_module(f"dlcli.serve.kinds.{name}").kind
    return found
