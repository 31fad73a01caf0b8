import functools
import subprocess
import sys

import jax
import numpy as np
import pytest
import scipy.stats

from dlcli.data.images import augmentation
from dlcli.options.augmentations import AUGMENTATIONS

BATCH, SIZE = 64, 8

resample, shift, flip = jax.jit(augmentation.resample), jax.jit(augmentation.shift), jax.jit(augmentation.flip)
light, cutout = jax.jit(augmentation.light), jax.jit(augmentation.cutout)


def images(batch: int = BATCH, height: int = SIZE, width: int = SIZE) -> np.ndarray:
    return np.random.default_rng(0).uniform(size=[batch, height, width, 2]).astype(np.float32)


def targets(batch: int = BATCH) -> np.ndarray:
    return np.eye(10, dtype=np.float32)[np.arange(batch) % 10]


@functools.cache
def compiled(strengths: tuple[tuple[str, float], ...]):
    return jax.jit(lambda key, images, targets: augmentation.augment(key, images, targets, dict(strengths)))


def augmented(strengths: dict[str, float], seed: int = 0, examples: np.ndarray | None = None) -> list[np.ndarray]:
    """Return the changed images and targets; `examples` are the images unless others are given."""
    given = images() if examples is None else examples
    return [np.asarray(x) for x in compiled(tuple(strengths.items()))(jax.random.key(seed), given, targets(len(given)))]


def numbers(name: str, strength: float, batch: int = BATCH) -> np.ndarray:
    return np.asarray(augmentation.draw(jax.random.key(0), batch, {name: strength})[name])


def resampled(image: np.ndarray, degrees: float = 0.0, factor: float = 1.0) -> np.ndarray:
    drawn = np.full(BATCH, degrees, np.float32), np.full(BATCH, factor, np.float32)
    unmoved = np.zeros([BATCH, 2], np.int32), np.zeros(BATCH, bool)
    return np.asarray(resample(np.broadcast_to(image, images().shape), *drawn, *unmoved)[0])


every_name = pytest.mark.parametrize("name", AUGMENTATIONS)


def test_no_augmentation_leaves_images_unchanged():
    changed, labels = augmented({})
    np.testing.assert_array_equal(changed, images())
    np.testing.assert_array_equal(labels, targets())


@every_name
def test_augmentation_keeps_shape_dtype_and_range(name):
    changed, labels = augmented({name: AUGMENTATIONS[name]})
    assert (changed.shape, changed.dtype, labels.shape) == (images().shape, np.float32, targets().shape)
    assert changed.min() >= 0
    assert changed.max() <= 1


