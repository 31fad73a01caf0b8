"""The space of a search: ranges, and the options that all runs share. Loads no jax."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from dlcli import techniques
from dlcli.errors import UsageError
from dlcli.options.defaults import DependentDefaults
from dlcli.options.fields import Needs, Options, flag, unmet_need
from dlcli.techniques.inheriting import inherited
from dlcli.tuning.ranges import Choices, Range
from dlcli.validation import validate

_CHECKED = 64  # combinations of the ends of the ranges that are validated before the search
_MAX_GRID = 100_000  # combinations of a grid
_VALIDATIONS = 10  # of a run, at least, so that it can be pruned


@dataclasses.dataclass(frozen=True)
class Space:
    """What a search varies, and what it does not.

    A parameter whose option has no effect with the other values of a trial is left out of the trial.

    Attributes:
        technique: its name.
        fixed: given options of all runs, by name.
        ranges: of the parameters, by name.
    """

    technique: str
    fixed: Mapping[str, Any]
    ranges: Mapping[str, Range]

    @classmethod
    def of(cls, technique: str, fixed: Mapping[str, Any], ranges: Sequence[Range]) -> Space:
        """Return a space whose parameters stand after those that they depend on."""
        named = {each.name: each for each in ranges}
        return cls(technique, fixed, dict(sorted(named.items(), key=lambda item: _depth(technique, item[0], named))))

    @property
    def model(self) -> type[Options]:
        """The options of a run."""
        model: type[Options] = techniques.options(self.technique, "train")
        return model

    def options(self, values: Mapping[str, Any], **more: Any) -> Any:
        """Return the options of a run with these values of the parameters; raise `UsageError` if they do not fit."""
        given = {**self.fixed, **values}
        taken = inherited(self.technique, self.model, given)
        steps = given.get("steps")
        if "validate_every" not in given and steps is not None:
            default = self.model.model_fields["validate_every"].default
            taken["validate_every"] = min(default, max(1, steps // _VALIDATIONS))
        return validate(self.model, {**taken, **given, **more}, flags=given, kept=taken)

    def options_of_any(self) -> Any:
        """Return the options of a possible run, for what all runs share; raise `UsageError` if there is none."""
        errors = []
        for point in itertools.islice(self._corners(), _CHECKED):
            try:
                return self.options(self.at(dict(point)))
            except UsageError as error:
                errors.append(error)
        raise errors[0]

    def assigned(self, choose: Callable[[Range], Any]) -> dict[str, Any]:
        """Return a value for each parameter that has an effect, as `choose` gives it for a range."""
        values: dict[str, Any] = {}
        for name, range_ in self.ranges.items():
            if self.unmet(name, values) is None:
                values[name] = range_.rounded(choose(range_))
        return values

    def at(self, point: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of a point without the parameters that have no effect there."""
        return self.assigned(lambda range_: point[range_.name])

    def unmet(self, name: str, values: Mapping[str, Any]) -> Needs | None:
        """Return the need of a parameter that other values do not satisfy, or None."""
        return unmet_need(self.model, name, self._all(values))

    def grid(self) -> list[dict[str, Any]]:
        """Return all combinations of the values; raise `UsageError` if a range has no values to list."""
        for name, each in self.ranges.items():
            if not isinstance(each, Choices):
                raise UsageError(f"--sampler grid needs values, but {flag(name)} has a range", hint="list some: a,b,c")
        count = 1
        for each in self.ranges.values():
            count *= len(each.ends)
        if count > _MAX_GRID:
            raise UsageError(f"--sampler grid would make {count:,} trials; at most {_MAX_GRID:,} are possible")
        found = [self.at(dict(point)) for point in self._corners()]
        return list({str(sorted(each.items(), key=lambda item: item[0])): each for each in found}.values())

    def check(self) -> None:
        """Validate combinations of the ends of the ranges; raise `UsageError` if none is possible."""
        for name, each in self.ranges.items():
            points = self._corners(_needed(self.model, name))
            if not any(self.unmet(name, dict(point)) is None for point in points):
                need, values = self.unmet(name, {}), self._all({})
                assert need is not None
                raise UsageError(f"--param: {need.message(name, each.text, values)}")
        self.options_of_any()

    def _corners(self, names: Collection[str] | None = None) -> Iterator[tuple[tuple[str, Any], ...]]:
        """Yield all combinations of the ends of the ranges, or of some ranges."""
        chosen = [each for name, each in self.ranges.items() if names is None or name in names]
        yield from itertools.product(*([(each.name, end) for end in each.ends] for each in chosen))

    def _all(self, values: Mapping[str, Any]) -> dict[str, Any]:
        given = {**self.fixed, **values}
        defaults = {name: field.default for name, field in self.model.model_fields.items()}
        if issubclass(self.model, DependentDefaults):
            defaults |= self.model.defaults_for(given)
        return {**defaults, **given}


def _depth(technique: str, name: str, ranges: Mapping[str, Range]) -> int:
    """Return how many parameters a parameter depends on, one through the other."""
    names = _needed(techniques.options(technique, "train"), name)
    return max((1 + _depth(technique, other, ranges) for other in names if other in ranges), default=0)


def _needed(model: type[Options], name: str) -> list[str]:
    """Return the options that an option needs to have an effect."""
    needs = [each.option for each in model.model_fields[name].metadata if isinstance(each, Needs)]
    return [other for each in needs for other in ((each,) if isinstance(each, str) else each)]
