import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dlcli.optim import penalties
from dlcli.optim.build import optimizer
from dlcli.options.common import TrainOptions


class Model(nnx.Module):
    def __init__(self):
        rngs = nnx.Rngs(0)
        self.convolution = nnx.Conv(1, 3, (2, 2), rngs=rngs)
        self.norm = nnx.BatchNorm(3, rngs=rngs)
        self.attention = nnx.MultiHeadAttention(2, 4, rngs=rngs)
        self.words = nnx.Embed(5, 2, rngs=rngs)


def model_of(fill) -> Model:
    """Return a model whose parameters have the values `fill(size)`."""
    model = nnx.eval_shape(Model)
    filled = jax.tree.map(lambda p: fill(p.size).reshape(p.shape).astype(np.float32), nnx.state(model, nnx.Param))
    nnx.update(model, filled)
    return model


@pytest.fixture(scope="module")
def model() -> Model:
    return model_of(lambda size: np.linspace(-1, 2, size))


@pytest.fixture(scope="module")
def ones() -> Model:
    return model_of(np.ones)


def kernels_of(model: Model) -> list[np.ndarray]:
    attention = [getattr(model.attention, name).kernel for name in ("query", "key", "value", "out")]
    return [np.asarray(p[...]) for p in (model.convolution.kernel, model.words.embedding, *attention)]


def test_only_kernels_and_embeddings_count(ones):
    assert float(penalties.l1_norm(ones)) == sum(kernel.size for kernel in kernels_of(ones))


def test_norms_sum_magnitudes_and_squares(model):
    magnitudes = sum(np.abs(kernel).sum() for kernel in kernels_of(model))
    squares = sum((kernel**2).sum() for kernel in kernels_of(model))
    np.testing.assert_allclose(penalties.l1_norm(model), magnitudes, rtol=1e-6)
    np.testing.assert_allclose(penalties.squared_l2_norm(model), squares, rtol=1e-6)


def test_the_penalty_takes_half_of_the_squares(ones):
    weights = sum(kernel.size for kernel in kernels_of(ones))
    np.testing.assert_allclose(penalties.penalty(ones, 0.1, 0.3), (0.1 + 0.15) * weights, rtol=1e-6)


def test_the_penalty_of_a_state_is_that_of_its_module(model):
    assert penalties.penalty(nnx.state(model), 0.1, 0.3) == penalties.penalty(model, 0.1, 0.3)


def test_the_penalty_of_no_weights_is_zero():
    assert float(penalties.penalty(nnx.BatchNorm(3, rngs=nnx.Rngs(0)), 1.0, 1.0)) == 0


def test_weights_of_low_precision_are_summed_in_float32():
    norm = penalties.l1_norm(
        nnx.Linear(50, 100, param_dtype=jnp.bfloat16, kernel_init=nnx.initializers.ones, rngs=nnx.Rngs(0))
    )
    assert norm.dtype == jnp.float32
    assert float(norm) == 5_000  # bfloat16 cannot hold 4097


def after_training(name: str, l2: float, weight_decay: float) -> jax.Array:
    model = nnx.Linear(3, 2, kernel_init=nnx.initializers.ones, rngs=nnx.Rngs(0))
    options = TrainOptions(dataset="digits", optimizer=name, learning_rate=0.1, weight_decay=weight_decay)
    trainer = nnx.Optimizer(model, optimizer(options), wrt=nnx.Param)
    x, y = np.arange(12, dtype=np.float32).reshape(4, 3) / 12, np.ones([4, 2], np.float32)

    def loss(model):
        return ((model(x) - y) ** 2).mean() + penalties.penalty(model, 0.0, l2)

    @nnx.jit
    def step(model, trainer):
        trainer.update(model, nnx.grad(loss)(model))

    for _ in range(5):
        step(model, trainer)
    return model.kernel[...]


def test_under_sgd_the_l2_penalty_is_weight_decay():
    np.testing.assert_allclose(after_training("sgd", 0.3, 0.0), after_training("sgd", 0.0, 0.3), rtol=1e-5)


def test_under_adam_the_l2_penalty_is_not_weight_decay():
    assert np.abs(after_training("adam", 0.3, 0.0) - after_training("adam", 0.0, 0.3)).max() > 0.01
