"""The first weights of a run: random ones, or those of another run where they fit."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dlcli import formats
from dlcli.engine.learner import AxisNames, Learner
from dlcli.engine.program import Leaves, Program
from dlcli.errors import RunError, UsageError
from dlcli.interface import Facts
from dlcli.nearest import did_you_mean
from dlcli.optim.factors import FIELD
from dlcli.options.common import FitOptions
from dlcli.options.fields import flag
from dlcli.options.initialization import InitFromOptions, Initialization, matches
from dlcli.runs.folder import RunFolder
from dlcli.runs.lookup import find


@dataclasses.dataclass(frozen=True)
class Taken:
    """What a run takes from another one, by parameter path.

    Attributes:
        source: folder of the other run.
        taken: parameters whose values come from it.
        partial: those of `taken` of which only some entries do, such as the tokens that both vocabularies have: how
            many, and of how many.
        new: parameters that keep their random values.
        left: parameters of the other run that are not used.
    """

    source: Path
    taken: tuple[str, ...]
    partial: Mapping[str, tuple[int, int]]
    new: tuple[str, ...]
    left: tuple[str, ...]

    def described(self) -> dict[str, Any]:
        """Return the values as JSON, for `run.json`."""
        return {**dataclasses.asdict(self), "source": str(self.source)}


def of(options: FitOptions) -> Initialization:
    """Return how the run gets its first weights."""
    return options.initialization if isinstance(options, InitFromOptions) else Initialization()


def initial(
    program: Program, learner_type: type[Learner], options: FitOptions, facts: Facts
) -> tuple[Leaves, Taken | None]:
    """Return the first state, and what it takes from another run if the options name one.

    Raises:
        RunError: the other run cannot be used.
    """
    leaves, taken, wanted = program.initial(), None, of(options)
    if wanted.source:
        arrays = program.to_host(leaves)
        taken = _take(program, learner_type, options, facts, arrays)
        leaves = program.from_host(arrays)
    if learner_type.warm_start is not Learner.warm_start:
        learner = program.local_learner(leaves)
        if learner.warm_start(options):
            leaves = program.leaves_of(learner)
    return leaves, taken


def require_freezable(program: Program, options: FitOptions) -> None:
    """Raise `UsageError` if a pattern of `--freeze` matches no parameter, or all are frozen."""
    frozen = of(options).frozen
    paths = program.parameter_paths
    for pattern in frozen:
        if not any(matches([pattern], path) for path in paths):
            modules = sorted({"/".join(path.split("/")[:end]) for path in paths for end in range(1, 6)})
            raise UsageError(
                f"--freeze {pattern} must match a parameter, found none{did_you_mean(pattern, modules)}",
                hint="--plan --full lists the paths",
            )
    if frozen and len(program.frozen) == len(paths):
        raise UsageError("--freeze must leave parameters to train, found none")


def _take(
    program: Program,
    learner_type: type[Learner],
    options: FitOptions,
    facts: Facts,
    arrays: dict[str, np.ndarray],
) -> Taken:
    """Replace arrays of a new run by those of its source where they fit; return which."""
    wanted = of(options)
    folder = find(wanted.source, learner_type.technique, wanted.flag)
    source = RunFolder(folder)
    found, _ = source.restore(None, "best")
    averages = program.averages
    found |= {name: found[average] for name, average in averages.items() if average in found}
    names = learner_type.axis_names(options, facts)
    others = learner_type.axis_names(source.options(learner_type), source.facts(learner_type))
    taken, partial = [], {}
    for path in program.weights:
        if path not in found or (wanted.only and not matches(wanted.only, path)):
            continue
        if (fitted := _fitted(arrays[path], found[path], names.get(path), others.get(path))) is None:
            continue
        arrays[path], count = fitted
        taken.append(path)
        if count is not None:
            partial[path] = count
    _require(program, options, folder, taken)
    for path in taken:
        if path in averages:
            arrays[averages[path]] = arrays[path]
    _set_factors(program, arrays, taken, wanted.lr_scale)
    roots = {path.split("/")[0] for path in program.weights}
    floats = (path for path, array in found.items() if np.issubdtype(array.dtype, np.floating))  # not random keys
    left = sorted(path for path in floats if path.split("/")[0] in roots and path not in taken)
    new = tuple(path for path in program.weights if path not in taken)
    return Taken(folder, tuple(taken), partial, new, tuple(left))


def _fitted(
    own: np.ndarray, other: np.ndarray, names: AxisNames | None, others: AxisNames | None
) -> tuple[np.ndarray, tuple[int, int] | None] | None:
    """Return the new value of an array and how many entries of how many it takes, None for all; None if none fits."""
    if names is None or others is None or tuple(names[1]) == tuple(others[1]):
        return (other.astype(own.dtype), None) if own.shape == other.shape else None
    axis, entries = names
    target, source = np.moveaxis(own.copy(), axis, 0), np.moveaxis(other, axis, 0)
    known = {name: index for index, name in enumerate(others[1])}
    pairs = [(index, known[name]) for index, name in enumerate(entries) if name in known]
    if not pairs or target.shape[1:] != source.shape[1:]:
        return None
    here, there = map(list, zip(*pairs, strict=True))
    target[here] = source[there]
    return np.moveaxis(target, 0, axis), (len(pairs), len(entries)) if len(pairs) < len(entries) else None


def _require(program: Program, options: FitOptions, folder: Path, taken: Sequence[str]) -> None:
    """Raise `RunError` if nothing fits, or not all that has to."""
    wanted = of(options)
    needed = [path for path in program.weights if wanted.only and matches(wanted.only, path)]
    model = type(options)
    flags = ", ".join(map(flag, model.backbone if wanted.only else model.architecture))
    hint = f"use the {flags} of {folder / 'options.json'}"
    if missing := [path for path in needed if path not in taken]:
        part = ", ".join(wanted.only)
        raise RunError(
            f"{wanted.flag} {folder} must have the {part.split('/')[-1]} of these options, found another: "
            f"{formats.parameters(missing)} differ",
            hint=hint,
        )
    if not taken:
        raise RunError(f"{wanted.flag} {folder} has no parameter that fits the network of these options", hint=hint)


def _set_factors(program: Program, arrays: dict[str, np.ndarray], taken: Sequence[str], scale: float) -> None:
    """Set the learning-rate factors of the parameters that were taken, in the states of the optimizers."""
    for optimizer, paths in program.optimized.items():
        for name in program.names:
            if name.startswith(f"{optimizer}/") and name.endswith(f"/{FIELD}"):
                arrays[name] = np.array([scale if path in taken else 1.0 for path in paths], np.float32)
