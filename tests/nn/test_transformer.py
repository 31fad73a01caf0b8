import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dlcli.engine import devices
from dlcli.nn.attention import causal_mask, padding_mask
from dlcli.nn.transformer import Embedding, TransformerBlock, TransformerStack
from dlcli.nn.transformer_config import PRESETS, preset

SIZES = {"d_model": 8, "heads": 2, "layers": 2, "context": 6}


@pytest.fixture(scope="module", autouse=True)
def _cached_compilations():
    devices.prepare("auto")


def stack(name, **more):
    return TransformerStack(preset(name, **SIZES), **more, rngs=nnx.Rngs(0))


def drawn(*shape, seed=0):
    return jax.random.normal(jax.random.key(seed), shape)


@nnx.jit
def applied(blocks, x, mask):
    return blocks(x, mask)[0]


@nnx.jit
def all_logits(blocks, embedding, tokens):
    return embedding.logits(blocks(embedding(tokens), causal_mask(6))[0])


@nnx.jit
def cross_attended(blocks, x, other):
    return blocks(x, causal_mask(3), encoded=blocks.project_encoded(other, padding_mask(jnp.array([2]), 4)))[0]


@nnx.jit
def next_logits(blocks, embedding, token, start, cache):
    x, cache = blocks(embedding(token, start), causal_mask(1, 6, start), start=start, cache=cache)
    return embedding.logits(x), cache


def copied(linear, theirs, torch):
    theirs.weight.copy_(torch.tensor(np.array(linear.kernel[...].T)))


@pytest.mark.parametrize(("name", "pre_norm"), [("original", False), ("gpt2", True)])
def test_a_block_equals_the_encoder_layer_of_pytorch(name, pre_norm):
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    active = "relu" if name == "original" else lambda x: functional.gelu(x, approximate="tanh")
    theirs = torch.nn.TransformerEncoderLayer(8, 2, 32, 0.0, active, batch_first=True, norm_first=pre_norm).eval()
    ours, x = stack(name), drawn(2, 4, 8)
    block = ours.blocks[0]
    parts = [getattr(block.self_attention, part).kernel[...].T for part in ("query", "key", "value")]
    with torch.no_grad():
        theirs.self_attn.in_proj_weight.copy_(torch.tensor(np.concatenate(parts)))
        pairs = [(block.self_attention.out, theirs.self_attn.out_proj)]
        for linear, other in [
            *pairs,
            (block.feed_forward.up, theirs.linear1),
            (block.feed_forward.down, theirs.linear2),
        ]:
            copied(linear, other, torch)
            other.bias.zero_()
        mask = torch.nn.Transformer.generate_square_subsequent_mask(4)
        expected = theirs(torch.tensor(np.array(x)), src_mask=mask).numpy()
    ours.blocks, ours.final_norm = nnx.List([block]), None
    np.testing.assert_allclose(applied(ours, x, causal_mask(4)), expected, atol=1e-5)


@pytest.mark.parametrize("name", PRESETS)
def test_with_a_causal_mask_outputs_do_not_depend_on_later_positions(name):
    blocks, x = stack(name), drawn(1, 5, 8)
    first, second = (applied(blocks, each, causal_mask(5)) for each in (x, x.at[:, 3:].multiply(-2.0)))
    np.testing.assert_array_equal(first[:, :3], second[:, :3])
    assert not np.allclose(first[:, 3:], second[:, 3:])


@pytest.mark.parametrize("name", PRESETS)
def test_padding_does_not_change_earlier_outputs(name):
    blocks, x = stack(name), drawn(2, 5, 8)
    mask = padding_mask(jnp.array([3, 5]), 5)
    first, second = (applied(blocks, each, mask) for each in (x, x.at[0, 3:].set(7.0)))
    np.testing.assert_array_equal(first[0, :3], second[0, :3])


@pytest.mark.parametrize("name", PRESETS)
def test_steps_with_a_cache_equal_a_full_pass(name):
    config = preset(name, **SIZES)
    blocks, embedding = TransformerStack(config, rngs=nnx.Rngs(0)), Embedding(config, 11, rngs=nnx.Rngs(1))
    tokens = jax.random.randint(jax.random.key(0), [2, 6], 0, 11)
    whole = all_logits(blocks, embedding, tokens)
    cache, found = blocks.init_cache(2), []
    for start in range(6):
        logits, cache = next_logits(blocks, embedding, tokens[:, start : start + 1], jnp.array(start), cache)
        found.append(logits)
    np.testing.assert_allclose(jnp.concatenate(found, axis=1), whole, atol=1e-5)


@pytest.mark.parametrize("name", PRESETS)
def test_cross_attention_ignores_masked_positions(name):
    blocks, x, other = stack(name, cross=True), drawn(1, 3, 8), drawn(1, 4, 8, seed=1)
    output = cross_attended(blocks, x, other)
    np.testing.assert_array_equal(output, cross_attended(blocks, x, other.at[:, 2:].add(1.0)))
    assert not np.allclose(output, cross_attended(blocks, x, other.at[:, 1].add(1.0)))


def test_weights_are_recorded_layer_by_layer_with_self_attention_first():
    blocks = stack("modern", cross=True)

    def recorded(x, other):
        encoded = blocks.project_encoded(other, padding_mask(jnp.array([4]), 4))
        blocks(x, causal_mask(3), encoded=encoded, record=(record := []))
        return record

    shapes = jax.eval_shape(recorded, jnp.zeros([1, 3, 8]), jnp.zeros([1, 4, 8]))
    assert [each.shape for each in shapes] == [(1, 2, 3, 3), (1, 2, 3, 4)] * 2


def test_initial_output_weights_of_gpt2_shrink_with_the_number_of_layers():
    def std(layers):
        config = preset("gpt2", **{**SIZES, "layers": layers, "d_model": 64})
        return float(TransformerBlock(config, cross=False, rngs=nnx.Rngs(0)).feed_forward.down.kernel[...].std())

    assert std(2) == pytest.approx(0.02 / 2, rel=0.03)
    assert std(8) == pytest.approx(0.02 / 4, rel=0.03)


def test_dropout_is_applied_only_in_training():
    config = preset("gpt2", **SIZES, dropout=0.5)
    embedding, tokens = Embedding(config, 11, rngs=nnx.Rngs(0)), jnp.zeros([1, 6], int)
    embedding.train()
    assert 0.2 < float((embedding(tokens) == 0).mean()) < 0.8
    embedding.eval()
    assert not (embedding(tokens) == 0).any()


@pytest.mark.parametrize("name", PRESETS)
def test_bfloat16_activations_give_float32_logits(name):
    def logits(dtype):
        config = preset(name, **SIZES, dtype=dtype)
        embedding, blocks = Embedding(config, 11, rngs=nnx.Rngs(1)), TransformerStack(config, rngs=nnx.Rngs(0))
        return all_logits(blocks, embedding, jnp.arange(6)[None])

    half, full = logits("bfloat16"), logits("float32")
    assert half.dtype == jnp.float32
    np.testing.assert_allclose(half, full, atol=0.05 * float(jnp.abs(full).max()))
