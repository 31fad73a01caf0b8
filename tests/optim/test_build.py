"""All optimizers of the table through the same tests; `TEXTBOOK` has the formulas of those that are in textbooks."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from dlcli.errors import UsageError
from dlcli.optim import build
from dlcli.optim.descent import default_rate
from dlcli.options.common import TrainOptions
from dlcli.options.optimizers import OPTIMIZERS

MOMENTUM = 0.9


def sgd(g, s, t):
    return g


def momentum(g, s, t):
    s["v"] = MOMENTUM * s.get("v", 0) + g
    return s["v"]


def nesterov(g, s, t):
    return g + MOMENTUM * momentum(g, s, t)


def adagrad(g, s, t):
    s["sum"] = s.get("sum", 0) + g**2
    return g / np.sqrt(s["sum"] + 1e-16)


def rmsprop(g, s, t):
    s["square"] = 0.9 * s.get("square", 0) + 0.1 * g**2
    return momentum(g / (np.sqrt(s["square"]) + 1e-8), s, t)


def adam(g, s, t):
    s["m"] = 0.9 * s.get("m", 0) + 0.1 * g
    s["v"] = 0.999 * s.get("v", 0) + 0.001 * g**2
    return s["m"] / (1 - 0.9**t) / (np.sqrt(s["v"] / (1 - 0.999**t)) + 1e-8)


def lion(g, s, t):
    direction = np.sign(0.9 * s.get("m", 0) + 0.1 * g)
    s["m"] = 0.99 * s.get("m", 0) + 0.01 * g
    return direction


# The map from gradient, state and update number to direction; Muon's iteration is tested by what it reaches.
TEXTBOOK = {
    "sgd": sgd,
    "momentum": momentum,
    "nesterov": nesterov,
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "adam": adam,
    "adamw": adam,
    "lion": lion,
}
RATE = 0.1
CURVATURE = np.array([[1.0, 0.5], [0.2, 1.0], [1.0, 2.0]])
MINIMUM = np.array([[1.0, -1.0], [0.5, 0.0], [-2.0, 1.0]])

every_optimizer = pytest.mark.parametrize("name", OPTIMIZERS)


def options(name: str, **changes) -> TrainOptions:
    given = {"learning_rate": RATE, "momentum": MOMENTUM, "schedule": "constant", **changes}
    return TrainOptions(dataset="digits", optimizer=name, **given)


def gradient(kernel):
    return CURVATURE * (kernel - MINIMUM)


@functools.cache
def compiled(options: TrainOptions) -> tuple[Callable, Callable]:
    optimizer = build.optimizer(options)
    return optimizer.init, jax.jit(optimizer.update)


def updates_of(options: TrainOptions, gradients: list[np.ndarray]) -> list[np.ndarray]:
    """Apply the optimizer to the gradients, starting from weights of 1; return its updates."""
    init, update = compiled(options)
    params = {"kernel": np.ones([3, 2], np.float32)}
    state, updates = init(params), []
    for gradient in gradients:
        one, state = update({"kernel": gradient}, state, params)
        params = {"kernel": params["kernel"] + np.asarray(one["kernel"])}
        updates.append(np.asarray(one["kernel"]))
    return updates


@functools.cache
def decayed(name: str) -> tuple[nnx.Module, int]:
    """Train ones for two steps with gradients of 0; return the model and how often the step was compiled."""
    model = nnx.Sequential(dense(), nnx.BatchNorm(2, bias_init=nnx.initializers.ones, rngs=nnx.Rngs(0)))
    changes = {"learning_rate": 0.5, "weight_decay": 0.1, "max_grad_norm": 1.0}
    trainer, traces = nnx.Optimizer(model, build.optimizer(options(name, **changes)), wrt=nnx.Param), []

    @nnx.jit
    def step(model, trainer):
        traces.append(name)
        trainer.update(model, jax.tree.map(jnp.zeros_like, nnx.state(model, nnx.Param)))

    step(model, trainer)
    step(model, trainer)
    return model, len(traces)


def first_update(name: str, gradients: dict, **changes) -> dict:
    """Return the update for the gradients of a tree of parameters that are all 1."""
    optimizer, params = build.optimizer(options(name, **changes)), jax.tree.map(jnp.ones_like, gradients)
    return jax.jit(lambda gradients: optimizer.update(gradients, optimizer.init(params), params)[0])(gradients)


def dense() -> nnx.Linear:
    ones = nnx.initializers.ones
    return nnx.Linear(3, 2, kernel_init=ones, bias_init=ones, rngs=nnx.Rngs(0))


def random_gradients(count: int) -> list[np.ndarray]:
    return list(np.random.default_rng(0).normal(size=[count, 3, 2]).astype(np.float32))


@pytest.mark.parametrize("name", TEXTBOOK)
def test_an_optimizer_follows_its_textbook(name):
    gradients, state = random_gradients(6), {}
    expected = [-RATE * TEXTBOOK[name](g, state, t) for t, g in enumerate(gradients, start=1)]
    np.testing.assert_allclose(updates_of(options(name), gradients), expected, rtol=1e-4, atol=1e-7)


@every_optimizer
def test_an_optimizer_finds_the_minimum_of_a_parabola(name):
    rate = default_rate(name, CURVATURE.max(), 5.0)
    optimizer = build.optimizer(options(name, schedule="cosine", steps=600, learning_rate=rate))
    params = {"kernel": jnp.zeros([3, 2])}

    def step(carry, _):
        params, state = carry
        updates, state = optimizer.update({"kernel": gradient(params["kernel"])}, state, params)
        return (optax.apply_updates(params, updates), state), None

    (params, _), _ = jax.jit(lambda start: jax.lax.scan(step, start, length=600))((params, optimizer.init(params)))
    np.testing.assert_allclose(params["kernel"], MINIMUM, atol=0.02)


@every_optimizer
def test_the_second_step_does_not_compile_again(name):
    assert decayed(name)[1] == 1


@every_optimizer
def test_weight_decay_takes_its_share_off_weights_alone(name):
    layer, norm = decayed(name)[0].layers
    np.testing.assert_allclose(layer.kernel[...], (1 - 0.5 * 0.1) ** 2, rtol=1e-6)
    np.testing.assert_array_equal([layer.bias[...], norm.scale[...], norm.bias[...]], np.ones([3, 2]))


@every_optimizer
def test_accumulated_batches_make_the_update_of_their_mean(name):
    gradients = random_gradients(6)
    means = [np.mean(gradients[:3], axis=0), np.mean(gradients[3:], axis=0)]
    accumulated = updates_of(options(name, gradient_accumulation_steps=3), gradients)
    np.testing.assert_allclose(accumulated[2::3], updates_of(options(name), means), rtol=1e-4, atol=1e-6)
    assert not np.any([accumulated[i] for i in (0, 1, 3, 4)])


def test_adam_with_weight_decay_is_optax_adamw():
    gradient = {"kernel": random_gradients(1)[0]}
    params, adamw = {"kernel": jnp.ones([3, 2])}, optax.adamw(0.1, weight_decay=0.2)
    expected, _ = adamw.update(gradient, adamw.init(params), params)
    np.testing.assert_allclose(
        first_update("adam", gradient, weight_decay=0.2)["kernel"], expected["kernel"], rtol=1e-5
    )


def test_adam_takes_the_betas_of_a_technique_that_needs_others():
    options = TrainOptions(dataset="none", optimizer="adam", learning_rate=0.1, schedule="constant")
    ours, reference = build.optimizer(options, betas=(0.5, 0.9)), optax.adam(0.1, b1=0.5, b2=0.9)
    states, weight = [ours.init(jnp.ones(3)), reference.init(jnp.ones(3))], jnp.ones(3)
    for gradient in (jnp.array([1.0, -2.0, 0.1]), jnp.array([0.5, 3.0, -0.2])):
        update, states[0] = ours.update(gradient, states[0], weight)
        expected, states[1] = reference.update(gradient, states[1], weight)
        np.testing.assert_allclose(update, expected, rtol=1e-6)


def test_clipping_bounds_the_norm_of_all_gradients_together():
    gradients = {"kernel": np.full([3, 2], 100, np.float32), "bias": np.full([2], -50, np.float32)}
    updates = first_update("sgd", gradients, learning_rate=1.0, max_grad_norm=2.0)
    np.testing.assert_allclose(np.sqrt(sum((update**2).sum() for update in updates.values())), 2.0, rtol=1e-5)
    np.testing.assert_allclose(updates["bias"] / updates["kernel"][0], 0.5 * -np.ones(2), rtol=1e-5)


def test_clipping_leaves_small_gradients_alone():
    small = {"kernel": np.full([3, 2], 0.01, np.float32), "bias": np.zeros(2, np.float32)}
    updates = first_update("sgd", small, learning_rate=1.0, max_grad_norm=2.0)
    np.testing.assert_allclose(updates["kernel"], -small["kernel"], rtol=1e-6)


def test_muon_makes_the_singular_values_of_its_update_alike():
    spread = np.diag([100.0, 1.0, 0.1])[:, :2].astype(np.float32)
    (update,) = updates_of(options("muon", learning_rate=0.2), [spread])
    values = np.linalg.svd(update / (0.2 * 0.2 * np.sqrt(3)), compute_uv=False)  # rate 0.2, scale 0.2 · √3
    assert values.min() > 0.5
    assert values.max() < 1.5


def test_muon_treats_a_convolution_as_the_matrix_of_its_patches():
    patches = np.random.default_rng(0).normal(size=[2, 2, 3, 4]).astype(np.float32)
    convolution, matrix = (
        first_update("muon", {"kernel": patches.reshape(shape)}) for shape in [(2, 2, 3, 4), (12, 4)]
    )
    np.testing.assert_allclose(convolution["kernel"].reshape(12, 4), matrix["kernel"], rtol=1e-4)


def test_muon_leaves_biases_and_embeddings_to_adam():
    gradients = {"embedding": np.array([[1.0, 2.0], [3.0, -4.0]], np.float32), "bias": np.array([5.0], np.float32)}
    muon, adam = first_update("muon", gradients), first_update("adam", gradients)
    jax.tree.map(np.testing.assert_array_equal, muon, adam)


def test_the_rate_of_an_accumulated_update_is_that_of_its_first_batch():
    linear = options("sgd", learning_rate=1.0, schedule="linear", steps=12, gradient_accumulation_steps=3)
    rates = [float(build.schedule(linear)(jnp.uint32(step))) for step in range(12)]
    np.testing.assert_allclose(rates, np.repeat([12, 9, 6, 3], 3) / 12, rtol=1e-6)


def test_the_optimizer_uses_the_rate_that_its_schedule_reports():
    linear = options(
        "sgd", learning_rate=1.0, schedule="linear", steps=12, warmup_steps=3, gradient_accumulation_steps=3
    )
    updates = updates_of(linear, [np.ones([3, 2], np.float32)] * 12)
    rates = [float(build.schedule(linear)(step)) for step in (2, 5, 8, 11)]
    np.testing.assert_allclose([-update[0, 0] for update in updates[2::3]], rates, rtol=1e-6)


def test_a_run_that_would_make_no_update_is_refused():
    with pytest.raises(UsageError, match="--gradient-accumulation-steps must be at most --steps, got 8 of 4"):
        build.optimizer(options("sgd", steps=4, gradient_accumulation_steps=8))
