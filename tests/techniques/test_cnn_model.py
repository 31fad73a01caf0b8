import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dlcli.errors import UsageError
from dlcli.nn.receptive_field import ReceptiveField, Window
from dlcli.techniques.cnn.blocks import AirbenchBlock, ResidualBlock
from dlcli.techniques.cnn.model import Architecture, Head, Network

# A small network of each family; of resnets, one for CIFAR and one of each shortcut for ImageNet.
TINY = {
    "small": Architecture(channels=4, hidden=8),
    "resnet": Architecture(arch="resnet", depth=8, channels=4),
    "resnet-18": Architecture(arch="resnet", depth=18, channels=2),
    "resnet-50": Architecture(arch="resnet", depth=50, channels=2),
    "plain": Architecture(arch="plain", depth=8, channels=4),
    "convnext": Architecture(arch="convnext", channels=4, stages=2),
    "airbench": Architecture(arch="airbench", channels=4, stages=2),
}


def change(architecture, **changes):
    return Architecture(**{**vars(architecture), **changes})


def abstract(architecture, image=(16, 16, 3), classes=5):
    """A network of shapes without values."""
    return nnx.eval_shape(lambda: Network(architecture, image, classes, rngs=nnx.Rngs(0)))


def filled(architecture, image=(8, 8, 3), classes=3):
    """A network with random weights everywhere, which takes far less time than its initializers."""
    network, generator = abstract(architecture, image, classes), np.random.default_rng(0)
    weights = jax.tree.map(
        lambda leaf: jnp.asarray(generator.normal(0.1, 0.3, leaf.shape), leaf.dtype), nnx.state(network, nnx.Param)
    )
    statistics = jax.tree.map(lambda leaf: jnp.ones(leaf.shape, leaf.dtype), nnx.state(network, nnx.BatchStat))
    nnx.update(network, weights, statistics)
    return network


def shapes(architecture, image=(16, 16, 3)):
    """Shapes of each layer's feature maps by name, of the logits for two images, and the network without values."""
    names = []

    def run():
        network = Network(architecture, image, 5, rngs=nnx.Rngs(0))
        maps = list(network.backbone.feature_maps(jnp.zeros([2, *image])))
        names.extend(name for name, _ in maps)
        return [each for _, each in maps], network(jnp.zeros([2, *image])), network

    maps, logits, network = nnx.eval_shape(run)
    return dict(zip(names, maps, strict=True)), logits, network


POOLS_AND_NORMS = list(itertools.product(["max", "average", "stride"], ["batch", "group", "none"]))
NETWORKS = [(family, *each) for family in ("small", "resnet", "convnext", "airbench") for each in POOLS_AND_NORMS]


@pytest.mark.parametrize(
    ("family", "pool", "norm"), [*NETWORKS, ("resnet-18", "max", "batch"), ("resnet-50", "stride", "none")]
)
def test_every_network_has_the_shapes_of_its_layers(family, pool, norm):
    architecture = change(TINY[family], pool=pool, norm=norm)
    maps, logits, network = shapes(architecture)
    assert tuple(maps) == network.backbone.names
    assert list(maps.values())[-1].shape == (2, *network.backbone.features)
    assert logits.shape == (2, 5)


# He et al. 2015, arXiv:1512.03385, table 6, in millions.
@pytest.mark.parametrize(("depth", "millions"), [(20, 0.27), (44, 0.66)])
def test_cifar_resnets_have_the_parameters_of_the_paper(depth, millions):
    network = abstract(Architecture(arch="resnet", depth=depth), (32, 32, 3), 10)
    assert round(count(network) / 1e6, 2) == millions


# kuangliu/pytorch-cifar for images of 32 pixels, torchvision for those of 224.
@pytest.mark.parametrize(
    ("depth", "side", "classes", "parameters"),
    [(18, 32, 10, 11_173_962), (50, 32, 10, 23_520_842), (18, 224, 1000, 11_689_512), (34, 224, 1000, 21_797_672)],
)
def test_imagenet_resnets_have_the_parameters_of_the_reference_implementations(depth, side, classes, parameters):
    assert count(abstract(Architecture(arch="resnet", depth=depth), (side, side, 3), classes)) == parameters


