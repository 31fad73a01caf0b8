import itertools
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dlcli import engine
from dlcli.data import densities
from dlcli.engine import devices
from dlcli.engine.load import one_device
from dlcli.engine.program import Program
from dlcli.errors import UsageError
from dlcli.metrics.modes import Modes, ModesFound
from dlcli.techniques.gan import losses
from dlcli.techniques.gan.learner import Learner
from dlcli.techniques.gan.model import ImageDiscriminator, ImageGenerator
from dlcli.techniques.gan.options import Eval, Sample, Train
from dlcli.techniques.gan.residual import ResidualDiscriminator, ResidualGenerator
from tests.reading import evaluate, sample

# Constant, since the steps of a schedule are compiled into the step, and compiling takes most of the time here.
TINY = {"channels": 2, "latent_dim": 4, "batch_size": 16, "learning_rate": 0.002, "schedule": "constant"}
RUNS = {"sample": {"conditional": True}}  # for --class
POINTS = {**TINY, "dataset": "ring", "steps": 6, "report_every": 2, "validate_every": 3}


@pytest.fixture(scope="module", autouse=True)
def _cached_compilations():
    devices.prepare("auto")


@pytest.fixture(scope="module")
def points_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gan") / "points"
    list(engine.fit(Learner, Train(out=folder, **POINTS)))
    return folder


def steps(count: int, **options) -> list[dict[str, np.ndarray]]:
    """Return the state before the first step, and after each."""
    train = Train(**{**POINTS, **options})
    data = Learner.read(train)
    program = Program(Learner, train, data.facts, one_device())
    batch = jax.device_put(dict(next(data.train_from(0))))
    leaves, window = program.initial(), program.empty_window(batch)
    states = [program.to_host(leaves)]
    for _ in range(count):
        leaves, window = program.update(leaves, window, batch)
        states.append(program.to_host(leaves))
    return states


def changed(before: dict, after: dict, network: str) -> bool:
    return any(
        before[name].tobytes() != after[name].tobytes() for name in before if name.startswith(f"{network}/layers")
    )


def test_a_frozen_discriminator_keeps_its_weights():
    before, after = steps(1, freeze="discriminator", max_grad_norm=1.0)
    assert not changed(before, after, "discriminator")
    assert changed(before, after, "generator")


def test_the_generator_is_updated_once_per_critic_steps():
    states = steps(3, loss="wasserstein", critic_steps=3)
    pairs = list(itertools.pairwise(states))
    assert [changed(*pair, "discriminator") for pair in pairs] == [True, True, True]
    assert [changed(*pair, "generator") for pair in pairs] == [False, False, True]
    assert int(states[-1]["ema/updates"]) == 1


@nnx.jit
def update_discriminator(learner, real):
    generated, _ = learner._generate(len(real), None)
    learner._update_discriminator(real, generated, None)


@nnx.jit
def update_generator(learner):
    learner._update_generator(*learner._generate(16, None), None)


def test_an_update_of_one_network_leaves_the_other_unchanged():
    learner = Learner(Train(**POINTS), Learner.read(Train(**POINTS)).facts)
    before = nnx.clone(learner)
    update_discriminator(learner, jnp.ones([16, 2]))
    assert same(before.generator, learner.generator)
    assert not same(before.discriminator, learner.discriminator)
    between = nnx.clone(learner)
    update_generator(learner)
    assert same(between.discriminator, learner.discriminator)
    assert not same(between.generator, learner.generator)


def same(left: nnx.Module, right: nnx.Module) -> bool:
    pairs = zip(*(jax.tree.leaves(nnx.state(each)) for each in (left, right)), strict=True)
    return all(np.array_equal(*pair) for pair in pairs)


