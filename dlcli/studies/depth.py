"""The error against the depth of the network, with shortcuts and without."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.studies import sweep
from dlcli.studies.cells import Cell, Cells, Report
from dlcli.studies.options import Depth

_DEPTHS = (8, 20, 32, 44, 56)
_FAMILIES = {"plain": "plain", "residual": "resnet"}
_CHANNELS = 8  # of the first stage: less time per step than the paper's 16, at all depths alike


def study(options: Depth) -> Iterator[Cell | Report]:
    """Train plain and residual networks of several depths, all for the same number of steps.

    A plain network that is too deep has a higher training loss than a shallow one, although it could represent the
    same function; the residual one of the same depth has not. Both have batch normalization.

    Reference: He et al., "Deep Residual Learning for Image Recognition", 2015, arXiv:1512.03385, section 4.2, figure 6.
    """
    depths = _DEPTHS[: options.depths]
    conditions = {
        f"{name}, {depth} layers": {"arch": arch, "depth": depth, "channels": _CHANNELS, "hidden": 0}
        for depth in depths
        for name, arch in _FAMILIES.items()
    }
    cells = Cells("depth", options, len(conditions) * options.seeds)
    found = yield from sweep.run(cells, options, conditions)
    title = f"test error on {options.dataset} against depth, {options.steps} steps each"
    about = {"study": "depth", "seeds": options.seeds, "steps": options.steps, "depths": list(depths)}
    pairs = {str(depth): [f"{name}, {depth} layers" for name in _FAMILIES] for depth in depths}
    table = sweep.table(title, "network", found, f"plain, {depths[0]} layers", about, {})
    gains = sweep.differences("residual minus plain, same depth", pairs, found)
    yield Report(sweep.with_below(table, gains), sweep.figure("depth", title, found, options.seeds), cells.folder)
