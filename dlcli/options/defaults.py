"""Defaults that depend on other options."""

from collections.abc import Mapping
from typing import Any

from pydantic import model_validator

from dlcli.options.fields import Options


class DependentDefaults(Options):
    """Options of which some have other defaults, depending on what is given.

    A base class that stands first, so that its defaults are filled in before those of the other base classes.
    """

    @classmethod
    def defaults_for(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the defaults for these given options, not yet validated, by name."""
        raise NotImplementedError

    @model_validator(mode="before")
    @classmethod
    def _fill_in_defaults(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        # Given `epochs` replace default `steps`.
        left_out = {"steps"} if given.get("epochs") is not None else set()
        defaults = {name: value for name, value in cls.defaults_for(given).items() if name not in left_out}
        return {**defaults, **given}
