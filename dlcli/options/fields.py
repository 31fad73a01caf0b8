"""How options models are declared: their base, and what a field says beyond its type, bounds and description."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationInfo, model_validator
from pydantic.fields import FieldInfo

_NAME, _PATH = 255, 4095  # bytes that a part of a path, and a path, may have on Linux
_NAMING = ("runs", "datasets", "images", "texts", "tokenizers")  # values that may be paths
_OFF = (None, False, 0, "", ())
Offered = Literal["runs", "datasets", "images", "texts", "layers", "augmentations", "checks", "tokenizers"]


@dataclasses.dataclass(frozen=True)
class Cli:
    """How a field looks on the command line, beyond its name, type and description.

    Attributes:
        short: such as "-s".
        argument: whether it is given by its place rather than by a flag.
        metavar: what stands for the value in the help.
        complete: what the shell offers for the value.
        rare: whether `--help` leaves it to `--help-all`.
    """

    short: str | None = None
    argument: bool = False
    metavar: str | None = None
    complete: Offered | None = None
    rare: bool = False


@dataclasses.dataclass(frozen=True)
class Needs:
    """Another option without which this one does nothing.

    Attributes:
        option: its name, or the names of several of which one suffices.
        values: those with which this one does something, alone or as parts of a list; none: any but off or empty.
        but: values with which it does nothing.
        absent: whether it does something only where the other one is off or empty.
        of_run: whether the other one is an option of the training of the run that is read.
    """

    option: str | tuple[str, ...]
    values: tuple[Any, ...] = ()
    but: tuple[Any, ...] = ()
    absent: bool = False
    of_run: bool = False

    def met(self, options: Mapping[str, Any]) -> bool:
        """Tell whether the option does something among these."""
        return any(self._holds(options.get(name)) for name in self._names())

    def said(self, name: str, value: Any, options: Mapping[str, Any]) -> str:
        """Return why the option `name` with this value does nothing."""
        given = flag(name) if isinstance(value, bool) else f"{flag(name)} {_text(value)}"
        run = "a run of " if self.of_run else ""
        there = " and ".join(f"{run}{flag(each)} {_text(options.get(each))}" for each in self._names())
        if self.absent or self.but:
            return f"{given} does nothing with {there}; leave it out"
        flags = " or ".join(run + flag(each) for each in self._names())
        if not self.values:
            return f"{given} needs {flags}: without it, it does nothing"
        return f"{given} needs {flags} {_listed(self.values)}: with {there} it does nothing"

    def _names(self) -> tuple[str, ...]:
        return (self.option,) if isinstance(self.option, str) else self.option

    def _holds(self, value: Any) -> bool:
        if self.but:
            return value not in self.but
        if not self.values:
            return (value in _OFF) == self.absent
        # A list such as "sgd,adam:0.1" names several.
        parts = [part.split(":")[0].strip() for part in value.split(",")] if isinstance(value, str) else []
        return value in self.values or any(part in self.values for part in parts)


def flag(name: str) -> str:
    """Return a field's name as the command line has it; `class_`, as Python has to spell it, is --class."""
    return "--" + name.removesuffix("_").replace("_", "-")


def cli(field: FieldInfo) -> Cli:
    """Return how a field looks on the command line."""
    return next((each for each in field.metadata if isinstance(each, Cli)), Cli())


class Options(BaseModel):
    """Base of all options: immutable; a misspelt name is an error, and so is an option that would do nothing.

    Of the options that are given, those that do nothing beside the others (`Needs`) are refused where they differ
    from what they would be if they were left out. A validation's context may hold two sets of names: `flags` may not
    even repeat that value, unless it means off; `kept`, of a run that exists, are taken as they are.
    """

    # Deferred: only the models that a command validates are built, which makes `--help` faster.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)
    panel: ClassVar[str] = "Options"  # title of the help panel for the fields this class declares
    examples: ClassVar[tuple[str, ...]] = ()  # command lines shown below the help
    of_runs: ClassVar[tuple[tuple[str, str], ...]] = ()  # options of training, of which a run to read has one

    def require_fit(self, run: Any) -> None:
        """Raise `UserError` where a run, a `dlcli.runs.trained.TrainedRun`, cannot honour these options.

        Called before jax loads; for what `Needs` and `of_runs` cannot say.
        """

    @model_validator(mode="after")
    def _names_that_can_be(self) -> Self:
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if isinstance(value, str | Path) and "\0" in str(value):
                raise ValueError(f"{flag(name)} must not hold the character NUL")
            if isinstance(value, Path) or (isinstance(value, str) and cli(field).complete in _NAMING):
                longest = max(len(_bytes(part)) for part in str(value).split("/"))
                if longest > _NAME or len(_bytes(str(value))) > _PATH:
                    reason = f"{flag(name)} must name a file in at most {_NAME} bytes, and its path in {_PATH}"
                    raise ValueError(f"{reason}, found {max(longest, len(_bytes(str(value))))}")
        return self

    @model_validator(mode="after")
    def _without_idle_options(self, info: ValidationInfo) -> Self:
        told = info.context or {}
        values = {name: getattr(self, name) for name in type(self).model_fields}
        given = {name for name in self.model_fields_set if name not in told.get("kept", ())}
        idle = {name: rule for name in given if (rule := idle_rule(type(self), name, values)) is not None}
        if not idle:
            return self
        others = {name: values[name] for name in self.model_fields_set if name not in idle}
        usual = type(self).model_validate(others, context={"kept": set(values)})
        for name, rule in idle.items():
            repeated = name in told.get("flags", ()) and values[name] not in _OFF
            if repeated or values[name] != getattr(usual, name):
                raise ValueError(rule.said(name, values[name], values))
        return self


def reads(model: type[Options], trained: Mapping[str, Any]) -> bool:
    """Tell whether a command with these options can read a run that was trained with those."""
    return not model.of_runs or any(trained.get(name) == value for name, value in model.of_runs)


def idle_rule(model: type[Options], name: str, values: Mapping[str, Any], *, of_run: bool = False) -> Needs | None:
    """Return the rule by which an option does nothing among `values`, if there is one."""
    rules = (each for each in model.model_fields[name].metadata if isinstance(each, Needs) and each.of_run == of_run)
    return next((rule for rule in rules if not rule.met(values)), None)


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _listed(values: tuple[Any, ...]) -> str:
    *others, last = map(_text, values)
    return f"{', '.join(others)} or {last}" if others else last


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
