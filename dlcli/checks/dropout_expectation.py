"""Dropout keeps the mean of its input, and the mean prediction of a linear head is its deterministic one.

It is inverted dropout: kept units are divided by the share that is kept. The means are over so many masks that each
lies, but for one case in a million, within a known number of standard deviations.

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

_MASKS, _FEATURES, _CLASSES, _SHARE = 20_000, 32, 10, 0.3
_DOUBT = 1e-6  # probability that a true statement is found false


def check() -> Result:
    """Average a head's inputs and outputs over many masks."""
    style = Architecture(arch="resnet", depth=8, dropout=_SHARE).resolved()  # whose head is one linear layer
    head = Head(style, (1, 1, _FEATURES), _CLASSES, flat=False, rngs=nnx.Rngs(0))
    random = np.random.default_rng(0)
    kernel = random.normal(size=[_FEATURES, _CLASSES]).astype(np.float32)
    head.logits.kernel[...] = jnp.asarray(kernel)
    features = jnp.asarray(random.normal(size=_FEATURES).astype(np.float32))
    head.train()
    # Each row of a batch has a mask of its own.
    rows = jnp.broadcast_to(features, (_MASKS, _FEATURES))
    dropped = np.asarray(head.dropout(rows), np.float64)
    logits = np.asarray(head(rows.reshape(_MASKS, 1, 1, _FEATURES)), np.float64)
    head.eval()
    exact = np.asarray(head(features.reshape(1, 1, 1, _FEATURES)), np.float64)[0]
    bound = float(stats.norm.isf(_DOUBT / 2 / (_FEATURES + _CLASSES)))
    inputs, outputs = _deviations(dropped, np.asarray(features)), _deviations(logits, exact)
    numbers = {
        "largest_deviation_in_standard_errors": max(inputs, outputs),
        "of_the_units": inputs,
        "of_the_predictions": outputs,
        "share_dropped": float((dropped == 0).mean()),
        "masks": _MASKS,
    }
    return Result.of(__name__, numbers, tolerance=bound, holds=max(inputs, outputs) <= bound)


def _deviations(samples: np.ndarray, expected: np.ndarray) -> float:
    """Return the largest distance of a column's mean from what is expected, in standard errors of that mean."""
    spread = samples.std(axis=0) / len(samples) ** 0.5
    return float((np.abs(samples.mean(axis=0) - expected) / np.maximum(spread, 1e-12)).max())
