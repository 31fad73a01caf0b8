"""Finds the sources of data sets: each is a file with a `BUILDER` in the folder `sources` of its wing."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from dlcli import discovery
from dlcli.errors import UsageError
from dlcli.nearest import nearest
from dlcli.options.fields import listed


class Named(Protocol):
    """What the builders of all wings have.

    Attributes:
        form: how the name of a data set is written, for messages.
        embedded: names that need no download, each with one line of description.
    """

    @property
    def form(self) -> str: ...

    @property
    def embedded(self) -> Mapping[str, str]: ...

    def matches(self, dataset: str, /) -> bool:
        """Return whether a name has this form."""


B = TypeVar("B", bound=Named)


@functools.cache
def builders(package: str) -> tuple[Any, ...]:
    """Return the builder of each file of a package, in alphabetical order; those of embedded sets first.

    A folder in the working directory thus never replaces an embedded set of the same name.
    """
    found = [discovery.load(package, name).BUILDER for name in discovery.names(package)]
    return tuple(sorted(found, key=lambda builder: not builder.embedded))


def embedded(of: Iterable[Named]) -> dict[str, str]:
    """Return the names of the data sets that need no download, each with one line of description."""
    return {name: text for builder in of for name, text in builder.embedded.items()}


def matching(of: Sequence[B], dataset: str) -> B | None:
    """Return the first builder that opens a name of this form, or None."""
    return next((builder for builder in of if builder.matches(dataset)), None)


def forms(of: Iterable[Named]) -> str:
    """Return how data sets are named, as one phrase for messages."""
    return listed(builder.form for builder in of)


def unknown(what: str, forms: str, dataset: str, known: Iterable[str]) -> UsageError:
    """Return the error for a name that no source opens.

    Args:
        what: kind of the data set, with its article, such as "an image set".
        forms: that its name can have.
        dataset: the name.
        known: names of data sets, of which those similar to it are suggested.
    """
    near = [name for name in known if nearest(dataset, [name, name.rpartition(":")[2]])]
    suggestion = f": did you mean {' or '.join(near)}?" if near else ""
    hint = "`dlcli data list` lists the data sets on this machine"
    return UsageError(f"{what} must be {forms}, got {dataset!r}{suggestion}", hint=hint)
