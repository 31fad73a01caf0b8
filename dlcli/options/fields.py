"""The base of all options models, and the metadata of their fields: look on the command line, and requirements."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationInfo, model_validator
from pydantic.fields import FieldInfo

_MAX_NAME, _MAX_PATH = 255, 4095  # bytes of a file name and of a path on Linux
_MAY_BE_PATHS = ("runs", "datasets", "images", "tables", "texts", "tokenizers")
_OFF = (None, False, 0, "", ())
Completion = Literal[
    "runs", "datasets", "images", "tables", "texts", "layers", "augmentations", "checks", "tokenizers", "formats"
]


@dataclasses.dataclass(frozen=True)
class Cli:
    """How a field looks on the command line, beyond its name, type and description.

    Attributes:
        short: short flag, such as "-s".
        argument: whether it is a positional argument.
        metavar: placeholder of the value in the help.
        complete: kind of values that shell completion offers.
        rare: whether only `--help-all` shows it.
        text: formats a default for the help; None: as its type is formatted.
    """

    short: str | None = None
    argument: bool = False
    metavar: str | None = None
    complete: Completion | None = None
    rare: bool = False
    text: Callable[[Any], str] | None = None


@dataclasses.dataclass(frozen=True)
class Needs:
    """Another option that this one requires to have an effect.

    Attributes:
        option: name of the other option, or several names of which one suffices.
        values: values of the other option, alone or in a list, with which this one has an effect; (): any but off.
        but: values of the other option with which this one has no effect.
        absent: whether this one has an effect only if the other one is off.
        of_run: whether the other one is a training option of the run that the command reads.
    """

    option: str | tuple[str, ...]
    values: tuple[Any, ...] = ()
    but: tuple[Any, ...] = ()
    absent: bool = False
    of_run: bool = False

    def satisfied(self, options: Mapping[str, Any]) -> bool:
        """Return whether the option has an effect with these values of all options."""
        return any(self._accepts(options.get(name)) for name in self._names())

    def message(self, name: str, value: Any, options: Mapping[str, Any]) -> str:
        """Return why the option `name` with this value has no effect."""
        given = flag(name) if isinstance(value, bool) else f"{flag(name)} {_text(value)}"
        run = "a run of " if self.of_run else ""
        there = " and ".join(f"{run}{flag(each)} {_text(options.get(each))}" for each in self._names())
        if self.absent or self.but:
            return f"{given} has no effect with {there}; omit it"
        flags = " or ".join(run + flag(each) for each in self._names())
        if not self.values:
            return f"{given} needs {flags}"
        return f"{given} needs {flags} {listed(self.values)}; with {there} it has no effect"

    def _names(self) -> tuple[str, ...]:
        return (self.option,) if isinstance(self.option, str) else self.option

    def _accepts(self, value: Any) -> bool:
        if self.but:
            return value not in self.but
        if not self.values:
            return (value in _OFF) == self.absent
        # The value may be a list such as "sgd,adam:0.1".
        parts = [part.split(":")[0].strip() for part in value.split(",")] if isinstance(value, str) else []
        return value in self.values or any(part in self.values for part in parts)


def flag(name: str) -> str:
    """Return the flag of a field: "--batch-size" for `batch_size`, "--class" for `class_`."""
    return "--" + name.removesuffix("_").replace("_", "-")


def cli(field: FieldInfo) -> Cli:
    """Return how a field looks on the command line."""
    return next((each for each in field.metadata if isinstance(each, Cli)), Cli())


class Options(BaseModel):
    """Base of all options: immutable; an unknown name is an error, and so is an option without effect.

    A given option whose `Needs` are not satisfied is refused if its value differs from the default. The validation
    context may have two sets of names: `flags` may not even repeat the default, unless it means off; `kept`, options
    of an existing run, are not checked.
    """

    # Only the models that a command validates are built, which makes `--help` faster.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)
    panel: ClassVar[str] = "Options"  # title of the help panel for the fields this class declares
    examples: ClassVar[tuple[str, ...]] = ()  # command lines shown below the help
    architecture: ClassVar[tuple[str, ...]] = ()  # training options that shape the network, which --init-from takes
    backbone: ClassVar[tuple[str, ...]] = ()  # those that shape its backbone, which --backbone-from takes
    # Training options; a run that is read must have one of them.
    requires: ClassVar[tuple[tuple[str, str | bool], ...]] = ()

    def require_fit(self, run: Any) -> None:
        """Raise `UserError` where a run, a `dlcli.runs.trained.TrainedRun`, cannot honour these options.

        Called before jax loads; for conditions that `Needs` and `requires` cannot express.
        """

    @model_validator(mode="after")
    def _valid_paths(self) -> Self:
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if isinstance(value, str | Path) and "\0" in str(value):
                raise ValueError(f"{flag(name)} must not contain the character NUL")
            if isinstance(value, Path) or (isinstance(value, str) and cli(field).complete in _MAY_BE_PATHS):
                longest = max(len(_bytes(part)) for part in str(value).split("/"))
                if longest > _MAX_NAME or len(_bytes(str(value))) > _MAX_PATH:
                    reason = f"{flag(name)} must have at most {_MAX_NAME} bytes per file name and {_MAX_PATH} in all"
                    raise ValueError(f"{reason}, found {max(longest, len(_bytes(str(value))))}")
        return self

    @model_validator(mode="after")
    def _refuse_options_without_effect(self, info: ValidationInfo) -> Self:
        context = info.context or {}
        values = {name: getattr(self, name) for name in type(self).model_fields}
        given = {name for name in self.model_fields_set if name not in context.get("kept", ())}
        unmet = {name: need for name in given if (need := unmet_need(type(self), name, values)) is not None}
        if not unmet:
            return self
        others = {name: values[name] for name in self.model_fields_set if name not in unmet}
        default = type(self).model_validate(others, context={"kept": set(values)})
        for name, need in unmet.items():
            repeated = name in context.get("flags", ()) and values[name] not in _OFF
            if repeated or values[name] != getattr(default, name):
                raise ValueError(need.message(name, values[name], values))
        return self


def can_read(model: type[Options], trained: Mapping[str, Any]) -> bool:
    """Return whether a command with these options can read a run trained with those."""
    return not model.requires or any(trained.get(name) == value for name, value in model.requires)


def unmet_need(model: type[Options], name: str, values: Mapping[str, Any], *, of_run: bool = False) -> Needs | None:
    """Return the first of an option's needs that `values` do not satisfy, or None."""
    needs = (each for each in model.model_fields[name].metadata if isinstance(each, Needs) and each.of_run == of_run)
    return next((need for need in needs if not need.satisfied(values)), None)


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def listed(values: Iterable[Any], word: str = "or") -> str:
    """Join values for a message: "a, b or c"."""
    *others, last = map(_text, values)
    return f"{', '.join(others)} {word} {last}" if others else last


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
