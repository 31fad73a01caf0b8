import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dlcli.engine import devices
from dlcli.nn.attention import causal, padding
from dlcli.nn.presets import PRESETS, preset
from dlcli.nn.transformer import Block, Embedding, Stack

SIZES = {"width": 8, "heads": 2, "layers": 2, "context": 6}


@pytest.fixture(scope="module", autouse=True)
def _cached_compilations():
    devices.prepare("auto")


def stack(name, **more):
    return Stack(preset(name, **SIZES), **more, rngs=nnx.Rngs(0))


def drawn(*shape, seed=0):
    return jax.random.normal(jax.random.key(seed), shape)


@nnx.jit
def applied(blocks, x, mask):
    return blocks(x, mask)[0]


@nnx.jit
def reading(blocks, x, other):
    return blocks(x, causal(3), source=blocks.source(other, padding(jnp.array([2]), 4)))[0]


@nnx.jit
def following(blocks, embedding, token, start, past):
    x, past = blocks(embedding(token, start), causal(1, 6, start), start=start, past=past)
    return embedding.logits(x), past


def copied(linear, theirs, torch):
    theirs.weight.copy_(torch.tensor(np.array(linear.kernel[...].T)))


@pytest.mark.parametrize(("name", "before"), [("original", False), ("gpt2", True)])
def test_a_block_is_the_encoder_layer_of_pytorch(name, before):
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    active = "relu" if name == "original" else lambda x: functional.gelu(x, approximate="tanh")
    theirs = torch.nn.TransformerEncoderLayer(8, 2, 32, 0.0, active, batch_first=True, norm_first=before).eval()
    ours, x = stack(name), drawn(2, 4, 8)
    block = ours.blocks[0]
    parts = [getattr(block.attention, part).kernel[...].T for part in ("query", "key", "value")]
    with torch.no_grad():
        theirs.self_attn.in_proj_weight.copy_(torch.tensor(np.concatenate(parts)))
        pairs = [(block.attention.out, theirs.self_attn.out_proj)]
        for linear, other in [*pairs, (block.forward.widen, theirs.linear1), (block.forward.narrow, theirs.linear2)]:
            copied(linear, other, torch)
            other.bias.zero_()
        mask = torch.nn.Transformer.generate_square_subsequent_mask(4)
        expected = theirs(torch.tensor(np.array(x)), src_mask=mask).numpy()
    ours.blocks, ours.last = nnx.List([block]), None
    np.testing.assert_allclose(applied(ours, x, causal(4)), expected, atol=1e-5)


@pytest.mark.parametrize("name", PRESETS)
def test_a_causal_stack_ignores_the_future(name):
    blocks, x = stack(name), drawn(1, 5, 8)
    first, second = (applied(blocks, each, causal(5)) for each in (x, x.at[:, 3:].multiply(-2.0)))
    np.testing.assert_array_equal(first[:, :3], second[:, :3])
    assert not np.allclose(first[:, 3:], second[:, 3:])


@pytest.mark.parametrize("name", PRESETS)
def test_padding_changes_nothing_for_what_stands_before_it(name):
    blocks, x = stack(name), drawn(2, 5, 8)
    mask = padding(jnp.array([3, 5]), 5)
    first, second = (applied(blocks, each, mask) for each in (x, x.at[0, 3:].set(7.0)))
    np.testing.assert_array_equal(first[0, :3], second[0, :3])


@pytest.mark.parametrize("name", PRESETS)
def test_positions_one_at_a_time_with_what_is_remembered_give_what_all_at_once_give(name):
    style = preset(name, **SIZES)
    blocks, embedding = Stack(style, rngs=nnx.Rngs(0)), Embedding(style, 11, rngs=nnx.Rngs(1))
    tokens = jax.random.randint(jax.random.key(0), [2, 6], 0, 11)
    whole = embedding.logits(blocks(embedding(tokens), causal(6))[0])
    past, found = blocks.empty(2), []
    for start in range(6):
        logits, past = following(blocks, embedding, tokens[:, start : start + 1], jnp.array(start), past)
        found.append(logits)
    np.testing.assert_allclose(jnp.concatenate(found, axis=1), whole, atol=1e-5)


@pytest.mark.parametrize("name", PRESETS)
def test_a_decoder_reads_of_another_sequence_what_its_mask_shows(name):
    blocks, x, other = stack(name, cross=True), drawn(1, 3, 8), drawn(1, 4, 8, seed=1)
    read = reading(blocks, x, other)
    np.testing.assert_array_equal(read, reading(blocks, x, other.at[:, 2:].add(1.0)))
    assert not np.allclose(read, reading(blocks, x, other.at[:, 1].add(1.0)))


def test_weights_are_recorded_layer_by_layer_the_own_sequence_first():
    blocks, other, record = stack("modern", cross=True), drawn(1, 4, 8, seed=1), []
    blocks(drawn(1, 3, 8), causal(3), source=blocks.source(other, padding(jnp.array([4]), 4)), record=record)
    assert [each.shape for each in record] == [(1, 2, 3, 3), (1, 2, 3, 4)] * 2


def test_what_each_part_adds_at_first_shrinks_with_the_number_of_parts_in_gpt2():
    def deviation(layers):
        style = preset("gpt2", **{**SIZES, "layers": layers, "width": 64})
        return float(Block(style, cross=False, rngs=nnx.Rngs(0)).forward.narrow.kernel[...].std())

    assert deviation(2) == pytest.approx(0.02 / 2, rel=0.03)
    assert deviation(8) == pytest.approx(0.02 / 4, rel=0.03)


def test_dropout_acts_in_training_alone():
    style = preset("gpt2", **SIZES, dropout=0.5)
    embedding, tokens = Embedding(style, 11, rngs=nnx.Rngs(0)), jnp.zeros([1, 6], int)
    embedding.train()
    assert 0.2 < float((embedding(tokens) == 0).mean()) < 0.8
    embedding.eval()
    assert not (embedding(tokens) == 0).any()


@pytest.mark.parametrize("name", PRESETS)
def test_bfloat16_activations_end_in_float32_logits_near_those_of_float32(name):
    def logits(dtype):
        style = preset(name, **SIZES, dtype=dtype)
        embedding, blocks = Embedding(style, 11, rngs=nnx.Rngs(1)), Stack(style, rngs=nnx.Rngs(0))
        return embedding.logits(blocks(embedding(jnp.arange(6)[None]), causal(6))[0])

    half, full = logits("bfloat16"), logits("float32")
    assert half.dtype == jnp.float32
    np.testing.assert_allclose(half, full, atol=0.05 * float(jnp.abs(full).max()))
