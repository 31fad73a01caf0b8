"""What a source of text defines."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from dlcli.data.problems import Problem
from dlcli.data.text.columns import ReadOptions
from dlcli.data.text.pairs import PairSet
from dlcli.data.text.sets import TextSet

Set = TypeVar("Set", TextSet, PairSet)


@dataclasses.dataclass(frozen=True)
class Builder(Generic[Set]):
    """Opens the data sets of one source.

    Attributes:
        form: how the sets are named, for messages.
        matches: whether a name has this form.
        find: opens a set; returns it without its unusable examples, and the problems.
        recognizes: whether a set is meant as one of this kind: a table can contain texts or pairs. By default every
            set whose name matches is.
        embedded: names of sets that need no download, each with one line of description.
    """

    form: str
    matches: Callable[[str], bool]
    find: Callable[[str, ReadOptions], tuple[Set, list[Problem]]]
    recognizes: Callable[[str, ReadOptions], bool] = lambda dataset, options: True
    embedded: Mapping[str, str] = dataclasses.field(default_factory=dict)


class TextBuilder(Builder[TextSet]):
    """A source of texts, with or without classes."""


class PairBuilder(Builder[PairSet]):
    """A source of pairs of a source and a target."""
