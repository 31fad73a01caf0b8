import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dlcli.engine import devices
from dlcli.nn.attention import (
    Attention,
    apply_rotary,
    attention_weights,
    causal_mask,
    padding_mask,
    projection_initializer,
    rotary_angles,
    scaled_frequencies,
    sinusoidal_positions,
)
from dlcli.nn.transformer_config import preset

SIZES = {"d_model": 8, "heads": 2, "layers": 2, "context": 6}


@pytest.fixture(scope="module", autouse=True)
def _cached_compilations():
    devices.prepare("auto")


def built(name="modern", **changes):
    config = preset(name, **{**SIZES, **changes})
    return Attention(config, out=projection_initializer(config), rngs=nnx.Rngs(0))


def drawn(*shape, seed=0):
    return jax.random.normal(jax.random.key(seed), shape)


def naive(query, keys, values, mask):
    """Average the values query by query; [time, head, feature] each, mask [query, key]."""
    found = np.zeros_like(query)
    for head in range(query.shape[1]):
        for time in range(query.shape[0]):
            seen = np.flatnonzero(mask[time])
            scores = np.array([query[time, head] @ keys[m, head] for m in seen]) / np.sqrt(query.shape[-1])
            weights = np.exp(scores) / np.exp(scores).sum()
            found[time, head] = sum(weight * values[m, head] for weight, m in zip(weights, seen, strict=True))
    return found


def test_the_output_equals_a_plain_loop_over_queries():
    attention, x, other = built("gpt2"), drawn(1, 3, 8), drawn(1, 5, 8, seed=1)
    mask = np.array([[1, 0, 1, 1, 0], [0, 1, 0, 0, 0], [1, 1, 1, 1, 1]], bool)
    cache = attention.project_key_value(other)
    query = attention.query(x).reshape(3, 2, 4)
    found = naive(*(np.asarray(each, np.float64).squeeze() for each in (query, *cache)), mask)
    expected = attention.out(jnp.asarray(found.reshape(1, 3, 8), jnp.float32))
    np.testing.assert_allclose(attention.attend(x, cache, mask[None, None]), expected, atol=1e-6)


def test_the_output_equals_multi_head_attention_of_pytorch():
    torch = pytest.importorskip("torch")
    attention, x, other = built("original"), drawn(2, 3, 8), drawn(2, 5, 8, seed=1)
    theirs = torch.nn.MultiheadAttention(8, 2, batch_first=True)
    parts = (attention.query, attention.key, attention.value)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.tensor(np.concatenate([part.kernel[...].T for part in parts])))
        theirs.out_proj.weight.copy_(torch.tensor(np.array(attention.out.kernel[...].T)))
        source = torch.tensor(np.array(other))
        expected, _ = theirs(torch.tensor(np.array(x)), source, source)
    found = attention.attend(x, attention.project_key_value(other), jnp.ones([1, 1, 3, 5], bool))
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-6)


def test_attention_weights_are_those_of_dot_product_attention():
    query, keys, values = drawn(2, 3, 2, 4), drawn(2, 5, 2, 4, seed=1), drawn(2, 5, 2, 4, seed=2)
    mask = padding_mask(jnp.array([5, 2]), 5)
    expected = jax.nn.dot_product_attention(query, keys, values, mask=mask)
    found = jnp.einsum("bhtm,bmhf->bthf", attention_weights(query, keys, mask), values)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_recorded_weights_sum_to_1_for_each_query():
    attention, x, record = built(), drawn(2, 4, 8), []
    attention.attend(x, attention.project_key_value(x), causal_mask(4), record=record)
    assert record[0].shape == (2, 2, 4, 4)
    np.testing.assert_allclose(record[0].sum(axis=-1), np.ones([2, 2, 4]), rtol=1e-6)
    assert np.triu(record[0], 1).max() == 0


def test_equal_keys_have_equal_weights_where_the_mask_allows():
    weights = attention_weights(
        jnp.ones([1, 1, 1, 2]), jnp.ones([1, 3, 1, 2]), jnp.array([True, True, False])[None, None, None]
    )
    np.testing.assert_allclose(weights[0, 0, 0], [0.5, 0.5, 0.0])


