"""The ranges of `--param NAME=RANGE`, checked against the types and bounds of the options. Loads no jax."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import create_model

from dlcli.errors import UsageError
from dlcli.nearest import did_you_mean
from dlcli.options.common import Options
from dlcli.options.fields import flag
from dlcli.tuning.options import OF_THE_SEARCH
from dlcli.validation import bare_type, choices, validate

_DIGITS = 4  # significant digits of a value that the search chooses


@dataclasses.dataclass(frozen=True)
class Choices:
    """Some values of an option.

    Attributes:
        name: of the option.
        values: the values.
    """

    name: str
    values: tuple[Any, ...]

    @property
    def ends(self) -> tuple[Any, ...]:
        """The values to check before the search."""
        return self.values

    @property
    def text(self) -> str:
        """The range as `--param` takes it."""
        return ("|" if any("," in str(each) for each in self.values) else ",").join(map(str, self.values))

    def rounded(self, value: Any) -> Any:
        """Return a chosen value as the option takes it."""
        return value


@dataclasses.dataclass(frozen=True)
class Interval:
    """All values of an option from `low` to `high`, both included.

    Attributes:
        name: of the option.
        low, high: its ends.
        log: whether values are spread evenly in the logarithm.
    """

    name: str
    low: float
    high: float
    log: bool

    @property
    def whole(self) -> bool:
        """Whether the values are integers."""
        return isinstance(self.low, int)

    @property
    def ends(self) -> tuple[Any, ...]:
        """The values to check before the search."""
        return self.low, self.high

    @property
    def text(self) -> str:
        """The range as `--param` takes it."""
        return f"{self.low:g}..{self.high:g}{':log' if self.log else ''}"

    def rounded(self, value: Any) -> Any:
        """Return a chosen value as the option takes it: with few digits, so that it can be read and copied."""
        return int(value) if self.whole else min(max(float(f"{value:.{_DIGITS}g}"), self.low), self.high)


Range = Choices | Interval


def parse(model: type[Options], texts: Sequence[str], given: Mapping[str, Any]) -> list[Range]:
    """Return the ranges of a search.

    Args:
        model: the options of the technique's `train`.
        texts: such as "learning-rate=1e-4..1e-1:log".
        given: options of every run, by name.

    Raises:
        UsageError: a text is not valid, or names what is no option or outside the bounds of the option.
    """
    if not texts:
        hint = "for example: --param learning-rate=1e-4..1e-1:log"
        raise UsageError("--param is missing: the search needs an option and its range", hint=hint)
    found: dict[str, Range] = {}
    for text in texts:
        each = _parsed(model, text)
        if each.name in found:
            raise UsageError(f"--param must name each option once, found {flag(each.name)} twice")
        if each.name in given:
            raise UsageError(f"give {flag(each.name)} or --param {text}, not both")
        found[each.name] = each
    return list(found.values())


def _parsed(model: type[Options], text: str) -> Range:
    written, _, values = text.partition("=")
    name = written.strip().lstrip("-").replace("-", "_")
    name = name if name in model.model_fields else f"{name}_" if f"{name}_" in model.model_fields else name
    if name not in model.model_fields or name in OF_THE_SEARCH:
        tunable = [each.replace("_", "-") for each in model.model_fields if each not in OF_THE_SEARCH]
        raise UsageError(f"--param {text}: there is no option {written!r} to search{did_you_mean(written, tunable)}")
    if not values.strip():
        raise UsageError(f"--param {text} must be NAME=RANGE", hint=f"such as --param {written}=A..B or {written}=A,B")
    if ".." in values and not values.startswith((".", "/")):
        return _interval(model, name, text, values)
    parts = values.split("|") if "|" in values else values.split(",")
    checked = tuple(dict.fromkeys(_checked(model, name, part.strip(), text) for part in parts))
    return Choices(name, checked)


def _interval(model: type[Options], name: str, text: str, values: str) -> Interval:
    ends, _, scale = values.partition(":")
    field = model.model_fields[name]
    if scale not in ("", "log"):
        raise UsageError(f"--param {text}: the scale must be log, got {scale!r}")
    if bare_type(field.annotation) not in (int, float):
        known = choices(field)
        hint = f"name values: --param {flag(name)[2:]}={','.join(map(str, known[:3]))}" if known else ""
        raise UsageError(f"--param {text}: {flag(name)} is not a number with a range", hint=hint)
    low, high = (_checked(model, name, end.strip(), text) for end in (*ends.split("..", 1),))
    if not low < high:
        raise UsageError(f"--param {text}: the range must rise, got {low} to {high}")
    if scale and low <= 0:
        raise UsageError(f"--param {text}: a logarithmic range must start above 0")
    return Interval(name, low, high, bool(scale))


def _checked(model: type[Options], name: str, written: str, text: str) -> Any:
    """Return a value of an option, converted to its type; raise `UsageError` if it is not valid."""
    field = model.model_fields[name]
    known = choices(field)
    value: Any = written
    if known and not isinstance(known[0], str):
        value = next((each for each in known if str(each) == written), written)
    alone = create_model("Alone", __base__=Options, **{name: (field.annotation, field)})  # type: ignore[call-overload]
    try:
        return getattr(validate(alone, {name: value}, kept=[name]), name)
    except UsageError as error:
        raise UsageError(f"--param {text}: {error}", hint=error.hint) from error
