import jax.numpy as jnp
import numpy as np
import pytest

from dlcli.data import densities, domains
from dlcli.data.domains import GenerativeFacts, ImageDomain, PointDomain
from dlcli.data.images.batches import ImageFacts
from dlcli.errors import RunError, UsageError
from dlcli.options.generative import GenerativeTrainOptions

IMAGES = ImageFacts(image=(2, 2, 1), classes=("cat", "dog"), mean=(0.5,), std=(0.3,))
RING = densities.mixture("ring")


def test_images_are_encoded_between_minus_one_and_one():
    batch = {"image": np.array([0, 255], np.uint8).reshape(1, 1, 2, 1)}
    np.testing.assert_array_equal(ImageDomain(IMAGES).encode(batch).ravel(), [-1, 1])


def test_decoding_inverts_the_encoding_of_images():
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    domain = ImageDomain(IMAGES)
    np.testing.assert_array_equal(domain.decode(domain.encode({"image": pixels})), pixels)


def test_decoding_clips_images_to_the_range_of_pixels():
    np.testing.assert_array_equal(ImageDomain(IMAGES).decode(jnp.array([-2.0, 3.0])), [0, 255])


def test_decoding_inverts_the_encoding_of_points():
    points = densities.draw(RING, 10, [0])
    domain = PointDomain(RING, 0.7)
    np.testing.assert_allclose(domain.decode(domain.encode({"point": points})), points, rtol=1e-6)


def test_points_divided_by_the_rms_coordinate_have_variance_one():
    points = densities.draw(RING, 10_000, [0]) / domains.rms_coordinate(RING)
    assert np.square(points).mean() == pytest.approx(1, rel=0.01)


def test_points_lie_within_the_bound():
    domain = PointDomain(RING, domains.rms_coordinate(RING))
    points = domain.encode({"point": densities.draw(RING, 10_000, [0])})
    assert np.abs(points).max() < domain.bound


def test_an_unknown_data_set_is_refused_with_the_names_of_the_densities():
    with pytest.raises(UsageError) as raised:
        domains.read(GenerativeTrainOptions(dataset="rings"))
    assert "densities: ring, grid" in raised.value.hint


def test_data_of_another_domain_is_refused():
    with pytest.raises(RunError, match="of the size that runs/gan was trained on"):
        GenerativeFacts(data=IMAGES).require_same_domain(GenerativeFacts(data=RING), "runs/gan", classes=False)


def test_other_classes_are_refused_for_conditional_models():
    facts, other = GenerativeFacts(data=IMAGES), IMAGES.model_copy(update={"classes": ("cat", "cow")})
    facts.require_same_domain(GenerativeFacts(data=other), "runs/gan", classes=False)
    with pytest.raises(RunError, match="the classes that runs/gan was trained on"):
        facts.require_same_domain(GenerativeFacts(data=other), "runs/gan", classes=True)


def test_samples_do_not_depend_on_the_padding_of_the_last_batch():
    noise, labels = np.arange(10.0).reshape(5, 2), np.arange(5)
    shapes = set()

    def draw(noise, labels, number):
        shapes.add((noise.shape, labels.shape))
        return noise + labels[:, None]

    samples = domains.generate(draw, noise, labels, batch_size=3)
    np.testing.assert_array_equal(samples, noise + labels[:, None])
    assert shapes == {((3, 2), (3,))}