def test_the_generator_is_updated_with_the_gradient_of_its_own_loss():
    options = Train(**{**POINTS, "optimizer": "sgd", "learning_rate": 0.01})
    learner = Learner(options, Learner.read(options).facts)
    start = nnx.clone(learner)
    noise = jax.random.normal(Learner(options, learner.facts).rngs.noise(), [16, 4])

    def loss_of(generator):
        return losses.generator_loss("non-saturating", start.discriminator(generator(noise)))

    gradients = nnx.jit(nnx.grad(loss_of))(start.generator)
    update_generator(learner)
    expected = jax.tree.map(lambda weight, gradient: weight - 0.01 * gradient, nnx.state(start.generator), gradients)
    for left, right in zip(*map(jax.tree.leaves, (expected, nnx.state(learner.generator))), strict=True):
        np.testing.assert_allclose(left, right, atol=1e-6)


@pytest.mark.parametrize("name", ["non-saturating", "wasserstein"])
def test_the_gradient_penalty_is_that_of_finite_differences(name):
    random = np.random.default_rng(0)
    weights, real, generated = (jnp.asarray(random.normal(size=[5, 3]), jnp.float32) for _ in range(3))
    weight = jnp.asarray(random.random(5), jnp.float32)

    def discriminator(x):
        return jnp.tanh(x @ weights.T).sum(axis=-1)

    expected = []
    for example in range(5):
        between = weight[example] * real[example] + (1 - weight[example]) * generated[example]
        point = real[example] if name == "non-saturating" else between
        steps = np.eye(3, dtype=np.float32) * 1e-2
        norm = np.linalg.norm((discriminator(point[None] + steps) - discriminator(point[None] - steps)) / 2e-2)
        expected.append(norm**2 / 2 if name == "non-saturating" else (norm - 1) ** 2)
    penalty = losses.gradient_penalty(name, discriminator, real, generated, weight)
    assert penalty == pytest.approx(np.mean(expected), rel=1e-2)


@pytest.mark.parametrize(("name", "expected"), [("non-saturating", 0.0), ("wasserstein", 1.0)])
def test_the_gradient_penalty_of_a_constant_discriminator_has_a_finite_gradient(name, expected):
    ones = jnp.ones([2, 3])
    value, gradient = jax.value_and_grad(
        lambda factor: losses.gradient_penalty(name, lambda x: factor * x.sum(axis=-1), ones, ones, jnp.ones(2))
    )(0.0)
    assert value == pytest.approx(expected, abs=1e-5)
    assert np.isfinite(gradient)


@pytest.mark.parametrize(("name", "expected"), [("non-saturating", 2 * np.log(2)), ("wasserstein", 0.0)])
def test_logits_of_zero_give_the_loss_of_chance(name, expected):
    zeros = jnp.zeros(4)
    assert losses.discriminator_loss(name, zeros, zeros) == pytest.approx(expected)


NETWORKS = {"dcgan": (ImageGenerator, ImageDiscriminator), "resnet": (ResidualGenerator, ResidualDiscriminator)}


@pytest.mark.parametrize("arch", NETWORKS)
@pytest.mark.parametrize("image", [(1, 1, 1), (8, 8, 1), (28, 28, 1), (9, 14, 3), (65, 128, 4)])
def test_the_networks_fit_images_of_any_size(image, arch):
    def run():
        common = {"channels": 2, "classes": 3, "dtype": "float32", "rngs": nnx.Rngs(0)}
        generator, discriminator = NETWORKS[arch]
        images = generator(image, latent_dim=4, **common)(jnp.ones([2, 4]), jnp.array([0, 2]))
        return images, discriminator(image, **common)(images, jnp.array([0, 2]))

    images, logits = nnx.eval_shape(run)
    assert images.shape == (2, *image)
    assert logits.shape == (2,)


def test_given_options_override_the_defaults_of_a_density():
    chosen = Train(dataset="ring", steps=7)
    assert (chosen.steps, chosen.batch_size, chosen.gradient_penalty) == (7, 256, 0.01)
    assert Train(dataset="ring", loss="wasserstein").gradient_penalty == 0.1
    assert Train(dataset="ring", loss="wasserstein", gradient_penalty=10.0).gradient_penalty == 10.0
    assert (chosen.latent_dim, Train(dataset="ring", latent_dim=5).latent_dim, Train().latent_dim) == (2, 5, 64)
    assert Train(dataset="ring", epochs=2).epochs == 2


