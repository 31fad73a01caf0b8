import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dlcli.engine import devices
from dlcli.nn.attention import Attention, causal, kernels, padding, rotary_angles, rotate, sinusoids, weights
from dlcli.nn.presets import preset

SIZES = {"width": 8, "heads": 2, "layers": 2, "context": 6}


@pytest.fixture(scope="module", autouse=True)
def _cached_compilations():
    devices.prepare("auto")


def built(name="modern", **changes):
    style = preset(name, **{**SIZES, **changes})
    return Attention(style, out=kernels(style), rngs=nnx.Rngs(0))


def drawn(*shape, seed=0):
    return jax.random.normal(jax.random.key(seed), shape)


def naive(query, keys, values, mask):
    """Average the values query by query: [time, head, feature] each, mask [time, memory]."""
    found = np.zeros_like(query)
    for head in range(query.shape[1]):
        for time in range(query.shape[0]):
            seen = np.flatnonzero(mask[time])
            scores = np.array([query[time, head] @ keys[m, head] for m in seen]) / np.sqrt(query.shape[-1])
            shares = np.exp(scores) / np.exp(scores).sum()
            found[time, head] = sum(share * values[m, head] for share, m in zip(shares, seen, strict=True))
    return found


def test_it_averages_the_values_as_the_slow_obvious_version_does():
    attention, x, other = built("gpt2"), drawn(1, 3, 8), drawn(1, 5, 8, seed=1)
    mask = np.array([[1, 0, 1, 1, 0], [0, 1, 0, 0, 0], [1, 1, 1, 1, 1]], bool)
    memory = attention.remember(other)
    query = attention.query(x).reshape(3, 2, 4)
    found = naive(*(np.asarray(each, np.float64).squeeze() for each in (query, *memory)), mask)
    expected = attention.out(jnp.asarray(found.reshape(1, 3, 8), jnp.float32))
    np.testing.assert_allclose(attention.recall(x, memory, mask[None, None]), expected, atol=1e-6)


def test_it_is_the_multi_head_attention_of_pytorch():
    torch = pytest.importorskip("torch")
    attention, x, other = built("original"), drawn(2, 3, 8), drawn(2, 5, 8, seed=1)
    theirs = torch.nn.MultiheadAttention(8, 2, batch_first=True)
    parts = (attention.query, attention.key, attention.value)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.tensor(np.concatenate([part.kernel[...].T for part in parts])))
        theirs.out_proj.weight.copy_(torch.tensor(np.array(attention.out.kernel[...].T)))
        source = torch.tensor(np.array(other))
        expected, _ = theirs(torch.tensor(np.array(x)), source, source)
    found = attention.recall(x, attention.remember(other), jnp.ones([1, 1, 3, 5], bool))
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-6)


def test_the_weights_are_those_that_the_values_are_averaged_with():
    query, keys, values = drawn(2, 3, 2, 4), drawn(2, 5, 2, 4, seed=1), drawn(2, 5, 2, 4, seed=2)
    mask = padding(jnp.array([5, 2]), 5)
    expected = jax.nn.dot_product_attention(query, keys, values, mask=mask)
    found = jnp.einsum("bhtm,bmhf->bthf", weights(query, keys, mask), values)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_weights_are_recorded_one_row_of_shares_for_each_position_that_asks():
    attention, x, record = built(), drawn(2, 4, 8), []
    attention.recall(x, attention.remember(x), causal(4), record=record)
    assert record[0].shape == (2, 2, 4, 4)
    np.testing.assert_allclose(record[0].sum(axis=-1), np.ones([2, 2, 4]), rtol=1e-6)
    assert np.triu(record[0], 1).max() == 0


def test_equal_keys_give_the_mean_of_the_values_that_are_seen():
    shares = weights(jnp.ones([1, 1, 1, 2]), jnp.ones([1, 3, 1, 2]), jnp.array([True, True, False])[None, None, None])
    np.testing.assert_allclose(shares[0, 0, 0], [0.5, 0.5, 0.0])


def test_a_causal_mask_grows_by_one_position_a_row_from_its_start_on():
    assert causal(3)[0, 0].tolist() == [[True, False, False], [True, True, False], [True, True, True]]
    assert causal(1, 4, start=2)[0, 0].tolist() == [[True, True, True, False]]


def test_a_padding_mask_hides_what_lies_behind_each_length():
    mask = padding(jnp.array([1, 3]), 3)
    assert mask[:, 0, 0].tolist() == [[True, False, False], [True, True, True]]


def test_what_is_written_into_a_memory_stands_from_its_start_on():
    attention, x = built(), drawn(1, 5, 8)
    whole = attention.remember(x)
    part = attention.remember(x[:, :3]).write(attention.remember(x[:, 2:]), 0)
    np.testing.assert_allclose(part.keys[:, :3], whole.keys[:, 2:], atol=1e-6)


def test_rotary_products_depend_on_the_distance_alone():
    query, key = drawn(1, 1, 1, 8), drawn(1, 1, 1, 8, seed=1)

    def product(asking, answering):
        turned = [rotate(x, rotary_angles(jnp.array([at]), 8)) for x, at in ((query, asking), (key, answering))]
        return float((turned[0] * turned[1]).sum())

    assert product(7, 3) == pytest.approx(product(104, 100), rel=1e-4)
    assert product(7, 3) != pytest.approx(product(7, 4), rel=1e-2)


def test_rotation_leaves_lengths_and_the_first_position_as_they_are():
    x = drawn(1, 4, 2, 8)
    turned = rotate(x, rotary_angles(jnp.arange(4), 8))
    np.testing.assert_allclose(jnp.linalg.norm(turned, axis=-1), jnp.linalg.norm(x, axis=-1), rtol=1e-5)
    np.testing.assert_array_equal(turned[:, 0], x[:, 0])


def test_sinusoids_are_those_of_the_paper():
    found = sinusoids(jnp.array([0, 3]), 4)
    angles = 3 / np.array([1, 10_000 ** (2 / 4)])
    np.testing.assert_allclose(found, [[0, 0, 1, 1], [*np.sin(angles), *np.cos(angles)]], atol=1e-6)


def test_heads_that_do_not_share_the_width_are_refused():
    with pytest.raises(ValueError, match="multiple of heads"):
        preset("gpt2", **{**SIZES, "heads": 3})
