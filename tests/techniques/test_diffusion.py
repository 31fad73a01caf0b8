import json

import jax
import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from dlcli import engine
from dlcli.engine import devices
from dlcli.errors import DatasetError, UsageError
from dlcli.techniques.diffusion.learner import Learner
from dlcli.techniques.diffusion.options import Eval, Sample, Train
from dlcli.techniques.diffusion.sampling import SamplerConfig, generate
from tests.reading import evaluate, sample

# Constant, since the steps of a schedule are compiled into the step, and compiling takes most of the time here.
TINY = {
    "channels": 4,
    "stages": 1,
    "batch_size": 16,
    "learning_rate": 0.01,
    "schedule": "constant",
    "timesteps": 50,
    "conditional": True,
}
POINTS = {**TINY, "dataset": "ring", "conditional": False, "parameterization": "flow", "batch_size": 64}
INPUTS = {
    "sample": lambda folder: {"count": 3, "sampler": "ddpm", "sampler_steps": 2},
    "eval": lambda folder: {"samples": 100, "sampler_steps": 2},
}


@pytest.fixture(scope="module", autouse=True)
def _cached_compilations():
    devices.prepare("auto")


def run_of(folder, **options):
    list(engine.fit(Learner, Train(out=folder, **options)))
    return folder


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """A class-conditional run that predicts the velocity."""
    return run_of(tmp_path_factory.mktemp("diffusion") / "digits", **TINY, steps=6, validate_every=3)


@pytest.fixture(scope="module")
def ring(tmp_path_factory):
    """A flow, trained until its samples lie near the circle."""
    options = {**POINTS, "channels": 16, "steps": 400, "learning_rate": 3e-3, "batch_size": 256}
    return run_of(tmp_path_factory.mktemp("diffusion") / "ring", **options, validate_every=200)


def drawn(folder, **options):
    return sample(Sample(run=str(folder), **{"count": 3, "sampler_steps": 2, **options}))


def test_a_sample_depends_on_the_seed_but_not_on_the_count(digits):
    few, many, other = (drawn(digits, count=2), drawn(digits, count=5), drawn(digits, count=2, seed=1))
    np.testing.assert_array_equal(few.pixels, many.pixels[:2])
    assert not np.array_equal(few.pixels, other.pixels)
    assert few.pixels.shape == (2, 8, 8, 1)


def test_samples_have_the_class_asked_for_or_all_in_turn(digits):
    assert drawn(digits, count=12).captions == [*"0123456789", "0", "1"]
    assert drawn(digits, class_="7").captions == ["7"] * 3


def test_guidance_extrapolates_from_the_unconditional_prediction(digits):
    learner, labels = engine.load(digits, Learner), np.array([4, 5])
    x, timestep = np.random.default_rng(0).standard_normal([2, 8, 8, 1]).astype(np.float32), np.int32(30)
    conditional, unconditional = (np.asarray(learner.denoiser(label, 1.0)(x, timestep).x0) for label in (labels, None))
    double = np.asarray(learner.denoiser(jax.numpy.asarray(labels), 2.0)(x, timestep).x0)
    expected = 2 * conditional - unconditional
    inside = np.abs(expected) < 1
    np.testing.assert_allclose(double[inside], expected[inside], atol=1e-3)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"sampler_steps": 51}, "at most the 50 --timesteps"),
        ({"class_": "ten"}, "--class must be one of 0, 1"),
    ],
)
def test_sampling_options_that_a_run_cannot_use_are_refused(digits, option, message):
    with pytest.raises(UsageError, match=message):
        drawn(digits, **option)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"sampler": "ddpm"}, "noise or velocity, and .* is a flow"),
        ({"guidance_scale": 2.0}, "--guidance-scale 2 needs a run of --conditional"),
        ({"class_": "7"}, "--class 7 needs a run of --conditional"),
    ],
)
def test_sampling_options_that_would_do_nothing_are_refused(ring, option, message):
    with pytest.raises(UsageError, match=message):
        drawn(ring, **option)


def test_training_options_that_contradict_each_other_are_refused():
    with pytest.raises(ValueError, match="has no effect with --parameterization flow"):
        Train(parameterization="flow", noise_schedule="cosine")
    with pytest.raises(ValueError, match="needs --conditional"):
        Train(label_dropout=0.2)
    with pytest.raises(UsageError, match="needs a data set with classes"):
        Learner.read(Train(dataset="ring", conditional=True))
    with pytest.raises(UsageError, match="6 --stages need images"):
        Learner(Train(stages=6), Learner.read(Train()).facts)
    with pytest.raises(UsageError, match="of --patch-size 8 need images of at least 16 pixels a side, got 8 × 8"):
        Learner(Train(patch_size=8), Learner.read(Train()).facts)


