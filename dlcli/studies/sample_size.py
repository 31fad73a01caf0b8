"""The test error against the number of training examples, with a power law fitted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from dlcli.data.images import catalogue
from dlcli.studies import sweep
from dlcli.studies.cells import Cell, Cells, Report
from dlcli.studies.options import SampleSize
from dlcli.studies.statistics import Estimate, estimate

_MEMORY = 2 * 2**30  # bytes of a set that is decoded to count its examples, as in training


def study(options: SampleSize) -> Iterator[Cell | Report]:
    """Train on 1/2^k of the examples for several k, all for the same number of steps.

    Reference: Hestness et al., "Deep Learning Scaling is Predictable, Empirically", 2017, arXiv:1712.00409, for the
    power law.
    """
    sizes = _sizes(options)
    conditions = {f"n = {size:,}": {"train_examples": size} for size in sizes}
    cells = Cells("sample-size", options, len(sizes) * options.seeds)
    found = yield from sweep.run(cells, options, conditions)
    exponent = power_law(sizes, [sweep.errors(each) for each in found.values()])
    fitted = (
        f"error ∝ n^−{exponent.mean:.2f} (95 % CI of the exponent {exponent.low:.2f} … {exponent.high:.2f})"
        if np.isfinite(exponent.mean)
        else "no power law: an error is 0"
    )
    title = f"test error on {options.dataset} against training examples, {options.steps} steps each: {fitted}"
    about = {"study": "sample-size", "seeds": options.seeds, "steps": options.steps, "sizes": sizes}
    reference = list(found)[-1]
    table = sweep.table(title, "examples", found, reference, about, {"exponent": vars(exponent)})
    yield Report(table, sweep.figure("sample-size", title, found, options.seeds), cells.folder)


def power_law(sizes: Sequence[int], errors: Sequence[Sequence[float]]) -> Estimate:
    """Return the exponent α of error = c · n^−α: the mean of the least-squares fits of the seeds in logarithms.

    Args:
        sizes: numbers of training examples, at least two.
        errors: test errors of the seeds, for each size; with an error of 0 the exponent is NaN.
    """
    logs = np.log(np.maximum(np.asarray(errors, np.float64), 1e-300))  # [size, seed]
    if (np.asarray(errors) <= 0).any():
        return Estimate(float("nan"), float("nan"), float("nan"), logs.shape[1])
    x = np.log(np.asarray(sizes, np.float64))
    slopes = ((x - x.mean())[:, None] * logs).sum(axis=0) / np.square(x - x.mean()).sum()
    return estimate([float(-each) for each in slopes])


def _sizes(options: SampleSize) -> list[int]:
    """Return ascending numbers of examples, each half of the next one, but at least one."""
    largest = options.train_examples
    if largest is None:
        images = catalogue.open(options.dataset, options.data_dir, None, _MEMORY, labelled=True)
        largest = len(images.splits["train"])
    return sorted({max(1, round(largest / 2**halving)) for halving in range(options.sizes)})
