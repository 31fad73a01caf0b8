"""Under a causal mask, what a decoder says of a position does not depend on the tokens after it.

Every token is changed in turn. The logits before it stay the same bits; those at it and after it do not.

Reference: Vaswani et al., "Attention Is All You Need", 2017, arXiv:1706.03762, section 3.2.3.
"""

from __future__ import annotations

import jax
import numpy as np
from flax import nnx

from dlcli.checks import Result
from dlcli.nn.transformer_config import PRESETS, preset
from dlcli.techniques.transformer.model import Decoder

_TIME, _VOCABULARY = 12, 17


def check() -> Result:
    """Change each token of a text, for blocks of each generation."""
    early, blind = 0.0, 0
    tokens = np.random.default_rng(0).integers(_VOCABULARY, size=_TIME)
    changed = np.tile(tokens, (_TIME, 1))
    np.fill_diagonal(changed, (tokens + 1) % _VOCABULARY)
    for name in PRESETS:
        config = preset(name, d_model=16, heads=2, layers=2, context=_TIME)
        network = Decoder(config, _VOCABULARY, rngs=nnx.Rngs(0))
        graph, state = nnx.split(network)
        logits = jax.jit(lambda state, rows, graph=graph: nnx.merge(graph, state)(rows))
        found = np.asarray(logits(state, np.concatenate([tokens[None], changed])))
        moved = np.abs(found[1:] - found[:1]).max(axis=-1)  # [token that is changed, position]
        early = max(early, float(np.triu(moved.T, 1).max()))
        blind += int((np.diag(moved) == 0).sum())
    numbers = {"largest_change_before_a_changed_token": early, "positions_blind_to_their_own_token": blind}
    return Result.of(__name__, numbers, tolerance=0.0, holds=early == 0 and blind == 0)