@pytest.mark.parametrize(("name", "count"), [("ring", 8), ("grid", 25)])
def test_points_of_the_density_itself_hit_all_modes(name, count):
    facts = densities.mixture(name)
    points = jnp.asarray(densities.draw(facts, 2_500, [7]))
    modes = Modes.of(points, facts.modes, facts.std, jnp.ones(2_500))
    assert ModesFound(modes.hits).describe() == {"value": count, "of": count}
    assert float(modes.hits.sum()) / 2_500 == pytest.approx(1 - np.exp(-4.5), abs=0.01)
    assert modes.value() < 0.05


def test_the_total_variation_of_points_at_one_mode_is_the_probability_of_the_others():
    facts = densities.mixture("ring")
    points = jnp.broadcast_to(jnp.asarray(facts.modes[2]), [10, 2])
    modes = Modes.of(points, facts.modes, facts.std, jnp.ones(10))
    assert modes.describe()["hits"] == [0, 0, 10, 0, 0, 0, 0, 0]
    assert modes.value() == pytest.approx(1 - (1 - np.exp(-4.5)) / 8)


def test_without_a_class_samples_cycle_through_all_classes(gan_run):
    every, threes = sample(Sample(run=str(gan_run), count=12)), sample(Sample(run=str(gan_run), count=2, class_="3"))
    assert list(every.captions) == [*"012345678901"]
    assert list(threes.captions) == ["3", "3"]
    assert every.pixels.shape == (12, 8, 8, 1)


def test_samples_depend_on_the_seed_alone(gan_run):
    first, second, more = (
        sample(Sample(run=str(gan_run), **options)).pixels
        for options in ({"count": 4}, {"count": 4, "seed": 1}, {"count": 4, "grid": 2})
    )
    assert not np.array_equal(first, second)
    assert np.array_equal(first, more)


def test_an_unknown_class_is_refused(gan_run, points_run):
    with pytest.raises(UsageError, match=r"--class must be one of 0, 1, .* got 'x'"):
        sample(Sample(run=str(gan_run), class_="x"))
    with pytest.raises(UsageError, match="needs a run of --conditional"):
        sample(Sample(run=str(points_run), class_="3"))


def test_a_conditional_model_of_data_without_classes_is_refused():
    with pytest.raises(UsageError, match="--conditional needs a data set with classes, and ring has none"):
        Learner.read(Train(dataset="ring", conditional=True))


def test_samples_of_a_density_are_points(points_run):
    figure = sample(Sample(run=str(points_run), count=5))
    assert np.shape(figure.numbers["points"]) == (5, 2)
    assert max(map(len, figure.sketch(80, False))) <= 80


def test_evaluation_compares_as_many_training_images_as_samples(gan_run):
    numbers = evaluate(Eval(run=str(gan_run))).numbers
    assert (numbers["split"], numbers["real"], numbers["features"]) == ("test", 359, 64)
    assert numbers["samples"] == numbers["frechet_distance_floor"]["n"][0] == numbers["class_accuracy"]["n"]
    assert numbers["frechet_distance_floor"]["value"] < numbers["frechet_distance"]["value"]
    assert len(numbers["feature_classifier"]) == 64


def test_evaluation_of_a_density_counts_modes_of_2500_points(points_run):
    numbers = evaluate(Eval(run=str(points_run))).numbers
    assert numbers["samples"] == numbers["high_quality"]["n"] == 2_500
    assert numbers["modes"]["of"] == 8


def test_fixed_noise_samples_are_recorded_at_their_steps(points_run):
    learner = engine.load(points_run, Learner, "last")
    assert sorted(set(learner.fixed_noise_steps[...].tolist())) == [1, 2, 3, 6]
    np.testing.assert_allclose(learner.fixed_noise_samples[-1], learner.sample(learner.fixed_noise[...]), atol=1e-6)


