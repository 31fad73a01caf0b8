"""Decoding token by token with a key-value cache gives the logits of one pass over the whole text.

Formula: softmax(q_t K_{≤t}ᵀ / √d) V_{≤t} with cached keys K and values V equals row t of the full attention.

Reference: Pope et al., "Efficiently Scaling Transformer Inference", 2022, arXiv:2211.05102, section 2.
"""

from __future__ import annotations

import numpy as np
from flax import nnx

from dlcli.checks import Result
from dlcli.nn import functional
from dlcli.nn.transformer_config import PRESETS, preset
from dlcli.techniques.transformer.model import Decoder

_TIME, _VOCABULARY = 16, 17
_TOLERANCE = 1e-5  # of the largest logit: float32 sums in two orders


def check() -> Result:
    """Compare both for each block style; they have three kinds of positional encoding."""
    tokens = np.random.default_rng(0).integers(_VOCABULARY, size=[1, _TIME])
    errors = {}
    for name in PRESETS:
        config = preset(name, d_model=16, heads=2, layers=2, context=_TIME)
        network = Decoder(config, _VOCABULARY, rngs=nnx.Rngs(0))
        step = functional.jit(Decoder.step, network)
        whole = np.asarray(functional.jit(Decoder.__call__, network)(tokens))[0]
        past, found = network.init_cache(1), []
        for place in range(_TIME):
            logits, past = step(tokens[:, place : place + 1], place, past)
            found.append(np.asarray(logits)[0, 0])
        errors[name] = float(np.abs(np.stack(found) - whole).max() / np.abs(whole).max())
    numbers = {"max_relative_error": max(errors.values())}
    numbers |= {f"error_of_{name}": error for name, error in errors.items()} | {"tokens": _TIME}
    return Result.of(__name__, numbers, tolerance=_TOLERANCE, holds=max(errors.values()) <= _TOLERANCE)
