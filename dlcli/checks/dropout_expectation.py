"""Dropout keeps the mean of its input, and the mean prediction of a linear head is its deterministic one.

With inverted dropout, kept units are divided by the keep probability. Means over many masks must be within a number of
standard errors that is exceeded by chance in one case in a million.

Formula: E[m ⊙ x / p] = x and E[w · (m ⊙ x / p)] = w · x for m ~ Bernoulli(p).

Reference: Srivastava et al., "Dropout", 2014, JMLR 15, section 4 (weights scaled at test time; here activations are
scaled in training, which is the same in expectation).
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from flax import nnx
from scipy import stats

from dlcli.checks import Result
from dlcli.techniques.cnn.architecture import Architecture
from dlcli.techniques.cnn.model import Head

_MASKS, _FEATURES, _CLASSES, _RATE = 20_000, 32, 10, 0.3
_FALSE_ALARM = 1e-6  # false-alarm probability


def check() -> Result:
    """Average inputs and outputs of a classifier head over many dropout masks."""
    style = Architecture(arch="resnet", depth=8, dropout=_RATE).resolved()  # its head is one linear layer
    head = Head(style, (1, 1, _FEATURES), _CLASSES, flat=False, rngs=nnx.Rngs(0))
    random = np.random.default_rng(0)
    kernel = random.normal(size=[_FEATURES, _CLASSES]).astype(np.float32)
    head.logits.kernel[...] = jnp.asarray(kernel)
    features = jnp.asarray(random.normal(size=_FEATURES).astype(np.float32))
    head.train()
    # Each row of the batch has its own mask.
    rows = jnp.broadcast_to(features, (_MASKS, _FEATURES))
    dropped = np.asarray(head.dropout(rows), np.float64)
    logits = np.asarray(head(rows.reshape(_MASKS, 1, 1, _FEATURES)), np.float64)
    head.eval()
    exact = np.asarray(head(features.reshape(1, 1, 1, _FEATURES)), np.float64)[0]
    bound = float(stats.norm.isf(_FALSE_ALARM / 2 / (_FEATURES + _CLASSES)))
    inputs, outputs = _deviations(dropped, np.asarray(features)), _deviations(logits, exact)
    numbers = {
        "max_deviation_in_standard_errors": max(inputs, outputs),
        "units": inputs,
        "predictions": outputs,
        "dropped_fraction": float((dropped == 0).mean()),
        "masks": _MASKS,
    }
    return Result.of(__name__, numbers, tolerance=bound, holds=max(inputs, outputs) <= bound)


def _deviations(samples: np.ndarray, expected: np.ndarray) -> float:
    """Return the largest deviation of a column's mean from its expected value, in standard errors of the mean."""
    spread = samples.std(axis=0) / len(samples) ** 0.5
    return float((np.abs(samples.mean(axis=0) - expected) / np.maximum(spread, 1e-12)).max())
