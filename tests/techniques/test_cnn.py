import json
import math
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from dlcli import api, engine
from dlcli.engine import devices
from dlcli.engine.load import one_device
from dlcli.engine.program import Program
from dlcli.errors import RunError
from dlcli.runs.writer import RunWriter
from dlcli.techniques.cnn.learner import Learner, measure
from dlcli.techniques.cnn.options import Eval, Predict, Train
from dlcli.techniques.cnn.views import views
from tests.comparing import arrays
from tests.reading import evaluate, predict

# Constant, since the steps of a schedule are compiled into the step, and compiling takes most of the time here.
TINY = {
    "channels": 4,
    "stages": 1,
    "hidden": 16,
    "norm": "batch",
    "batch_size": 16,
    "learning_rate": 0.01,
    "schedule": "constant",
}


def inputs(folder: Path) -> dict:
    """Return the inputs of `predict`: an eight, a zero, and a file that is not an image."""
    digits = load_digits()
    for digit in (8, 0):
        pixels = np.clip(digits.images[list(digits.target).index(digit)] * 16, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{digit}.png")
    (folder / "no.png").write_text("no image")
    return {"images": [folder / "8.png", folder / "no.png", folder / "0.png"]}


INPUTS = {"predict": inputs}


@pytest.fixture(scope="module", autouse=True)
def _cached_compilations():
    devices.prepare("auto")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cnn") / "trained"
    list(engine.fit(Learner, Train(out=folder, steps=400, **TINY)))
    return folder


@pytest.fixture(scope="module")
def plain(trained):
    return evaluate(Eval(run=str(trained))).numbers


def one_batch(options: Train, steps: int) -> tuple[dict[str, float], Program, list]:
    """Train on the same batch; return the metrics of the last step, and the last state."""
    data = Learner.read(options)
    program = Program(Learner, options, data.facts, one_device())
    batch = jax.device_put(dict(next(data.train_from(0))))
    leaves, empty = program.initial(), program.empty_window(batch)
    metrics = {}
    for _ in range(steps):
        leaves, window = program.update(leaves, jax.tree.map(jax.numpy.zeros_like, empty), batch)
        metrics = {name: metric.value() for name, metric in window.metrics.items()}
    return metrics, program, leaves


def kernels(state: dict[str, np.ndarray]) -> list[np.ndarray]:
    return [array for name, array in state.items() if name.startswith("network/") and name.endswith("kernel")]


def test_penalties_are_reported_separately_from_the_loss():
    weighed, program, _ = one_batch(Train(**TINY, l1=0.5, l2=0.25), steps=1)
    weights = kernels(program.to_host(program.initial()))
    expected = sum(0.5 * np.abs(each).sum() + 0.125 * np.square(each).sum() for each in weights)
    assert len(weights) == 3
    assert weighed["penalty"] == pytest.approx(expected, rel=1e-5)
    assert weighed["loss"] < 10 < weighed["penalty"]


@pytest.mark.slow
def test_a_large_penalty_shrinks_kernels_but_not_scales():
    options = Train(**{**TINY, "learning_rate": 0.05}, l2=100.0)
    _, program, leaves = one_batch(options, steps=60)
    state, start = program.to_host(leaves), program.to_host(program.initial())
    end, begin = (sum(np.square(each).sum() for each in kernels(which)) for which in (state, start))
    assert end < begin / 20
    scale = "network/backbone/layers/conv1/norm/norm/scale"
    assert np.abs(state[scale]).min() > 0.5


def test_the_minimum_of_the_loss_with_label_smoothing_is_the_entropy_of_the_targets():
    options = Train(**TINY, label_smoothing=0.2, dropout=0.0)
    metrics, _, _ = one_batch(options, steps=200)
    right, wrong = 0.8 + 0.02, 0.02
    entropy = -right * math.log(right) - 9 * wrong * math.log(wrong)
    assert metrics["accuracy"] == 1.0
    assert entropy - 1e-5 <= metrics["loss"] < entropy + 0.01


def test_a_frozen_backbone_is_unchanged_by_training(trained, tmp_path):
    options = Train(out=tmp_path / "run", steps=5, seed=1, backbone_from=str(trained), freeze_backbone=True, **TINY)
    (start, *_, end) = engine.fit(Learner, options)
    given, kept = arrays(trained, best(trained)), arrays(end.folder)
    backbone = [name for name in kept if name.startswith("network/backbone")]
    assert {name.rpartition("/")[-1] for name in backbone} >= {"kernel", "mean", "var", "scale"}
    assert all(given[name].tobytes() == kept[name].tobytes() for name in backbone)
    assert given["network/head/logits/kernel"].tobytes() != kept["network/head/logits/kernel"].tobytes()
    assert not [name for name in kept if "opt_state" in name and "backbone" in name]
    assert start.step == 0


def test_a_backbone_that_is_not_frozen_is_fine_tuned(trained, tmp_path):
    options = Train(out=tmp_path / "run", steps=2, backbone_from=str(trained), **TINY)
    *_, end = engine.fit(Learner, options)
    given, start, last = arrays(trained, best(trained)), arrays(end.folder, 0), arrays(end.folder, 2)
    kernel = next(name for name in given if name.startswith("network/backbone") and name.endswith("kernel"))
    assert given[kernel].tobytes() == start[kernel].tobytes() != last[kernel].tobytes()


def test_a_backbone_brings_its_architecture(tmp_path, dlcli):
    small = ("--steps", 1, "--batch-size", 60, "--train-examples", 60)
    dlcli("train", "cnn", "--arch", "resnet", "--depth", 8, "--channels", 2, "--out", tmp_path / "a", *small)
    code, out, err = dlcli("train", "cnn", "--backbone-from", tmp_path / "a", "--plan", "--json", *small)
    assert code == 0, err
    plan = json.loads(out)
    assert {plan["origins"][name] for name in ("arch", "depth", "channels")} == {"--backbone-from"}
    assert [plan["options"][name] for name in ("arch", "depth", "channels")] == ["resnet", 8, 2]
    run = api.train("cnn", backbone_from=str(tmp_path / "a"), out=tmp_path / "b", steps=1, hidden=5)
    assert (run.options.arch, run.options.hidden) == ("resnet", 5)  # the head is the run's own


def test_a_backbone_of_other_shapes_is_refused(trained, tmp_path):
    options = Train(out=tmp_path / "run", backbone_from=str(trained), **{**TINY, "channels": 5})
    with pytest.raises(RunError, match="must have the backbone") as raised:
        list(engine.fit(Learner, options))
    assert "--channels" in raised.value.hint


def test_evaluation_measures_every_example_of_the_test_split_once(plain):
    assert plain["split"] == "test"
    assert plain["accuracy"]["n"] == sum(plain["confusion"]["support"]) == 359
    right = sum(row[truth] for truth, row in enumerate(plain["confusion"]["counts"]))
    assert plain["accuracy"]["value"] == pytest.approx(right / 359)
    assert plain["accuracy"]["low"] < plain["accuracy"]["value"] < plain["accuracy"]["high"]


def test_a_few_steps_reach_an_accuracy_above_80_percent(plain):
    assert plain["accuracy"]["value"] > 0.8


def test_an_ensemble_of_copies_of_a_run_predicts_as_the_run(trained, plain):
    both = evaluate(Eval(run=str(trained), runs=f"{trained}, {trained}")).numbers
    assert len(both["runs"]) == 3
    assert both["confusion"] == plain["confusion"]
    assert both["loss"]["value"] == pytest.approx(plain["loss"]["value"], rel=1e-5)


def test_monte_carlo_dropout_is_reproducible(trained, plain):
    first, second = (evaluate(Eval(run=str(trained), mc_dropout=3)).numbers for _ in range(2))
    assert first == second
    assert first["loss"]["value"] != pytest.approx(plain["loss"]["value"], rel=1e-4)
    assert first["accuracy"]["value"] > 0.6


def test_the_views_of_test_time_augmentation_are_weighted_to_one():
    pixels = jnp.arange(2 * 4 * 5, dtype=jnp.uint8).reshape(2, 4, 5, 1)
    for tta, count in (("none", 1), ("flip", 2), ("flip-shift", 6)):
        found = views(pixels, tta)
        assert len(found) == count
        assert sum(weight for _, weight in found) == pytest.approx(1)
        assert {image.shape for image, _ in found} == {pixels.shape}
    up, down = found[2][0], found[4][0]
    np.testing.assert_array_equal(up[:, 1:, 1:], pixels[:, :-1, :-1])
    np.testing.assert_array_equal(down[:, :-1, :-1], pixels[:, 1:, 1:])


def test_predictions_are_averaged_over_the_mirror_image(trained, plain):
    found = evaluate(Eval(run=str(trained), tta="flip")).numbers
    assert found["tta"] == "flip"
    assert found["loss"]["value"] != pytest.approx(plain["loss"]["value"], rel=1e-4)


def test_an_airbench_network_whitens_the_training_images_and_learns(tmp_path):
    options = {**TINY, "arch": "airbench", "stages": 2, "hidden": None, "augment": "alternating-flip"}
    (*_, end) = engine.fit(Learner, Train(out=tmp_path / "run", steps=3, **options))
    start, last = arrays(end.folder, 0), arrays(end.folder, 3)
    name = "network/backbone/layers/whitening/convolution/kernel"
    assert np.abs(start[name]).max() > 0
    assert start[name].tobytes() == last[name].tobytes()
    other = Train(out=tmp_path / "other", steps=1, seed=1, train_examples=50, backbone_from=str(end.folder), **options)
    (*_, end) = engine.fit(Learner, other)
    assert arrays(end.folder, 0)[name].tobytes() == last[name].tobytes()


def test_predictions_are_sorted_by_probability(trained, tmp_path):
    eight, no, zero = predict(Predict(run=str(trained), top=10, **inputs(tmp_path)))
    assert (eight.answers[0][0], zero.answers[0][0]) == ("8", "0")
    shares = [share for _, share in eight.answers]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1.0)
    assert no.problem
    assert not no.answers


def test_top5_accuracy_is_measured_for_more_than_ten_classes():
    scores = np.log(np.arange(1, 13) / 78).astype(np.float32)  # class 11 is the most likely, then 10, …
    batch = {"label": np.array([11, 7, 6]), "mask": np.ones(3, np.float32)}
    metrics = measure(jax.numpy.asarray(np.tile(scores, (3, 1))), batch)
    assert metrics["top5_accuracy"].value() == pytest.approx(2 / 3)
    assert metrics["accuracy"].value() == pytest.approx(1 / 3)


def best(folder: Path) -> int:
    return RunWriter(folder).raw("run.json")["ended"]["best_step"]


def test_training_can_be_limited_to_few_examples():
    sizes = Learner.read(Train(train_examples=60)).sizes
    assert (sizes["train"], sizes["validation"], sizes["test"]) == (60, 180, 359)
