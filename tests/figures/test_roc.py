import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from dlcli.figures import roc
from dlcli.figures.options.images import Roc
from tests.reading import draw


def test_the_curve_is_that_of_scikit_learn():
    random = np.random.default_rng(0)
    labels, scores = random.integers(2, size=200), random.integers(20, size=200)
    counts = np.stack([np.bincount(scores[labels == label], minlength=20) for label in (0, 1)])
    false, true = roc.curve(counts)
    expected_false, expected_true, _ = roc_curve(labels, scores, drop_intermediate=False)
    np.testing.assert_allclose(false, expected_false)
    np.testing.assert_allclose(true, expected_true)
    assert np.trapezoid(true, false) == pytest.approx(roc_auc_score(labels, scores))


def test_two_classes_have_one_curve_and_more_have_one_each(mlp_run, cnn_run):
    two, ten = (draw(Roc(run=str(run))).numbers for run in (mlp_run, cnn_run))
    assert list(two["auc"]) == ["1"]
    assert len(ten["auc"]) == 10
    assert len(ten["curves"]) == 8


def test_the_area_under_each_curve_is_its_auc(cnn_run):
    found = draw(Roc(run=str(cnn_run))).numbers
    for name, curve in found["curves"].items():
        area = np.trapezoid(curve["true_positive_rate"], curve["false_positive_rate"])
        assert area == pytest.approx(found["auc"][name], abs=0.01)
