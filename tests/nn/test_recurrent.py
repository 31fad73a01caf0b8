import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dlcli.nn.recurrent import CELLS, RecurrentLayer, RecurrentStack, reset_carry, unroll

TIME, BATCH, INPUTS, FEATURES = 5, 3, 4, 6
every_cell = pytest.mark.parametrize("cell", CELLS)


def normal(seed, *shape):
    return jax.random.normal(jax.random.key(seed), shape)


def layer_and_data(cell):
    layer = RecurrentLayer(cell, INPUTS, FEATURES, rngs=nnx.Rngs(0))
    return layer, normal(1, TIME, BATCH, INPUTS), normal(2, CELLS[cell].states, BATCH, FEATURES)


def sigmoid(x):
    return 1 / (1 + jnp.exp(-x))


def one_step(cell, weights, x, carry):
    """Apply the equations of a cell, gate by gate."""

    def gate(number):
        part = slice(number * FEATURES, (number + 1) * FEATURES)
        bias = weights.get("recurrent_bias", jnp.zeros(CELLS[cell].gates * FEATURES))[part]
        inputs = x @ weights["kernel"][:, part] + weights["bias"][None, part]
        return inputs, carry[0] @ weights["recurrent_kernel"][:, part] + bias[None]

    if cell == "elman":
        return (jnp.tanh(sum(gate(0))),)
    if cell == "lstm":
        cell_state = sigmoid(sum(gate(1))) * carry[1] + sigmoid(sum(gate(0))) * jnp.tanh(sum(gate(2)))
        return sigmoid(sum(gate(3))) * jnp.tanh(cell_state), cell_state
    candidate, recurrent_candidate = gate(2)
    update = sigmoid(sum(gate(1)))
    candidate = jnp.tanh(candidate + sigmoid(sum(gate(0))) * recurrent_candidate)
    return (update * carry[0] + (1 - update) * candidate,)


def slow(cell, weights, x, carry):
    carry, outputs = tuple(carry), []
    for each in x:
        carry = one_step(cell, weights, each, carry)
        outputs.append(carry[0])
    return jnp.stack(outputs), jnp.stack(carry)


@every_cell
def test_values_with_gradients_equal_a_plain_loop(cell):
    layer, x, carry = layer_and_data(cell)
    graph, state = nnx.split(layer)

    def fast(state, x, carry):
        return nnx.merge(graph, state)(x, carry)

    def naive(state, x, carry):
        return slow(cell, {name: each[...] for name, each in state.items()}, x, carry)

    def energy(run):
        return lambda *inputs: sum((each * jnp.sin(each)).sum() for each in run(*inputs))

    ours, theirs = (jax.jit(jax.value_and_grad(energy(run), argnums=(0, 1, 2))) for run in (fast, naive))
    jax.tree.map(
        lambda one, other: np.testing.assert_allclose(one, other, rtol=2e-5, atol=2e-5),
        ours(state, x, carry),
        theirs(state, x, carry),
    )


@every_cell
def test_values_with_gradients_equal_pytorch_for_the_same_weights(cell):
    torch = pytest.importorskip("torch")
    theirs = {"elman": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell](INPUTS, FEATURES)
    layer, x, carry = layer_and_data(cell)
    weights = {name: parameter.detach().numpy() for name, parameter in theirs.named_parameters()}
    first, second = weights["bias_ih_l0"], weights["bias_hh_l0"]
    layer.kernel[...], layer.recurrent_kernel[...] = weights["weight_ih_l0"].T, weights["weight_hh_l0"].T
    layer.bias[...] = first if cell == "gru" else first + second
    if cell == "gru":
        layer.recurrent_bias[...] = second
    given, begun = (torch.from_numpy(np.array(each)).requires_grad_() for each in (x, carry))
    outputs, last = theirs(given, tuple(begun[:, None]) if cell == "lstm" else begun)
    last = torch.cat(last) if cell == "lstm" else last
    (outputs.sin().sum() + last.cos().sum()).backward()

    def energy(layer, x, carry):
        outputs, last = layer(x, carry)
        return jnp.sin(outputs).sum() + jnp.cos(last).sum(), (outputs, last)

    found, (ours, by_x, by_carry) = nnx.grad(energy, argnums=(0, 1, 2), has_aux=True)(layer, x, carry)[::-1]
    pairs = [(found[0], outputs.detach()), (found[1], last.detach()), (by_x, given.grad), (by_carry, begun.grad)]
    pairs += [(ours.kernel[...].T, theirs.weight_ih_l0.grad), (ours.recurrent_kernel[...].T, theirs.weight_hh_l0.grad)]
    pairs += [(ours.bias[...], theirs.bias_ih_l0.grad)]
    pairs += [(ours.recurrent_bias[...], theirs.bias_hh_l0.grad)] if cell == "gru" else []
    for one, other in pairs:
        np.testing.assert_allclose(one, other.numpy(), rtol=1e-5, atol=1e-5)


