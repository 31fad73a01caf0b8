"""Names that the shell offers while the user types."""

from __future__ import annotations

from dlcli import techniques
from dlcli.paths import runs_folder


def runs() -> list[str]:
    """Return the names of the runs there are, and of the techniques."""
    return [*techniques.names(), *sorted(path.parent.name for path in runs_folder().glob("*/options.json"))]


def datasets() -> list[str]:
    """Return the names of the embedded data sets and of the prepared ones."""
    from dlcli.data import densities, sources, tfds

    return [*sources.embedded(), *densities.NAMES, *(f"tfds:{name}" for name in tfds.prepared(None))]
