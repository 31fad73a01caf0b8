"""What a file in `dlcli.data.images.sources` defines to open image sets by name."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dlcli.data.images.sets import ImageSet
from dlcli.data.problems import Problem


@dataclasses.dataclass(frozen=True)
class ReadOptions:
    """How an image set is read, whatever its source.

    Attributes:
        data_dir: folder of prepared tfds sets; None for TFDS_DATA_DIR or the library's own.
        image_size: height and width in pixels to which images are scaled; None keeps their size, or chooses one where
            sizes differ.
        memory_limit: bytes; a larger set is decoded from its files at each access.
    """

    data_dir: Path | None = None
    image_size: int | None = None
    memory_limit: int = 2 * 2**30


def _none_prepared(data_dir: Path | None) -> Sequence[str]:
    return ()


@dataclasses.dataclass(frozen=True)
class Builder:
    """One source of image sets.

    Attributes:
        form: how the name of a set is written, as messages show it, such as "folder:PATH".
        matches: whether a name has this form.
        find: opens the set of this name. Returns it with the problems of its layout; raises `DatasetError` if there is
            nothing to open.
        embedded: names that need no download, each with one line of description.
        prepared: returns the names of the downloaded sets in a folder, by default those of the user.
    """

    form: str
    matches: Callable[[str], bool]
    find: Callable[[str, ReadOptions], tuple[ImageSet, list[Problem]]]
    embedded: Mapping[str, str] = dataclasses.field(default_factory=dict)
    prepared: Callable[[Path | None], Sequence[str]] = _none_prepared