def test_points_of_a_trained_flow_lie_on_the_circle(ring):
    points = np.array(drawn(ring, count=500, sampler="heun", sampler_steps=10).numbers["points"])
    radii = np.linalg.norm(points, axis=1)
    assert np.quantile(np.abs(radii - 1), 0.9) < 0.15  # noise of the same variance has 0.7
    assert np.linalg.norm(points.mean(axis=0)) < 0.2


def test_evaluation_of_a_density_counts_its_modes(ring):
    found = evaluate(Eval(run=str(ring), sampler_steps=10, samples=400)).numbers
    assert found["modes"] == {"value": 8, "of": 8}
    assert found["high_quality"]["n"] == found["samples"] == 400
    assert 0 < found["total_variation_floor"]["value"] < found["total_variation"]["value"] < 1


def test_samples_of_an_untrained_model_have_a_larger_distance_than_the_floor(digits):
    found = evaluate(Eval(run=str(digits), sampler_steps=2, samples=400)).numbers
    assert found["frechet_distance"]["value"] > 3 * found["frechet_distance_floor"]["value"] > 0
    assert found["class_accuracy"]["n"] == found["frechet_distance"]["n"][0] == 400
    assert found["feature_classifier_accuracy"]["value"] > 0.9
    assert json.dumps(found)


def test_the_test_loss_counts_every_example_once(digits):
    found = evaluate(Eval(run=str(digits), sampler_steps=1, samples=100)).numbers
    assert found["loss"]["n"] == 359


def test_ddim_equals_euler_for_a_flow(ring):
    learner = engine.load(ring, Learner)
    ways = [Sample(run=str(ring), sampler=name, sampler_steps=50) for name in ("ddim", "euler")]
    one, other = (generate(learner, 50, None, SamplerConfig.of(learner, each)) for each in ways)
    np.testing.assert_allclose(one, other, atol=0.02)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """An image of a digit, a mask of its lower half, and a black mask."""
    folder = tmp_path_factory.mktemp("pictures")
    Image.fromarray((load_digits().images[0] * 15).astype(np.uint8)).save(folder / "zero.png")
    lower = np.where(np.arange(8)[:, None] >= 4, 255, 0) * np.ones([1, 8])
    Image.fromarray(lower.astype(np.uint8)).save(folder / "lower.png")
    Image.fromarray(np.zeros([8, 8], np.uint8)).save(folder / "black.png")
    return folder


def test_a_weak_edit_stays_near_the_image(digits, pictures):
    near, far = (
        drawn(digits, init_image=pictures / "zero.png", strength=each, sampler_steps=50) for each in (0.02, 1.0)
    )
    image = (load_digits().images[0] * 15).astype(int)[..., None]
    errors = [np.abs(each.pixels.astype(int) - image).mean() for each in (near, far)]
    assert errors[0] < 20 < errors[1]
    assert near.numbers["strength"] == 0.02


def test_inpainting_keeps_the_black_part_of_the_mask(digits, pictures):
    found = drawn(digits, init_image=pictures / "zero.png", inpaint=pictures / "lower.png", resamplings=2)
    image = (load_digits().images[0] * 15).astype(np.uint8)[..., None]
    np.testing.assert_array_equal(found.pixels[:, :4], np.broadcast_to(image[:4], [3, 4, 8, 1]))
    assert (found.pixels[:, 4:] != image[4:]).any()


@pytest.mark.parametrize(
    ("option", "error", "message"),
    [
        ({"strength": 0.5}, ValueError, "--strength 0.5 needs --init-image"),
        ({"inpaint": "lower.png"}, ValueError, "needs --init-image"),
        ({"init_image": "none.png"}, DatasetError, "none.png must be an image file, and is missing"),
        ({"init_image": "zero.png", "inpaint": "black.png"}, DatasetError, "must have white pixels"),
    ],
)
def test_images_that_cannot_be_edited_are_refused(digits, pictures, option, error, message):
    paths = {name: pictures / each if isinstance(each, str) else each for name, each in option.items()}
    with pytest.raises(error, match=message):
        drawn(digits, **paths)


def test_the_nearest_training_images_are_shown_below_the_samples(digits):
    found = drawn(digits, show_nearest=True)
    assert found.nearest.shape == found.pixels.shape == (3, 8, 8, 1)
    assert len(found.numbers["nearest_rms_difference"]) == 3
    training = Learner.read(Train()).train_from(0)
    known = {image.tobytes() for _ in range(23) for image in next(training)["image"]}
    assert {image.tobytes() for image in found.nearest} <= known
