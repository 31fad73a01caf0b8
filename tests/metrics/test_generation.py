import jax.numpy as jnp
import numpy as np
import pytest

from dlcli.data import densities
from dlcli.metrics import generation
from dlcli.metrics.feature_classifier import FeatureClassifier

RING = densities.mixture("ring")


def test_generated_points_of_the_density_have_the_total_variation_of_the_floor():
    points = [jnp.asarray(densities.draw(RING, 2_500, [seed])) for seed in (1, 2)]
    metrics = generation.point_metrics(*points, RING.modes, RING.std)
    assert metrics["total_variation"].value() == pytest.approx(metrics["total_variation_floor"].value(), abs=0.03)
    assert metrics["modes"].value() == 8


def test_padding_is_not_counted():
    points, mask = jnp.zeros([4, 2]), jnp.array([1.0, 1.0, 0.0, 0.0])
    metrics = generation.point_metrics(points, points, RING.modes, RING.std, mask)
    assert metrics["high_quality"].describe()["n"] == metrics["total_variation_floor"].describe()["n"] == 2


def test_several_samples_per_held_out_image_are_all_compared():
    random = np.random.default_rng(0)
    generated, training, held_out = (jnp.asarray(random.normal(size=[n, 64]), jnp.float32) for n in (6, 6, 3))
    mask, labels = jnp.array([1.0, 1.0, 0.0]), jnp.zeros(6, int)
    metrics = generation.image_metrics(
        FeatureClassifier((8, 8, 1), 2), generated, training, held_out, mask=mask, labels=labels
    )
    assert metrics["frechet_distance"].describe()["n"] == [4, 2]
    assert metrics["frechet_distance_floor"].describe()["n"] == [4, 2]
    assert metrics["class_accuracy"].describe()["n"] == 4


def test_training_images_are_the_floor_of_the_feature_metrics():
    random = np.random.default_rng(0)
    good, training, held_out = (jnp.asarray(random.normal(size=[200, 8]), jnp.float32) for _ in range(3))
    bad = jnp.asarray(random.normal(3.0, 1.0, [200, 8]), jnp.float32)
    found = generation.feature_metrics(bad, training, held_out)
    assert found["kernel_distance"]["value"] > 10 * abs(found["kernel_distance_floor"]["value"])
    assert found["precision"]["value"] < 0.2 < found["precision_floor"]["value"]
    same = generation.feature_metrics(good, training, held_out)
    assert same["recall"]["value"] == pytest.approx(same["recall_floor"]["value"], abs=0.15)


def test_too_few_images_have_no_feature_metrics():
    assert generation.feature_metrics(*[jnp.zeros([3, 8])] * 3) == {}
