"""Writes an imported model as a run folder, with a checkpoint at step 0."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from dlcli import formats, techniques
from dlcli.engine.load import one_device, rebuilt
from dlcli.engine.program import Program
from dlcli.errors import RunError
from dlcli.files import LARGEST, size_text
from dlcli.importing.imported import Imported
from dlcli.importing.options import Import
from dlcli.interface import Facts
from dlcli.options.common import FitOptions
from dlcli.runs import new
from dlcli.runs.info import environment, shorten_example
from dlcli.runs.progress import Progress, Snapshot


@dataclasses.dataclass(frozen=True)
class Written:
    """An imported run.

    Attributes:
        folder: of the run.
        technique: its name.
        parameters: number of parameters.
        taken: paths of the parameters that come from the file.
        new: paths of the parameters that keep their initial values.
        unused: what of the file was not used, in words.
    """

    folder: Path
    technique: str
    parameters: int
    taken: tuple[str, ...]
    new: tuple[str, ...]
    unused: tuple[str, ...]

    def described(self) -> dict[str, Any]:
        """Return the result as JSON values."""
        found = {name: value for name, value in dataclasses.asdict(self).items() if name != "folder"}
        return {"run": str(self.folder), **found}


def write(imported: Imported, options: Import) -> Written:
    """Write the run, and return what it contains.

    Raises:
        RunError: the options, the facts or the weights do not fit each other.
        UsageError: the run folder is in use.
    """
    new.require_free(options)
    learner_type = techniques.learner(imported.technique)
    given = {"dataset": options.dataset} if options.dataset else {}
    trained: FitOptions = _valid(options, learner_type.Options, {**imported.options, **given})
    facts: Facts = _valid(options, learner_type.Facts, imported.facts)
    _require_readable(options, facts)
    program = rebuilt(options.path, learner_type, trained, facts, one_device())
    weights = _paths(program, imported) if imported.relative else dict(imported.weights)
    _require_fit(program, weights, imported, options.path)
    filled = {
        path: array.astype(program.shapes[path].dtype)
        for name, array in weights.items()
        for path in (name, program.averages.get(name))
        if path is not None
    }
    filled |= program.initial_without(filled.keys())
    arrays = {name: filled[name] for name in program.names}
    trained = trained.model_copy(update={"out": options.out, "name": options.name, "epochs": None})
    with new.started(imported.technique, trained) as run:
        update = {"out": run.folder, "name": None, **_tokenizer(run.folder, imported)}
        written = Written(
            run.folder,
            imported.technique,
            program.parameters,
            tuple(weights),
            tuple(path for path in program.weights if path not in weights),
            tuple(imported.unused),
        )
        info = {
            "technique": imported.technique,
            **environment(),
            "device": "cpu",
            "dtype": trained.dtype,
            "parameters": program.parameters,
            "data": {"dataset": trained.dataset, "digest": None, "sizes": {}},
            "example": shorten_example(imported.example),
            "imported": {"path": str(options.path), "new": list(written.new), "unused": list(written.unused)},
            "ended": {"reason": "imported", "step": 0},
        }
        run.create(trained.model_copy(update=update), facts, info, imported.files)
        run.save(0, arrays, Snapshot(progress=Progress()), keep=1)
        run.wait()
    return written


def _tokenizer(folder: Path, imported: Imported) -> dict[str, str]:
    """Return the option that names the tokenizer in the run folder, if the model brings one."""
    return {"tokenizer": str(folder.absolute() / "tokenizer.json")} if "tokenizer.json" in imported.files else {}


def _valid(options: Import, model: Any, values: Mapping[str, Any]) -> Any:
    try:
        return model.model_validate(dict(values), context={"kept": set(values)})
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(map(str, problem["loc"]))
        raise RunError(f"{options.path} does not fit this version of dlcli: {where}: {problem['msg']}") from error


def _require_readable(options: Import, facts: Facts) -> None:
    """Raise `RunError` if the vocabulary is too large for the file of a run that holds it."""
    if (size := len(facts.model_dump_json().encode())) > LARGEST:
        raise RunError(
            f"{options.path} has a vocabulary of {size_text(size)}, and a run folder has at most {size_text(LARGEST)}",
            hint="--max-words reads the first words of word vectors only",
        )


def _paths(program: Program, imported: Imported) -> dict[str, np.ndarray]:
    """Return the weights by path within the learner: in the first network that has all of their names and shapes."""
    roots = list(dict.fromkeys([path.split("/")[0] for path in program.weights if "/" in path])) or [""]
    for root in roots:
        paths = {name: "/".join(filter(None, [root, *name.split(".")])) for name in imported.weights}
        if all(
            path in program.shapes and program.shapes[path].shape == imported.weights[name].shape
            for name, path in paths.items()
        ):
            return {path: imported.weights[name] for name, path in paths.items()}
    return {f"{roots[0]}/{name.replace('.', '/')}": array for name, array in imported.weights.items()}


def _require_fit(
    program: Program,
    weights: Mapping[str, np.ndarray],
    imported: Imported,
    path: Path,
) -> None:
    """Raise `RunError` if a weight has no place or another shape, or one is missing."""
    known = set(program.weights)
    if strange := sorted(weights.keys() - known):
        raise RunError(f"{path} has weights that the model of its options lacks: {formats.parameters(strange)}")
    for name, array in weights.items():
        if array.shape != (expected := program.shapes[name].shape):
            raise RunError(f"{path} has {name} of shape {list(array.shape)}, but its options need {list(expected)}")
        if not np.isfinite(array).all():
            raise RunError(f"{path} has values in {name} that are not finite")
    missing = sorted(known - weights.keys())
    if missing and not imported.incomplete:
        raise RunError(f"{path} lacks weights of the model: {formats.parameters(missing)}")