@every_name
def test_each_example_draws_its_own_parameters(name):
    by_turns = np.tile(images(2), [BATCH // 2, 1, 1, 1])
    changed, _ = augmented({name: AUGMENTATIONS[name]}, examples=by_turns)
    assert len(np.unique(changed[::2], axis=0)) > 1


def test_the_images_depend_on_the_key_only():
    first, again, other = (augmented(AUGMENTATIONS, seed)[0] for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.1


def test_the_order_of_the_strengths_does_not_matter():
    one, other = (
        augmented(strengths)[0] for strengths in ({"light": 0.2, "cutout": 0.3}, {"cutout": 0.3, "light": 0.2})
    )
    np.testing.assert_array_equal(one, other)


def test_the_parameters_of_an_augmentation_do_not_depend_on_the_others():
    among = augmentation.draw(jax.random.key(0), BATCH, AUGMENTATIONS)
    np.testing.assert_array_equal(numbers("cutout", 0.3), among["cutout"])


def test_another_key_does_not_compile_again():
    for seed in range(3):
        augmented(AUGMENTATIONS, seed)
    assert compiled(tuple(AUGMENTATIONS.items()))._cache_size() == 1


def test_rotation_by_zero_is_the_identity():
    np.testing.assert_array_equal(resampled(images()[0]), images()[0])


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_rotation_by_right_angles_equals_numpy_rot90(turns):
    np.testing.assert_allclose(resampled(images()[0], degrees=90.0 * turns), np.rot90(images()[0], turns), atol=1e-5)


def test_rotated_images_have_black_corners():
    turned = resampled(np.ones([SIZE, SIZE, 2], np.float32), degrees=45.0)
    assert turned[0, 0, 0] == 0
    assert turned[SIZE // 2, SIZE // 2, 0] == pytest.approx(1)


def test_zoom_by_two_interpolates_the_middle_half():
    ramp = np.broadcast_to(np.arange(8.0, dtype=np.float32)[None, :, None], [8, 8, 1])
    np.testing.assert_allclose(resampled(ramp, factor=2.0)[0, :, 0], np.arange(1.75, 5.5, 0.5), rtol=1e-6)


def test_shift_and_flip_are_the_same_with_and_without_resampling():
    pixels, mirrored = numbers("shift", 3.0), numbers("flip", 0.5)
    still = np.zeros(BATCH, np.float32), np.ones(BATCH, np.float32)
    moved = flip(shift(images(), pixels), mirrored)
    np.testing.assert_array_equal(resample(images(), *still, pixels, mirrored), moved)


def test_shift_fills_with_black():
    moved = shift(images(2), np.array([[2, -1], [0, 8]]))
    np.testing.assert_array_equal(moved[0, 5, 3], images(2)[0, 3, 4])
    np.testing.assert_array_equal(moved[0, :2], np.zeros([2, SIZE, 2]))
    np.testing.assert_array_equal(moved[1], np.zeros([SIZE, SIZE, 2]))


def test_shift_draws_every_integer_up_to_its_strength():
    np.testing.assert_array_equal(np.unique(numbers("shift", 2.0, batch=500)), [-2, -1, 0, 1, 2])


def test_flip_with_probability_one_flips_horizontally():
    np.testing.assert_array_equal(augmented({"flip": 1.0})[0], images()[:, :, ::-1])


@pytest.mark.parametrize(("name", "low", "high"), [("rotate", -10, 10), ("zoom", 0.9, 1.1), ("light", 0.8, 1.2)])
def test_parameters_are_uniform_over_their_range(name, low, high):
    drawn = numbers(name, AUGMENTATIONS[name], batch=2_000).ravel()
    assert scipy.stats.kstest(drawn, "uniform", args=(low, high - low)).pvalue > 0.01


def test_contrast_scales_the_difference_to_the_mean():
    image = 0.4 + 0.2 * (images(1) - images(1).mean())
    changed = light(image, np.array([[2.0, 0.5]], np.float32))
    np.testing.assert_allclose(changed, 0.5 * (0.4 + 2 * (image - 0.4)), rtol=1e-4)


def test_noise_has_the_given_standard_deviation():
    changed, _ = augmented({"noise": 0.05}, examples=np.full_like(images(), 0.5))
    assert np.std(changed) == pytest.approx(0.05, rel=0.03)
    assert np.mean(changed) == pytest.approx(0.5, abs=0.002)


def test_cutout_sets_a_square_to_the_mean_colour():
    image = images(1, 10, 20)
    changed = np.asarray(cutout(image, np.array([[0.5, 0.5, 0.4]], np.float32)))
    rows, columns = np.nonzero((changed != image).any(axis=-1)[0])
    assert (rows.min(), rows.max(), columns.min(), columns.max(), rows.size) == (3, 6, 8, 11, 16)
    np.testing.assert_allclose(changed[0, 4, 9], image.mean(axis=(0, 1, 2)), rtol=1e-5)


def test_cutout_squares_may_extend_beyond_the_border():
    changed = (augmented({"cutout": 0.3})[0] != images()).any(axis=-1)
    areas = np.unique(changed.sum(axis=(1, 2)))
    assert areas.max() == 4  # 0.3 of 8 pixels is a side of 2
    assert areas.min() < 4


def test_mixup_uses_the_same_lambda_for_images_and_targets():
    mixed, labels = augmented({"mixup": 0.2})
    share = numbers("mixup", 0.2)[:, None]
    np.testing.assert_allclose(labels, share * targets() + (1 - share) * np.roll(targets(), 1, axis=0), atol=1e-6)
    before = np.roll(images(), 1, axis=0)
    share = share[..., None, None]
    np.testing.assert_allclose(mixed, share * images() + (1 - share) * before, atol=1e-6)


def test_targets_after_mixup_are_probabilities():
    labels = augmented({"mixup": 0.2})[1]
    np.testing.assert_allclose(labels.sum(axis=1), 1, rtol=1e-6)
    assert labels.min() >= 0


@pytest.mark.parametrize("strength", [0.2, 1.0, 4.0])
def test_mixup_draws_lambda_from_the_beta_distribution(strength):
    share = numbers("mixup", strength, batch=2_000)
    assert scipy.stats.kstest(share, "beta", args=(strength, strength)).pvalue > 0.01


SHARDED = """
import sys, jax, numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from dlcli.data.images import augmentation
from dlcli.options.augmentations import AUGMENTATIONS

batch = np.load(sys.argv[1])
over = NamedSharding(Mesh(np.array(jax.devices()), ["data"]), PartitionSpec("data"))
images, targets = (jax.device_put(batch[name], over) for name in ("images", "targets"))
changed = jax.jit(lambda key, images, targets: augmentation.augment(key, images, targets, AUGMENTATIONS))
images, targets = changed(jax.random.key(0), images, targets)
assert len(images.sharding.device_set) == 4, images.sharding
np.savez(sys.argv[1], images=images, targets=targets)
"""


def test_a_batch_sharded_over_devices_is_augmented_as_on_one_device(tmp_path):
    file = tmp_path / "batch.npz"
    np.savez(file, images=images(), targets=targets())
    environment = {"XLA_FLAGS": "--xla_force_host_platform_device_count=4", "JAX_PLATFORMS": "cpu"}
    environment["PYTHONPATH"] = ":".join(filter(None, sys.path))
    done = subprocess.run([sys.executable, "-c", SHARDED, file], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    changed, labels = augmented(AUGMENTATIONS)
    with np.load(file) as sharded:
        np.testing.assert_allclose(sharded["images"], changed, atol=1e-5)
        np.testing.assert_allclose(sharded["targets"], labels, atol=1e-5)


def test_cutmix_weights_the_targets_by_the_pixels_of_each_image():
    white = np.zeros([BATCH, SIZE, SIZE, 1], np.float32)
    white[::2] = 1.0  # every other image is black
    mixed, labels = augmented({"cutmix": 1.0}, examples=white)
    own = labels[np.arange(BATCH), np.arange(BATCH) % 10]
    pixels = mixed.mean(axis=(1, 2, 3))
    np.testing.assert_allclose(own, np.where(np.arange(BATCH) % 2 == 0, pixels, 1 - pixels), atol=1e-6)
    np.testing.assert_allclose(labels.sum(axis=1), 1, rtol=1e-6)


def test_a_crop_of_the_whole_image_is_the_identity():
    boxes = np.array([[0.3, 0.9, 1.0]] * 2, np.float32)
    np.testing.assert_allclose(augmentation.crop(images(2), boxes), images(2), atol=1e-6)


def test_a_crop_interpolates_its_part_of_the_image():
    ramp = np.broadcast_to(np.arange(8.0, dtype=np.float32)[None, None, :, None], [1, 8, 8, 1])
    cut = augmentation.crop(ramp, np.array([[0.0, 1.0, 0.5]], np.float32))
    np.testing.assert_allclose(cut[0, 0, :, 0], 3.5 + 0.5 * np.arange(8), rtol=1e-6)


def test_jitter_without_saturation_is_gray():
    colours = np.random.default_rng(0).uniform(size=[2, 4, 4, 3]).astype(np.float32)
    changed = np.asarray(augmentation.jitter(colours, np.array([[0.0, 90.0]] * 2, np.float32)))
    np.testing.assert_allclose(changed, np.repeat(colours.mean(axis=-1, keepdims=True), 3, axis=-1), atol=1e-6)


def test_a_third_of_a_turn_of_the_hue_permutes_the_channels():
    colours = 0.3 + 0.2 * np.random.default_rng(0).uniform(size=[2, 4, 4, 3]).astype(np.float32)
    changed = np.asarray(augmentation.jitter(colours, np.array([[1.0, 120.0]] * 2, np.float32)))
    np.testing.assert_allclose(changed, np.roll(colours, 1, axis=-1), atol=1e-5)


def test_randaugment_draws_two_operations_per_image():
    drawn = numbers("randaugment", 0.5, batch=400)
    changed = drawn != np.array(augmentation._NEUTRAL, np.float32)
    assert set(changed.sum(axis=1)) == {2}
    assert changed.mean(axis=0).min() > 0.15  # each is drawn in a quarter of the images


def test_randaugment_without_operations_is_the_identity():
    neutral = np.tile(np.array(augmentation._NEUTRAL, np.float32), (2, 1))
    np.testing.assert_allclose(augmentation.randaugment(images(2), neutral), images(2), atol=1e-6)


def test_an_alternating_flip_follows_the_parity():
    parity, strengths = np.arange(BATCH) % 2, {"alternating-flip": 1.0}
    change = jax.jit(lambda *given: augmentation.augment(jax.random.key(0), *given, strengths, parity)[0])
    changed = np.asarray(change(images(), targets()))
    np.testing.assert_array_equal(changed[::2], images()[::2])
    np.testing.assert_array_equal(changed[1::2], images()[1::2, :, ::-1])