IMAGES = {**TINY, "dataset": "digits"}


def test_the_gradient_passes_to_the_generator_through_the_augmentation():
    options = Train(**IMAGES, augment="shift:2")
    learner = Learner(options, Learner.read(options).facts)
    images, cotangent = jnp.zeros([16, 8, 8, 1]), jnp.ones([16, 8, 8, 1])
    given = learner._augmented(images, images + 1, lambda gradient: (gradient,))
    real, generated, pullback = given
    assert real.shape == generated.shape == images.shape
    assert generated.max() == pytest.approx(1)
    (gradient,) = pullback(cotangent)
    # A pixel that is shifted out of the image has no gradient, and the others have that of the augmented image.
    kept = np.asarray(generated).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(gradient.sum(axis=(1, 2, 3)), (kept + 64) / 2, atol=1e-4)


def test_residual_networks_learn_from_augmented_images():
    states = steps(1, **IMAGES, arch="resnet", augment="light,cutout", gradient_penalty=1.0)
    for network in ("generator", "discriminator"):
        moved = [name for name in states[0] if name.startswith(f"{network}/blocks") and name.endswith("kernel")]
        assert moved
        assert all(states[0][name].tobytes() != states[1][name].tobytes() for name in moved)
    assert all(np.isfinite(array).all() for array in states[1].values())


def test_a_lazy_gradient_penalty_has_its_weight_at_every_second_step():
    plain = {"optimizer": "sgd", "learning_rate": 0.01}
    lazy = steps(2, **plain, penalty_every=2, gradient_penalty=0.5)
    always, never = (steps(2, **plain, gradient_penalty=weight) for weight in (1.0, 0.0))
    # The first step has the penalty with twice its weight, and the second, from the same state, none.
    for name, array in lazy[1].items():
        if name.startswith("discriminator/"):
            np.testing.assert_allclose(array, always[1][name], atol=1e-6)
    assert changed(always[1], never[1], "discriminator")
    assert changed(lazy[2], always[2], "discriminator")


def test_the_lazy_gradient_penalty_is_averaged_over_the_steps_that_have_it(tmp_path):
    found = {}
    for count in (1, 3):
        chosen = {"steps": count, "report_every": count, "penalty_every": count, "out": tmp_path / str(count)}
        list(engine.fit(Learner, Train(**{**POINTS, **chosen})))
        rows = map(json.loads, (tmp_path / str(count) / "metrics.jsonl").read_text().splitlines())
        found[count] = next(row["metrics"]["gradient_penalty"] for row in rows if row["split"] == "train")
    assert found[3] == pytest.approx(found[1])
    assert found[1] > 0


def test_a_report_between_two_gradient_penalties_shows_none(tmp_path):
    list(engine.fit(Learner, Train(**{**POINTS, "steps": 4, "report_every": 1, "penalty_every": 2, "out": tmp_path})))
    rows = map(json.loads, (tmp_path / "metrics.jsonl").read_text().splitlines())
    shown = ["gradient_penalty" in row["metrics"] for row in rows if row["split"] == "train"]
    assert shown == [True, False, True, False]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"augment": "mixup"}, "'mixup' is not one of cutout, flip"),
        ({"gradient_penalty": 0, "penalty_every": 4}, "--penalty-every 4 has no effect with --gradient-penalty 0"),
        ({"dataset": "ring", "arch": "resnet"}, "--arch resnet has no effect with --dataset ring"),
        ({"dataset": "ring", "augment": "shift"}, "--augment shift has no effect with --dataset ring"),
    ],
)
def test_augmentations_and_networks_that_do_not_apply_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Train(**options)


def test_evaluation_measures_the_kernel_distance_precision_and_recall(gan_run):
    numbers = evaluate(Eval(run=str(gan_run))).numbers
    assert numbers["kernel_distance"]["std"] > 0
    assert numbers["precision_floor"]["value"] > 0.5
    assert numbers["recall"]["n"] == 359
