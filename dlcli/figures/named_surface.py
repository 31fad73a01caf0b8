"""The surface that the options of a figure name, and the optimizers on it with their learning rates."""

from __future__ import annotations

import dataclasses
import math

from dlcli.figures.options.base import parse_numbers
from dlcli.figures.options.training import SurfaceOptions, parse_optimizers
from dlcli.optim.descent import Runner, default_rate
from dlcli.optim.surfaces import Domain, Point, Surface, surface
from dlcli.options.optimizers import OPTIMIZERS


def chosen(options: SurfaceOptions) -> Surface:
    """Return the surface, on the domain of `--domain` if it is given.

    Raises:
        UsageError: the name is unknown, or the formula is not valid.
    """
    found = surface(options.surface)
    if not options.domain:
        return found
    left, right, bottom, top = parse_numbers(options.domain)
    middle = ((3 * left + right) / 4, (bottom + 3 * top) / 4)
    domain: Domain = ((left, right), (bottom, top))
    inside = contains(domain, found.start)
    return dataclasses.replace(found, domain=domain, start=found.start if inside else middle)


def title(on: Surface) -> str:
    """Return the name and the formula."""
    return f"{on.name}: {on.formula}" if on.name != on.formula else on.formula


def contains(domain: Domain, point: Point) -> bool:
    """Return whether a point lies in the domain."""
    return all(low <= place <= high for (low, high), place in zip(domain, point, strict=True))


def runners(options: SurfaceOptions, on: Surface, curvature: float) -> list[Runner]:
    """Return the optimizers, each with its given learning rate or the one of the rule.

    Args:
        options: of the figure.
        on: the surface.
        curvature: the steepest curvature L that the optimizers meet.
    """
    diagonal = math.hypot(*(high - low for low, high in on.domain))
    return [
        (name, default_rate(name, curvature, diagonal) if rate is None else rate)
        for name, rate in parse_optimizers(options.optimizers)
    ]


def rule(options: SurfaceOptions, where: str = "below the start") -> str:
    """Return how the rates that are not given were chosen, with the curvature of `where`; "" if all are given."""
    parts: dict[str, list[str]] = {}
    for name, rate in parse_optimizers(options.optimizers):
        if rate is None:
            row = OPTIMIZERS[name]
            unit = f"{row.surface_rate:g} / L" if row.surface_unit != "diagonal" else f"{row.surface_rate:g} d"
            parts.setdefault(unit, []).append(name)
    if not parts:
        return ""
    listed = ", ".join(f"{unit} ({', '.join(dict.fromkeys(names))})" for unit, names in parts.items())
    return f"learning rates: {listed}; L: largest |curvature| {where}, d: diagonal of the domain"
