"""Builds options from values of the command line, of a file, or of a Python call; errors name what is valid."""

from __future__ import annotations

import types
import typing
from collections.abc import Collection, Iterable, Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from dlcli.errors import UsageError
from dlcli.nearest import did_you_mean, nearest
from dlcli.options.common import AUTO
from dlcli.options.fields import Options, cli, flag, listed
from dlcli.options.initialization import START_ONLY

Model = TypeVar("Model", bound=Options)

_LONGEST = 300  # characters of a wrong value that a message repeats

# What other tools call a value.
_VALUES = {
    "gpu": "cuda gpu:0 cuda:0 nvidia",
    "cosine": "cos",
    "inverse-sqrt": "noam rsqrt",
    "momentum": "sgdm sgd-momentum",
}


def validate(
    model: type[Options], values: Mapping[str, Any], *, flags: Iterable[str] = (), kept: Iterable[str] = ()
) -> Any:
    """Build the options.

    Args:
        model: their class.
        values: the given ones, by name.
        flags: names of those from the command line.
        kept: names of those that a run already has.

    Raises:
        UsageError: the message names the option, the reason and the value.
    """
    for name in values:
        if name not in model.model_fields:
            raise UsageError(f"there is no option {name}{did_you_mean(name, model.model_fields)}")
    try:
        return model.model_validate(dict(values), context={"flags": set(flags), "kept": set(kept)})
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        reason = problem["msg"].removeprefix("Value error, ").removeprefix("Input ").replace("'", "")
        if not problem["loc"]:
            raise UsageError(reason) from error
        name = str(problem["loc"][0])
        given = name.upper() if cli(model.model_fields[name]).argument else flag(name)
        value, known = problem["input"], choices(model.model_fields[name])
        if problem["type"] == "missing":
            raise UsageError(f"{given} is required{f': {listed(known)}' if known else ''}") from error
        if problem["type"] == "literal_error":
            reason = f"should be {listed(known)}"
        reason, _, suggestion = reason.partition("; did you mean ")  # of the field's own validator
        meant = suggestion.removesuffix("?") or _meant(str(value), [str(each) for each in known])
        near = f"; did you mean {meant!r}?" if meant else ""
        got = "" if reason.startswith(f"{value} ") else f", got {_short(value)}"  # not twice
        raise UsageError(f"{given} {reason}{got}{near}") from error


def changed(before: Model, changes: Mapping[str, Any]) -> Model:
    """Return the options of a run with changes; given `epochs` replace its `steps`.

    Raises:
        UsageError: as in `validate`.
    """
    for name in START_ONLY:
        if name in changes:
            raise UsageError(f"{flag(name)} sets the first weights of a new run; it cannot change on resume")
    if changes.get("learning_rate") == AUTO:
        raise UsageError("--learning-rate auto chooses the rate of a new run; on resume give a number")
    kept = before.model_dump(exclude={"steps", "epochs"} if "epochs" in changes else {"epochs"})
    found: Model = validate(type(before), {**kept, **changes}, flags=changes, kept=kept.keys() - changes.keys())
    return found


def choices(field: FieldInfo) -> list[Any]:
    """Return the choices of a field, sorted, numbers before texts; [] if it has none."""
    kind = item_type(bare_type(field.annotation))
    found = typing.get_args(kind) if typing.get_origin(kind) is Literal else ()
    return sorted(found, key=lambda each: (isinstance(each, str), each))


def bare_type(annotation: Any) -> Any:
    """Return a type without `| None` and `Annotated`."""
    if typing.get_origin(annotation) is Annotated:
        return bare_type(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return bare_type(next(each for each in typing.get_args(annotation) if each is not type(None)))
    return annotation


def item_type(kind: Any) -> Any:
    """Return the type of the items of a list or tuple; any other type unchanged."""
    return bare_type(typing.get_args(kind)[0]) if typing.get_origin(kind) in (list, tuple) else kind


def _meant(given: str, values: Collection[str]) -> str:
    """Return the choice that a value may have meant, or ""."""
    for meant, words in _VALUES.items():
        if given.lower() in words.split() and meant in values:
            return meant
    return next(iter(nearest(given, values)), "")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
