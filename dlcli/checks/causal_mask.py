"""Under a causal mask, the logits of a decoder at a position do not depend on later tokens.

Each token is changed in turn: the logits before it must stay bitwise equal, and the logits at it must change.

Formula: ∂ logits_i / ∂ token_j = 0 for all j > i.

Reference: Vaswani et al., "Attention Is All You Need", 2017, arXiv:1706.03762, section 3.2.3.
"""

from __future__ import annotations

import numpy as np
from flax import nnx

from dlcli.checks import Result
from dlcli.nn import functional
from dlcli.nn.transformer_config import PRESETS, preset
from dlcli.techniques.transformer.model import Decoder

_TIME, _VOCABULARY = 12, 17


def check() -> Result:
    """Change each token of a text, for each block style."""
    leaked, unchanged = 0.0, 0
    tokens = np.random.default_rng(0).integers(_VOCABULARY, size=_TIME)
    changed = np.tile(tokens, (_TIME, 1))
    np.fill_diagonal(changed, (tokens + 1) % _VOCABULARY)
    for name in PRESETS:
        config = preset(name, d_model=16, heads=2, layers=2, context=_TIME)
        network = Decoder(config, _VOCABULARY, rngs=nnx.Rngs(0))
        logits = functional.jit(Decoder.__call__, network)
        found = np.asarray(logits(np.concatenate([tokens[None], changed])))
        moved = np.abs(found[1:] - found[:1]).max(axis=-1)  # [changed token, position]
        leaked = max(leaked, float(np.triu(moved.T, 1).max()))
        unchanged += int((np.diag(moved) == 0).sum())
    numbers = {"max_change_before_changed_token": leaked, "positions_unchanged_at_changed_token": unchanged}
    return Result.of(__name__, numbers, tolerance=0.0, holds=leaked == 0 and unchanged == 0)
