import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dlcli
from dlcli import engine
from dlcli.data.images.batches import ImageFacts
from dlcli.engine import devices
from dlcli.engine.load import one_device
from dlcli.engine.program import Program
from dlcli.errors import RunError
from dlcli.techniques.autoencoder.learner import Learner
from dlcli.techniques.autoencoder.options import Sample, Train
from tests.reading import sample

TINY = {"hidden_sizes": "12", "latent_dim": 3, "batch_size": 16, "schedule": "constant"}
RUNS = {"sample": {"variational": True}}


@pytest.fixture(scope="module", autouse=True)
def _cached_compilations():
    devices.prepare("auto")


def learner(**options):
    train = Train(**{**TINY, **options})
    data = Learner.read(train)
    program = Program(Learner, train, data.facts, one_device())
    return program.learner(program.initial()), next(iter(data.validation))


@pytest.mark.parametrize("arch", ["dense", "convolutional"])
@pytest.mark.parametrize("image", [(8, 8, 1), (10, 13, 3)])
def test_reconstructions_have_the_shape_of_the_images(arch, image):
    options = Train(arch=arch, **({"hidden_sizes": "6"} if arch == "dense" else {"channels": 2}), latent_dim=3)
    channels = image[2]
    facts = ImageFacts(image=image, classes=("0",), mean=(0.5,) * channels, std=(1.0,) * channels)
    model = Learner(options, facts)
    images = np.random.default_rng(0).integers(256, size=[2, *image], dtype=np.uint8)
    found = model.reconstruct(jnp.asarray(images))
    assert (found.shape, found.dtype) == (images.shape, jnp.uint8)
    assert model.encode(jnp.asarray(images)).shape == (2, 3)


def test_the_loss_is_the_negative_evidence_lower_bound():
    model, batch = learner(variational=True)
    key = jax.random.key(0)
    pixels = jnp.asarray(batch["image"], jnp.float32) / 255
    parts = model._losses(model.network, pixels, key)
    mean, log_variance = (np.asarray(each, np.float64) for each in model.network.encode(pixels))
    variance = np.exp(log_variance)
    kl = (variance + mean**2 - 1 - log_variance).sum(axis=1) / 2
    np.testing.assert_allclose(parts["kl"], kl, rtol=1e-4)
    np.testing.assert_allclose(parts["loss"], parts["reconstruction"] + parts["kl"], rtol=1e-6)


def test_the_kl_divergence_is_that_of_many_samples():
    mean, log_variance = np.array([0.5, -1.0]), np.array([-0.7, 0.3])
    z = mean + np.exp(log_variance / 2) * np.random.default_rng(0).standard_normal([200_000, 2])
    ratio = -((z - mean) ** 2) / np.exp(log_variance) - log_variance + z**2
    assert ratio.sum(axis=1).mean() / 2 == pytest.approx(
        (np.exp(log_variance) + mean**2 - 1 - log_variance).sum() / 2, rel=0.02
    )


def test_the_kl_weight_multiplies_the_divergence():
    model, batch = learner(variational=True, kl_weight=4.0)
    parts = model._losses(model.network, jnp.asarray(batch["image"], jnp.float32) / 255, jax.random.key(0))
    np.testing.assert_allclose(parts["loss"], parts["reconstruction"] + 4 * parts["kl"], rtol=1e-6)


def test_a_linear_autoencoder_reaches_no_less_squared_error_than_principal_components(tmp_path):
    # PCA is the best linear code of its dimension; the sigmoid and the cross-entropy cost a little.
    options = {**TINY, "hidden_sizes": "none", "latent_dim": 8, "steps": 300, "batch_size": 64, "learning_rate": 0.01}
    run = dlcli.train("autoencoder", out=tmp_path / "run", **options)
    data = Learner.read(run.options)
    images = np.concatenate([each["image"][each["mask"] > 0] for each in data.validation]).reshape(-1, 64) / 255
    train = np.concatenate([each["image"] for each, _ in zip(data.train_from(0), range(20), strict=False)])
    train = train.reshape(-1, 64) / 255
    _, _, rows = np.linalg.svd(train - train.mean(axis=0), full_matrices=False)
    centered = images - train.mean(axis=0)
    best = np.square(centered - centered @ rows[:8].T @ rows[:8]).mean()
    found = run.evaluate()["squared_error"]
    assert best < found["value"] < 3 * best


def test_a_run_that_is_not_variational_has_no_samples(tmp_path):
    list(engine.fit(Learner, Train(out=tmp_path / "run", steps=1, **TINY)))
    with pytest.raises(RunError, match=r"needs a run of --variational; .* is a run of no --variational"):
        sample(Sample(run=str(tmp_path / "run")))


def test_samples_of_a_seed_do_not_depend_on_their_count(tmp_path):
    list(engine.fit(Learner, Train(out=tmp_path / "run", steps=2, variational=True, **TINY)))
    few, many = (sample(Sample(run=str(tmp_path / "run"), count=count, seed=3)).pixels for count in (2, 5))
    np.testing.assert_array_equal(few, many[:2])
    assert few.shape == (2, 8, 8, 1)


def test_samples_can_be_shown_with_the_nearest_training_images(tmp_path):
    list(engine.fit(Learner, Train(out=tmp_path / "run", steps=2, variational=True, **TINY)))
    found = sample(Sample(run=str(tmp_path / "run"), count=3, show_nearest=True))
    differences = (found.pixels.astype(float) - found.nearest) / 255
    expected = np.sqrt(np.square(differences).mean(axis=(1, 2, 3)))
    np.testing.assert_allclose(found.numbers["nearest_rms_difference"], expected, rtol=1e-6)