@every_cell
def test_two_halves_with_the_carry_passed_on_equal_the_whole_sequence(cell):
    layer, x, carry = layer_and_data(cell)
    whole, last = layer(x, carry)
    before, between = layer(x[:2], carry)
    after, end = layer(x[2:], between)
    np.testing.assert_allclose(jnp.concatenate([before, after]), whole, atol=1e-6)
    np.testing.assert_allclose(end, last, atol=1e-6)


def test_reset_carry_zeroes_only_the_rows_that_restart():
    stack = RecurrentStack("gru", (INPUTS, FEATURES, FEATURES), rngs=nnx.Rngs(0))
    carry, x = normal(0, 2, 1, BATCH, FEATURES), normal(1, TIME, BATCH, INPUTS)
    reset, _ = stack(x, reset_carry(carry, jnp.array([False, True, False])))
    kept, _ = stack(x, carry)
    new, _ = stack(x, stack.initial_carry(BATCH))
    np.testing.assert_array_equal(reset[:, [0, 2]], kept[:, [0, 2]])
    np.testing.assert_array_equal(reset[:, 1], new[:, 1])
    assert np.abs(kept[:, 1] - new[:, 1]).max() > 0.01


def test_the_forget_gate_bias_of_an_lstm_is_initialized_to_1():
    lstm = RecurrentLayer("lstm", INPUTS, FEATURES, rngs=nnx.Rngs(0))
    np.testing.assert_array_equal(lstm.bias[FEATURES : 2 * FEATURES], 1.0)
    assert np.abs(np.delete(lstm.bias, np.s_[FEATURES : 2 * FEATURES])).max() <= FEATURES**-0.5


def test_all_biases_of_a_gru_are_initialized_uniformly():
    gru = RecurrentLayer("gru", INPUTS, FEATURES, rngs=nnx.Rngs(0))
    assert np.abs(gru.bias[...]).max() <= FEATURES**-0.5


def test_dropout_is_applied_only_between_layers():
    stack = RecurrentStack("elman", (INPUTS, FEATURES, FEATURES), dropout=0.9, rngs=nnx.Rngs(0))
    single = RecurrentStack("elman", (INPUTS, FEATURES), dropout=0.9, rngs=nnx.Rngs(0))
    x = normal(1, TIME, BATCH, INPUTS)
    draws = [[each(x, each.initial_carry(BATCH))[0] for _ in range(2)] for each in (stack, single)]
    assert np.abs(draws[0][0] - draws[0][1]).max() > 0.01
    np.testing.assert_array_equal(*draws[1])
    stack.eval()
    np.testing.assert_array_equal(*[stack(x, stack.initial_carry(BATCH))[0] for _ in range(2)])


def test_the_backward_scan_has_no_product_for_the_kernel_gradient():
    cell = CELLS["lstm"]
    arguments = normal(0, TIME, BATCH, 4 * FEATURES), (normal(1, BATCH, FEATURES),) * 2
    weights = normal(2, FEATURES, 4 * FEATURES), jnp.zeros(4 * FEATURES)
    jaxpr = jax.make_jaxpr(jax.grad(lambda kernel: unroll(cell, *arguments, kernel, weights[1])[0].sum()))(weights[0])
    scans = [each for each in jaxpr.eqns if each.primitive.name == "scan"]
    shapes = [
        product.outvars[0].aval.shape
        for scan in scans
        for product in scan.params["jaxpr"].eqns
        if product.primitive.name == "dot_general"
    ]
    assert shapes == [(BATCH, 4 * FEATURES), (BATCH, FEATURES)]


def test_bfloat16_layers_return_float32_outputs():
    rough = RecurrentLayer("lstm", INPUTS, FEATURES, dtype=jnp.bfloat16, rngs=nnx.Rngs(0))
    exact, x, carry = layer_and_data("lstm")
    outputs, last = rough(x, carry)
    assert outputs.dtype == last.dtype == jnp.float32
    np.testing.assert_allclose(outputs, exact(x, carry)[0], atol=0.03)
    assert np.abs(outputs - exact(x, carry)[0]).max() > 0


def test_an_unknown_cell_is_refused():
    with pytest.raises(ValueError, match="one of elman, lstm, gru"):
        RecurrentLayer("rnn", INPUTS, FEATURES, rngs=nnx.Rngs(0))
