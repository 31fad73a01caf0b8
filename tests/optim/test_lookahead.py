import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from dlcli import engine
from dlcli.optim.lookahead import lookahead
from dlcli.techniques.mlp.learner import Learner
from dlcli.techniques.mlp.options import Train
from tests.comparing import arrays


@pytest.mark.parametrize("every", [1, 3])
def test_the_weights_return_halfway_to_the_slow_weights(every):
    optimizer = lookahead(optax.sgd(0.1), every)
    weights = {"a": jnp.array([1.0, -2.0]), "b": jnp.array(3.0)}
    fast, slow = (jax.tree.map(np.asarray, weights) for _ in range(2))
    state = optimizer.init(weights)
    for step in range(1, 8):
        gradients = jax.tree.map(lambda weight, step=step: step * weight, weights)
        updates, state = optimizer.update(gradients, state, weights)
        weights = optax.apply_updates(weights, updates)
        fast = jax.tree.map(lambda weight, step=step: weight - 0.1 * step * weight, fast)
        if step % every == 0:
            slow = jax.tree.map(lambda slow, fast: (slow + fast) / 2, slow, fast)
            fast = slow
        for name, weight in weights.items():
            np.testing.assert_allclose(weight, fast[name], rtol=1e-5)


def test_a_resumed_run_has_the_slow_weights_of_an_uninterrupted_one(tmp_path):
    options = {"points": 60, "hidden_sizes": "4", "batch_size": 16, "lookahead": 4, "schedule": "constant"}
    (*_, end) = engine.fit(Learner, Train(out=tmp_path / "whole", steps=6, **options))
    list(engine.fit(Learner, Train(out=tmp_path / "parts", steps=3, **options)))
    (*_, resumed) = engine.resume(Learner, tmp_path / "parts", {"steps": 6})
    whole, parts = arrays(end.folder, 6), arrays(resumed.folder, 6)
    assert any("slow" in name for name in whole)
    assert all(whole[name].tobytes() == parts[name].tobytes() for name in whole)
