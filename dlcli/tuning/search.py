"""A search: its space, its storage and its folder."""

from __future__ import annotations

import dataclasses
from typing import Any

from dlcli.options.fields import Options
from dlcli.runs.trials import storage
from dlcli.tuning.folder import SearchFolder, open_folder
from dlcli.tuning.options import TuneOptions
from dlcli.tuning.ranges import parse
from dlcli.tuning.space import Space


@dataclasses.dataclass(frozen=True)
class Search:
    """A search that is open in this process.

    Attributes:
        space: what it varies.
        options: of the search.
        folder: on this host.
        place: path or URL of the storage.
        count: number of trials.
    """

    space: Space
    options: TuneOptions
    folder: SearchFolder
    place: str
    count: int


def space_of(technique: str, options: TuneOptions, given: dict[str, Any]) -> Space:
    """Return the checked space of a search.

    Args:
        technique: its name.
        options: of the search.
        given: the options of all runs that are given, by name.

    Raises:
        UsageError: a range or an option is not valid.
    """
    from dlcli import techniques

    model: type[Options] = techniques.options(technique, "train")
    found = Space.of(technique, given, parse(model, options.param, given))
    found.check()
    return found


def begin(space: Space, options: TuneOptions) -> Search:
    """Open the folder and the storage of a search, and create its trials.

    Raises:
        UserError: one of them cannot be used.
    """
    require(options)
    points = space.grid() if options.sampler == "grid" else []
    count = len(points) or options.trials
    database = storage.opened(options.storage) if "://" in options.storage else None  # before a folder is created
    folder = open_folder(space, options.out, options.name)
    place = options.storage or str(folder.journal)
    opened = database or storage.opened(place)
    storage.create(opened, folder.name)
    storage.fill(opened, opened.get_study_id_from_name(folder.name), count)
    return Search(space, options, folder, place, count)


def require(options: TuneOptions) -> None:
    """Raise `UsageError` if a package that the search needs is not installed; imports none."""
    storage.require(options.storage, ["cmaes"] if options.sampler == "cmaes" else [])