def test_a_causal_mask_allows_one_more_key_per_query():
    assert causal_mask(3)[0, 0].tolist() == [[True, False, False], [True, True, False], [True, True, True]]
    assert causal_mask(1, 4, start=2)[0, 0].tolist() == [[True, True, True, False]]


def test_a_padding_mask_hides_positions_after_each_length():
    mask = padding_mask(jnp.array([1, 3]), 3)
    assert mask[:, 0, 0].tolist() == [[True, False, False], [True, True, True]]


def test_a_cache_update_overwrites_from_its_start_on():
    attention, x = built(), drawn(1, 5, 8)
    whole = attention.project_key_value(x)
    part = attention.project_key_value(x[:, :3]).update(attention.project_key_value(x[:, 2:]), 0)
    np.testing.assert_allclose(part.keys[:, :3], whole.keys[:, 2:], atol=1e-6)


def test_rotary_products_depend_only_on_the_distance():
    query, key = drawn(1, 1, 1, 8), drawn(1, 1, 1, 8, seed=1)

    def product(query_position, key_position):
        rotated = [
            apply_rotary(x, rotary_angles(jnp.array([at]), 8))
            for x, at in ((query, query_position), (key, key_position))
        ]
        return float((rotated[0] * rotated[1]).sum())

    assert product(7, 3) == pytest.approx(product(104, 100), rel=1e-4)
    assert product(7, 3) != pytest.approx(product(7, 4), rel=1e-2)


def test_rotation_preserves_norms():
    x = drawn(1, 4, 2, 8)
    rotated = apply_rotary(x, rotary_angles(jnp.arange(4), 8))
    np.testing.assert_allclose(jnp.linalg.norm(rotated, axis=-1), jnp.linalg.norm(x, axis=-1), rtol=1e-5)
    np.testing.assert_array_equal(rotated[:, 0], x[:, 0])


def test_scaled_frequencies_stretch_long_wavelengths_alone():
    wavelengths = np.array([10.0, 25.0, 40.0, 100.0, 1_000.0])
    found = scaled_frequencies(jnp.asarray(2 * np.pi / wavelengths), 8.0, 1.0, 4.0, 100.0)
    share = (100 / 40 - 1) / 3
    between = share / 40 + (1 - share) / 320
    np.testing.assert_allclose(2 * np.pi / np.asarray(found), [10, 25, 1 / between, 800, 8_000], rtol=1e-5)


def test_sinusoidal_positions_equal_the_formula_of_the_paper():
    found = sinusoidal_positions(jnp.array([0, 3]), 4)
    angles = 3 / np.array([1, 10_000 ** (2 / 4)])
    np.testing.assert_allclose(found, [[0, 0, 1, 1], [*np.sin(angles), *np.cos(angles)]], atol=1e-6)


def test_a_d_model_that_is_no_multiple_of_heads_is_refused():
    with pytest.raises(ValueError, match="multiple of heads"):
        preset("gpt2", **{**SIZES, "heads": 3})


def test_a_group_of_heads_attends_as_heads_with_equal_keys_and_values():
    grouped = built("llama", heads=4, key_value_heads=2)
    whole = built("llama", heads=4)
    for name in ("query", "key", "value", "out"):
        kernel = np.asarray(getattr(grouped, name).kernel[...])
        if name in ("key", "value"):  # each head of keys serves two heads of queries in a row
            kernel = kernel.reshape(8, 2, 2).repeat(2, axis=1).reshape(8, 8)
        getattr(whole, name).kernel.set_value(jnp.asarray(kernel))
    x, mask, record = drawn(2, 5, 8), causal_mask(5), []
    outputs = [each.attend(x, each.project_key_value(x), mask, record=record) for each in (grouped, whole)]
    np.testing.assert_allclose(*outputs, atol=1e-6)
    np.testing.assert_allclose(*record, atol=1e-6)
