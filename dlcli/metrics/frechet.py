"""How a Fréchet distance is shown: with a warning where it is taken of few images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dlcli import formats
from dlcli.artifacts import Table

_FEW = 500  # images of either set below which the bias of the distance is large


def written(described: Mapping[str, Any]) -> str:
    """Write a described distance (see `engine.metrics.Frechet`) with two decimals; a dash where there is none."""
    value = described["value"]
    return f"{value:,.2f}" if value == value else formats.MISSING  # not a number: fewer than two images


def features_of(classes: int, digest: str) -> str:
    """Say whose features a distance is over: without classes to tell apart, the feature classifier is untrained.

    Args:
        classes: of the data.
        digest: of the classifier.
    """
    of = "a classifier trained on these data" if classes > 1 else "an untrained network, as there are no classes"
    return f"of {of}, {digest[:12]}"


def caution(numbers: Mapping[str, Any], distance: Mapping[str, Any]) -> tuple[dict[str, Any], Sequence[Table]]:
    """Return the numbers with a `warning`, and what stands below the table, where a distance is of few images.

    Reference: Chong and Forsyth, "Effectively Unbiased FID and Inception Score and where to find them", 2020,
    arXiv:1911.07023.
    """
    samples, real = distance["n"]
    if min(samples, real) >= _FEW:
        return dict(numbers), ()
    warning = (
        f"few images ({formats.count(samples)} generated, {formats.count(real)} real): a Fréchet distance of fewer "
        f"than {_FEW} is biased upwards; compare it with the floor, and only with distances of as many images"
    )
    return {**numbers, "warning": warning}, [Table(f"warning: {warning}", [], [])]