def count(network):
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(network, nnx.Param)))


def test_the_stem_of_an_imagenet_resnet_downsamples_large_images_by_four():
    maps, *_ = shapes(change(TINY["resnet-18"], norm="none"), (96, 96, 3))
    assert [maps[name].shape[1] for name in ("stem", "pool1", "block2_1", "block4_2")] == [48, 24, 12, 3]


@pytest.mark.parametrize("family", ["small", "resnet", "convnext", "airbench"])
def test_the_network_is_the_composition_of_its_layers_with_its_head(family):
    network = filled(TINY[family])
    network.eval()

    @jax.jit
    def both(images):
        *_, (_, features) = network.backbone.feature_maps(images)
        return network.head(features), network(images)

    by_layers, at_once = both(jax.random.normal(jax.random.key(0), [2, 8, 8, 3]))
    np.testing.assert_allclose(by_layers, at_once, rtol=1e-6)


def test_a_plain_network_has_the_parameters_of_a_residual_one_without_projections():
    counts = [count(abstract(Architecture(arch=arch, depth=20), (32, 32, 3), 10)) for arch in ("plain", "resnet")]
    assert counts[0] == counts[1]


def test_the_block_of_a_plain_network_has_no_shortcut():
    network = filled(TINY["plain"])
    silent = jax.tree.map(jnp.zeros_like, nnx.state(network.backbone.layers["block2_1"], nnx.Param))
    nnx.update(network.backbone.layers["block2_1"], silent)
    network.eval()
    maps = dict(network.backbone.feature_maps(jnp.ones([1, 8, 8, 3])))
    assert (np.asarray(maps["block1_1"]) > 0).any()
    assert (np.asarray(maps["block2_1"]) == 0).all()


@pytest.mark.parametrize("norm", ["batch", "none"])
def test_an_untrained_residual_block_is_its_shortcut(norm):
    config, window = Architecture(norm=norm, activation="relu"), Window(3, 1, 1)
    block = ResidualBlock((4, 4, 4), (window, window), config, projection=False, rngs=nnx.Rngs(0))
    block.eval()
    maps = jnp.asarray(np.random.default_rng(0).random([2, 5, 5, 4]))
    np.testing.assert_array_equal(jax.jit(lambda maps: block(maps))(maps), maps)


def test_a_shortcut_of_option_a_is_strided_then_padded_with_zero_channels():
    config, windows = Architecture(norm="none", activation="relu"), (Window(3, 2, 1), Window(3, 1, 1))
    block = ResidualBlock((4, 6, 6), windows, config, projection=False, rngs=nnx.Rngs(0))
    maps = np.random.default_rng(0).random([2, 5, 5, 4], dtype=np.float32)
    result = jax.jit(lambda maps: block(maps))(maps)
    np.testing.assert_array_equal(result[..., :4], maps[:, ::2, ::2])
    assert not result[..., 4:].any()


def test_logits_are_float32_when_activations_are_bfloat16():
    maps, logits, network = shapes(change(TINY["resnet"], dtype="bfloat16"))
    assert {each.dtype for each in maps.values()} == {jnp.dtype(jnp.bfloat16)}
    assert logits.dtype == jnp.float32
    state = nnx.state(network, nnx.Param, nnx.BatchStat)
    assert {leaf.dtype for part in state for leaf in jax.tree.leaves(part)} == {jnp.dtype(jnp.float32)}


def test_dropout_is_active_in_training_only():
    config = Architecture(hidden=0, activation="relu", dropout=0.5)
    head = Head(config, (1, 1, 64), 3, flat=False, rngs=nnx.Rngs(0))
    head.logits.kernel[...] = jnp.ones([64, 3])
    features = jnp.ones([1, 1, 1, 64])
    assert not np.array_equal(head(features), head(features))
    head.eval()
    np.testing.assert_array_equal(head(features), head(features))


def test_batch_statistics_are_updated_in_training_only():
    backbone = filled(change(TINY["small"], norm="batch")).backbone
    backbone.eval()

    @nnx.jit
    def statistics_after(backbone, images):
        backbone(images)
        return jax.tree.leaves(nnx.state(backbone, nnx.BatchStat))

    images = np.ones([2, 8, 8, 3], np.float32)
    assert all((statistic == 1).all() for statistic in statistics_after(backbone, images))
    backbone.train()
    assert all((statistic != 1).all() for statistic in statistics_after(backbone, images))


