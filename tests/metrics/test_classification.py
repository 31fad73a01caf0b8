"""Metrics of classifiers, compared with those of scikit-learn."""

import functools
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support, roc_auc_score, top_k_accuracy_score

from dlcli.cli import output
from dlcli.cli.typer_options import Call
from dlcli.metrics.classification import classification_report, measure, table
from dlcli.metrics.metric import add, values
from dlcli.metrics.roc import RocAuc

_NAMES = [f"class {index}" for index in range(24)]
_score = jax.jit(measure)


def drawn(count, classes, seed=0, sharpness=2.0):
    """Random labels, and log-probabilities that are higher for the label."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, count).astype(np.int32)
    logits = random.normal(size=(count, classes)) + sharpness * np.eye(classes)[labels]
    return labels, np.asarray(jax.nn.log_softmax(jnp.asarray(logits, jnp.float32)))


def in_batches(labels, log_probabilities, size=32):
    """Measure in batches whose last one is padded, and describe the sums."""
    rest = -len(labels) % size
    labels = np.pad(labels, (0, rest))
    log_probabilities = np.pad(log_probabilities, ((0, rest), (0, 0)), constant_values=-1.0)
    mask = np.arange(len(labels)) < len(labels) - rest
    parts = [
        _score(log_probabilities[i : i + size], {"label": labels[i : i + size], "mask": mask[i : i + size] * 1.0})
        for i in range(0, len(labels), size)
    ]
    return functools.reduce(add, parts)


def described(labels, log_probabilities):
    return {name: each.describe() for name, each in in_batches(labels, log_probabilities).items()}


@pytest.mark.parametrize("classes", [2, 5, 12])
def test_the_report_equals_that_of_scikit_learn(classes):
    labels, found = drawn(333, classes)
    counts = described(labels, found)["confusion"]["counts"]
    ours = classification_report(counts, _NAMES[:classes])
    each = precision_recall_fscore_support(labels, found.argmax(axis=-1), zero_division=0)
    names = ("precision", "recall", "f1-score", "support")
    assert [[row[name] for row in ours["per_class"]] for name in names] == [pytest.approx(list(part)) for part in each]
    for average in ("macro", "weighted"):
        theirs = precision_recall_fscore_support(labels, found.argmax(axis=-1), average=average, zero_division=0)
        assert [ours[f"{average} avg"][name] for name in names[:3]] == pytest.approx(list(theirs[:3]))


def test_a_score_with_a_zero_denominator_counts_as_zero_in_the_averages():
    truth, guess = [0, 0, 1, 1, 1], [0, 3, 0, 0, 3]  # 1: never predicted, 3: not there, 2: neither
    counts = np.zeros((4, 4), int)
    np.add.at(counts, (truth, guess), 1)
    ours = classification_report(counts, list("abcd"))
    assert [row["precision"] for row in ours["per_class"]] == [1 / 3, None, None, 0.0]
    assert [row["recall"] for row in ours["per_class"]] == [0.5, 0.0, None, None]
    assert [row["f1-score"] for row in ours["per_class"]] == [pytest.approx(0.4), 0.0, None, 0.0]
    theirs = precision_recall_fscore_support(truth, guess, average="macro", zero_division=0)
    assert [ours["macro avg"][name] for name in ("precision", "recall", "f1-score")] == pytest.approx(list(theirs[:3]))


@pytest.mark.parametrize(("sharpness", "ties"), [(0.0, 1), (0.5, 1), (3.0, 1), (20.0, 1), (1.0, 4)])
def test_the_area_under_the_roc_curve_equals_that_of_scikit_learn_within_its_error_bound(sharpness, ties):
    labels, found = drawn(2_000, 2, seed=3, sharpness=sharpness)
    found = np.round(found * ties) / ties if ties > 1 else found
    area = described(labels, found)["roc_auc"]
    exact = roc_auc_score(labels, found[:, 1] - found[:, 0])
    assert area["value"] == pytest.approx(exact, abs=area["error"] + 1e-9)
    assert area["error"] < (0.001 if ties == 1 else 0.2)
    assert area["n"] == np.bincount(labels).tolist()


@pytest.mark.parametrize("labels", [[0, 0], [1, 1]])
def test_the_area_of_a_single_class_is_none(labels):
    metric = RocAuc.of(jnp.array([0.1, -3.0]), jnp.array(labels))
    assert metric.value() is None
    assert values({"roc_auc": metric}) == {}


@pytest.mark.parametrize(("scores", "area"), [([-5.0, 5.0], 1.0), ([5.0, -5.0], 0.0), ([1.0, 1.0], 0.5)])
def test_the_area_is_the_probability_that_a_positive_example_scores_higher(scores, area):
    assert RocAuc.of(jnp.array(scores), jnp.array([0, 1])).value() == area


def test_infinite_log_odds_are_ordered_correctly():
    scores = jnp.array([-jnp.inf, -1e30, -1.0, 1.0, 1e30, jnp.inf])
    assert RocAuc.of(scores, jnp.array([0, 0, 0, 1, 1, 1])).value() == 1.0


def test_the_top_5_accuracy_equals_that_of_scikit_learn():
    labels, found = drawn(500, 20, sharpness=1.0)
    ours = described(labels, found)["top5_accuracy"]
    assert ours["value"] == pytest.approx(top_k_accuracy_score(labels, found, k=5, labels=range(20)))


def shown(capsys, labels, found, classes):
    artifact = table("test split", described(labels, found), classes, {"split": "test"})
    output.write(artifact, Call({}, {}))
    json.dumps(artifact.numbers, allow_nan=False)
    return capsys.readouterr().out, artifact.numbers


def test_the_table_of_two_classes_has_the_area_and_the_scores_per_class(capsys):
    labels, found = drawn(100, 2)
    out, numbers = shown(capsys, labels, found, ["ham", "spam"])
    area = next(line for line in out.splitlines() if line.startswith("ROC AUC"))
    assert f"{numbers['roc_auc']['value']:.4f}" in area
    assert "positive class: spam" in area
    assert all(word in out for word in ("precision", "recall", "F1", "support", "macro", "weighted"))
    row = numbers["classification_report"]["per_class"][1]
    assert next(line for line in out.splitlines() if line.startswith("spam")).split()[1:6:2] == [
        f"{100 * row[name]:.2f}" for name in ("precision", "recall", "f1-score")
    ]


def test_the_table_of_many_classes_lists_the_ten_with_the_lowest_f1(capsys):
    labels, found = drawn(2_000, 24)
    out, numbers = shown(capsys, labels, found, _NAMES)
    rows = sorted(numbers["classification_report"]["per_class"], key=lambda row: row["f1-score"])
    listed = [row["class"] for row in rows if any(line.startswith(row["class"] + " ") for line in out.splitlines())]
    assert listed == [row["class"] for row in rows[:10]]
    assert "the 10 of 24 classes with the lowest F1" in out
    assert "macro" in out


def test_the_table_notes_classes_without_a_score(capsys):
    labels, found = np.zeros(10, np.int32), np.log(np.tile([[0.6, 0.3, 0.1]], (10, 1))).astype(np.float32)
    labels[0] = 1
    out, _ = shown(capsys, labels, found, ["a", "b", "c"])
    assert "1 class never predicted: no precision, counted as 0 in the averages" in out
    assert "1 class neither in this split nor predicted: excluded from the averages" in out
    assert next(line for line in out.splitlines() if line.startswith("b ")).split()[1] == "–"


def test_the_table_fits_a_terminal_of_80_columns(capsys, monkeypatch):
    monkeypatch.setattr("dlcli.cli.console._PIPE_WIDTH", 80)
    labels, found = drawn(500, 10)
    out, _ = shown(capsys, labels, found, _NAMES[:10])
    assert max(map(len, out.splitlines())) <= 80
