import jax.numpy as jnp
import numpy as np
from sklearn.metrics import confusion_matrix

from dlcli.metrics.confusion import Confusion


def test_the_counts_equal_those_of_scikit_learn():
    labels, predictions = np.random.default_rng(0).integers(0, 4, [2, 40])
    counts = Confusion.of(jnp.asarray(labels), jnp.asarray(predictions), 4).describe()["counts"]
    assert counts == confusion_matrix(labels, predictions, labels=range(4)).tolist()


def test_the_recall_of_a_class_without_examples_is_none():
    described = Confusion.of(jnp.array([0, 0, 1, 1]), jnp.array([0, 1, 1, 1]), 3).describe()
    assert described["recall"] == [0.5, 1.0, None]
    assert described["support"] == [2, 2, 0]