@pytest.mark.parametrize("family", ["small", "resnet", "convnext", "airbench"])
def test_the_geometry_gives_the_receptive_field_of_a_unit(family):
    # Without a norm, which mixes all pixels, and without a ReLU, which may map NaN to 0.
    network = filled(change(TINY[family], norm="none", pool="average", activation="gelu"), (32, 32, 1))
    (*_, name) = network.backbone.names[:4]
    windows = [window for _, passed in network.backbone.geometry()[:4] for window in passed]
    first, last = ReceptiveField().through(windows).interval(4)
    # Image i is NaN in row i, and so is every unit that depends on the row.
    images = np.where(np.eye(32)[:, :, None, None], np.nan, np.ones([1, 1, 32, 1])).astype(np.float32)
    units = jax.jit(lambda images: dict(network.backbone.feature_maps(images))[name])(images)[:, 4, 4, 0]
    rows = np.flatnonzero(np.isnan(units))
    np.testing.assert_array_equal(rows, range(max(first, 0), min(last, 31) + 1))


def kernels(architecture):
    """Shapes of the kernels by name, in their order; nothing is computed."""
    found = {}

    def run():
        network = Network(architecture, (8, 8, 3), 3, rngs=nnx.Rngs(0))
        found.update({name: kernel.shape for name, kernel in network.convolutions().items()})

    jax.eval_shape(run)
    return found


def test_kernels_are_listed_in_the_order_of_the_layers():
    found = kernels(TINY["resnet-50"])
    assert list(found)[:5] == [
        "stem",
        "block1_1.branch.0",
        "block1_1.branch.1",
        "block1_1.branch.2",
        "block1_1.shortcut",
    ]
    assert list(found.values())[1:4] == [(1, 1, 2, 2), (3, 3, 2, 2), (1, 1, 2, 8)]
    assert list(kernels(TINY["small"])) == ["conv1", "conv2"]


def test_an_untrained_network_predicts_a_uniform_distribution():
    network = Network(TINY["small"], (8, 8, 1), 10, rngs=nnx.Rngs(0))
    images = np.random.default_rng(0).normal(size=[64, 8, 8, 1])
    probabilities = jax.jit(lambda images: jax.nn.softmax(network(images)))(images)
    np.testing.assert_allclose(probabilities, 0.1, rtol=1e-6)


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        (Architecture(arch="vgg"), "--arch must be one of small, resnet, plain, convnext, airbench, got 'vgg'"),
        (Architecture(arch="resnet", depth=19), "--depth must be one of 8, 18, 20, 32, 34, 44, 50, 56, got 19"),
        (Architecture(arch="resnet", stages=2), "--arch resnet has no --stages, got --stages 2"),
        (Architecture(depth=20), "--arch small has no --depth, got --depth 20"),
        (Architecture(stages=4), "of 8 pixels a side, 1 are left at pool4"),
    ],
)
def test_an_impossible_architecture_is_refused_before_anything_is_computed(architecture, message):
    with pytest.raises(UsageError, match=message):
        abstract(architecture, (8, 8, 1))


def test_the_first_output_channels_of_an_airbench_convolution_copy_its_inputs():
    block = AirbenchBlock(4, 6, change(TINY["airbench"], norm="none", activation="relu", pool="max"), rngs=nnx.Rngs(0))
    maps = np.random.default_rng(0).random([2, 5, 5, 4], dtype=np.float32)
    result = jax.jit(lambda maps: block.conv1(maps))(maps)
    np.testing.assert_allclose(result[..., :4], maps, rtol=1e-6)
    assert np.abs(block.conv1.kernel[..., 4:]).max() > 0


def test_an_airbench_network_has_no_learned_scale():
    network = abstract(TINY["airbench"])
    paths = [
        jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_leaves_with_path(nnx.state(network, nnx.Param))
    ]
    assert paths
    assert not [path for path in paths if "scale" in path]
